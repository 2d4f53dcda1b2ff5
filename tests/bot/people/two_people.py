"""Ann and Bob, and everything that can be stored about a person."""

from typing import Any

from sqlalchemy import select

from storage.engine.database import Database
from storage.tables import (
    Author,
    Base,
    Community,
    Guess,
    Image,
    ImagelessPost,
    Label,
    Peek,
    Post,
    PostImage,
    Reply,
    Standing,
    Vote,
)
from storage.types import Bucket, ForecasterKind, PostState, ReplyState
from tests.fixtures.rows import LATER, MOMENT, row

ANN, BOB = "a" * 64, "b" * 64


async def fill(database: Database) -> None:
    """Ann posted two images (one of them Bob posted, too); both guessed, voted and have places."""
    rows: list[Any] = [
        row(Community),
        row(Author, id=1, hash=ANN),
        row(Author, id=2, hash=BOB),
        row(Image, id=1, sha256="1" * 64, text="hers"),
        row(Image, id=2, sha256="2" * 64, text="of both"),
        row(
            Post, id=1, source_id="p1", author_id=1, title="Ann's", link="https://x.test/1",
            state=PostState.SETTLING, predicted_at=MOMENT, due_at=None,
        ),
        row(
            Post, id=2, source_id="p2", author_id=1, title="Ann's, too", link="https://x.test/2",
            state=PostState.AWAITING_SCORE, predicted_at=MOMENT, due_at=LATER,
        ),
        row(
            Post, id=3, source_id="p3", author_id=2, title="Bob's", link="https://x.test/3",
            state=PostState.SETTLING, predicted_at=MOMENT, due_at=None,
        ),
        row(Post, id=4, source_id="p4", author_id=2, title="Bob's, waiting"),
        row(ImagelessPost, id=1, source_id="i1", author_id=1, due_at=None, score=7.0),
        row(ImagelessPost, id=2, source_id="i2", author_id=1),
        row(ImagelessPost, id=3, source_id="i3", author_id=2),
        row(PostImage, post_id=1, position=0, image_id=1),
        row(PostImage, post_id=2, position=0, image_id=2),
        row(PostImage, post_id=3, position=0, image_id=2),
        row(Label, post_id=1),
        row(Label, post_id=3),
        row(Reply, post_id=2, state=ReplyState.SENT, source_id="r2"),
    ]  # fmt: skip
    for author in (1, 2):
        rows += [
            Guess(
                post_id=3 if author == 1 else 1, author_id=author, bucket=Bucket.LOW,
                guessed_at=MOMENT, blind=True, points=2.0,
            ),
            Guess(
                post_id=4 if author == 1 else 2, author_id=author, bucket=Bucket.LOW,
                guessed_at=MOMENT, blind=True,
            ),
            Vote(post_id=3 if author == 1 else 1, author_id=author, value=1, voted_at=MOMENT),
            Peek(post_id=3 if author == 1 else 1, author_id=author, peeked_at=MOMENT),
            Standing(
                season="all", community_id=0, kind=ForecasterKind.PERSON, forecaster_id=author,
                n=1, hits=1, expected_hits=0.3, points=2.0, points_squared=4.0, streak=1,
                best_streak=1, updated_at=LATER,
            ),
        ]  # fmt: skip
    async with database.write() as session:
        for each in rows:
            session.add(each)
            await session.flush()


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, as text, by table."""
    async with database.read() as session:
        return {
            table.name: sorted(
                (tuple(map(str, each)) for each in await session.execute(select(table))),
            )
            for table in Base.metadata.sorted_tables
        }
