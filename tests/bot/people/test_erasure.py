"""Opting out, exporting, forgetting: one person's rows go, everybody else's stay as they were."""

import asyncio
import json
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, func, select, text

from bot.app import App
from bot.people.erasure import export_person, forget_person, has_opted_out, opt_in, opt_out
from bot.people.identity import hash_person
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import (
    Author,
    Base,
    Community,
    Guess,
    Image,
    Label,
    Peek,
    Post,
    PostImage,
    Reply,
    Standing,
    Vote,
)
from storage.types import Bucket, ForecasterKind, PlatformName, PostState, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, incoming
from tests.fixtures import images
from tests.fixtures.rows import LATER, MOMENT, row

ANN, BOB = "a" * 64, "b" * 64
PICTURE = images.encode(images.photo(), "PNG")


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


@pytest.fixture
async def filled(database: Database) -> Database:
    await fill(database)
    return database


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


async def test_opting_out_withdraws_what_waits(filled: Database) -> None:
    done = await opt_out(filled, platform=PlatformName.REDDIT, person=ANN, now=LATER)
    assert (done.newly, done.withdrawn) == (True, 1)
    async with filled.read() as session:
        states = dict(list(await session.execute(select(Post.id, Post.state))))
        guesses = list(await session.execute(select(Guess.author_id, Guess.post_id)))
        assert await has_opted_out(session, PlatformName.REDDIT, ANN)
        assert not await has_opted_out(session, PlatformName.REDDIT, BOB)
    assert states == {
        1: PostState.SETTLING, 2: PostState.WITHDRAWN, 3: PostState.SETTLING, 4: PostState.SEEN,
    }  # fmt: skip
    # Her guess that was scored stays scored; the one that waits is gone; Bob's are his.
    assert sorted(guesses) == [(1, 3), (2, 1), (2, 2)]


async def test_opting_out_twice_changes_nothing_more(filled: Database) -> None:
    await opt_out(filled, platform=PlatformName.REDDIT, person=ANN, now=LATER)
    before = await everything(filled)
    again = await opt_out(
        filled, platform=PlatformName.REDDIT, person=ANN, now=LATER + timedelta(days=1)
    )
    assert (again.newly, again.withdrawn) == (False, 0)
    assert await everything(filled) == before


async def test_a_stranger_can_opt_out_and_in(database: Database) -> None:
    assert not await opt_in(database, platform=PlatformName.REDDIT, person=ANN)
    assert (await opt_out(database, platform=PlatformName.REDDIT, person=ANN, now=LATER)).newly
    assert await opt_in(database, platform=PlatformName.REDDIT, person=ANN)
    assert not await opt_in(database, platform=PlatformName.REDDIT, person=ANN)
    async with database.read() as session:
        assert not await has_opted_out(session, PlatformName.REDDIT, ANN)


async def test_opting_out_is_for_one_platform(filled: Database) -> None:
    await opt_out(filled, platform=PlatformName.DISCORD, person=ANN, now=LATER)
    async with filled.read() as session:
        assert not await has_opted_out(session, PlatformName.REDDIT, ANN)


async def test_the_export_holds_everything_of_one_person(filled: Database) -> None:
    exported = await export_person(filled, platform=PlatformName.REDDIT, person=ANN)
    assert exported is not None
    assert json.loads(json.dumps(exported)) == exported
    assert [post["title"] for post in exported["posts"]] == ["Ann's", "Ann's, too"]
    assert exported["posts"][0]["label"] == {
        "score": 5.0, "bucket": "low", "matured_at": LATER.isoformat(),
    }  # fmt: skip
    assert exported["posts"][0]["images"][0]["stored"]["text"] == "hers"
    assert [guess["points"] for guess in exported["guesses"]] == [2.0, None]
    assert [vote["value"] for vote in exported["votes"]] == [1]
    assert [each["community"] for each in exported["standings"]] == ["everywhere"]
    assert BOB not in json.dumps(exported)
    assert "Bob" not in json.dumps(exported)


async def test_there_is_nothing_to_export_of_a_stranger(filled: Database) -> None:
    assert await export_person(filled, platform=PlatformName.REDDIT, person="c" * 64) is None
    assert await export_person(filled, platform=PlatformName.WEB, person=ANN) is None


async def test_forgetting_deletes_and_empties(filled: Database, store: ImageStore) -> None:
    before = await everything(filled)
    rows = await forget_person(
        filled, platform=PlatformName.REDDIT, person=ANN, images=store, now=LATER
    )
    # An image, two guesses, a peek, a vote, a standing, two posts with an image each, the author.
    assert rows == 1 + 2 + 1 + 1 + 1 + 2 + 2 + 1
    async with filled.read() as session:
        posts = {post.id: post for post in await session.scalars(select(Post))}
        stored = {image.id: image for image in await session.scalars(select(Image))}
        assert (await session.scalars(select(Author.hash))).all() == [BOB]
        places = dict(list(await session.execute(select(PostImage.post_id, PostImage.source))))
    for number in (1, 2):
        assert (posts[number].author_id, posts[number].title, posts[number].link) == (
            None, "", None,
        )  # fmt: skip
        assert places[number] == ""
    assert [posts[number].state for number in (1, 2)] == [PostState.SETTLING, PostState.WITHDRAWN]
    assert (stored[1].dropped_at, stored[1].text) == (LATER, "")
    # The image that Bob posted as well is his, too.
    assert (stored[2].dropped_at, stored[2].text) == (None, "of both")
    after = await everything(filled)
    # What others are measured by stays true.
    for table in ("labels", "communities", "model_versions", "snapshots", "predictions"):
        assert after[table] == before[table]


async def test_who_opted_out_stays_opted_out(filled: Database, store: ImageStore) -> None:
    await opt_out(filled, platform=PlatformName.REDDIT, person=ANN, now=LATER)
    await forget_person(filled, platform=PlatformName.REDDIT, person=ANN, images=store, now=LATER)
    async with filled.read() as session:
        assert await has_opted_out(session, PlatformName.REDDIT, ANN)
        assert (await session.scalars(select(Post.id).filter_by(author_id=1))).all() == []
    exported = await export_person(filled, platform=PlatformName.REDDIT, person=ANN)
    assert exported is not None
    assert [exported[each] for each in ("posts", "guesses", "peeks", "votes", "standings")] == [
        []
    ] * 5
    # Opting in first leaves nothing at all.
    await opt_in(filled, platform=PlatformName.REDDIT, person=ANN)
    await forget_person(filled, platform=PlatformName.REDDIT, person=ANN, images=store, now=LATER)
    assert await export_person(filled, platform=PlatformName.REDDIT, person=ANN) is None


async def test_there_is_nothing_to_forget_of_a_stranger(
    filled: Database, store: ImageStore
) -> None:
    before = await everything(filled)
    assert (
        await forget_person(
            filled, platform=PlatformName.REDDIT, person="c" * 64, images=store, now=LATER
        )
        == 0
    )
    assert await everything(filled) == before


async def test_files_and_replies_go_too(app: App, platform: FakePlatform, clock: FakeClock) -> None:
    core = app.core
    person = hash_person(core.people_key, PlatformName.REDDIT, "ann")
    post_id = await app.pipeline.accept(
        PlatformName.REDDIT, incoming("one", PICTURE, posted_at=clock())
    )
    waiting = images.encode(images.photo().rotate(90), "PNG")
    assert await app.pipeline.accept(
        PlatformName.REDDIT, incoming("two", waiting, posted_at=clock())
    )
    assert post_id is not None
    await app.pipeline.advance(post_id)
    assert len(list(core.images.files())) == 2
    await forget_person(
        core.database, platform=PlatformName.REDDIT, person=person, images=core.images, now=clock()
    )
    assert list(core.images.files()) == []
    assert await app.jobs.remove_replies() == 1
    assert platform.replies == []
    # The same item, seen again by a listing that repeats itself, is not a new post.
    again = incoming("one", PICTURE, posted_at=clock())
    assert await app.pipeline.accept(PlatformName.REDDIT, again) == post_id


@st.composite
def worlds(draw: st.DrawFn) -> list[Any]:
    """Some people with some posts, guesses, votes and places, in any states."""
    people, posts = draw(st.integers(1, 3)), draw(st.integers(0, 5))
    persons = st.integers(1, people)
    rows: list[Any] = [row(Community)]
    rows += [row(Author, id=number, hash=f"{number:064x}") for number in range(1, people + 1)]
    rows += [row(Image, id=number, sha256=f"{number:064x}") for number in (1, 2, 3)]
    for number in range(1, posts + 1):
        state = draw(st.sampled_from([each for each in PostState if each != PostState.REFUSED]))
        author = draw(st.none() | persons)
        ended = state in (PostState.SETTLING, PostState.WITHDRAWN)
        rows.append(
            row(
                Post, id=number, source_id=f"p{number}", author_id=author, state=state,
                predicted_at=None if state is PostState.SEEN else MOMENT,
                due_at=None if ended else MOMENT,
            )
        )  # fmt: skip
        image = draw(st.none() | st.integers(1, 3))
        rows.append(row(PostImage, post_id=number, image_id=image))
        if state in (PostState.LABELLED, PostState.SETTLING):
            rows.append(row(Label, post_id=number))
        for who in range(1, people + 1):
            if draw(st.booleans()):
                rows.append(
                    Guess(
                        post_id=number, author_id=who, bucket=Bucket.LOW, guessed_at=MOMENT,
                        blind=draw(st.booleans()), points=draw(st.none() | st.just(-1.0)),
                    )
                )  # fmt: skip
            if draw(st.booleans()):
                rows.append(Vote(post_id=number, author_id=who, value=1, voted_at=MOMENT))
            if draw(st.booleans()):
                rows.append(Peek(post_id=number, author_id=who, peeked_at=MOMENT))
    for who in range(1, people + 1):
        if draw(st.booleans()):
            rows.append(
                Standing(
                    season="all", community_id=draw(st.sampled_from([0, 1])),
                    kind=ForecasterKind.PERSON, forecaster_id=who, n=1, hits=0, expected_hits=0.3,
                    points=-1.0, points_squared=1.0, streak=0, best_streak=0, updated_at=MOMENT,
                )
            )  # fmt: skip
    return rows


def columns_that_name_people() -> list[Column[Any]]:
    """Every column that points at a person, also ones that are added one day."""
    found = [
        column
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if any(key.column is Author.__table__.c.id for key in column.foreign_keys)
    ]
    assert len(found) >= 4
    return [Author.__table__.c.id, *found]


@settings(max_examples=40)
@given(rows=worlds(), data=st.data())
def test_after_forgetting_nothing_refers_to_the_person(
    first_start: Path, rows: list[Any], data: st.DataObject
) -> None:
    number = data.draw(st.sampled_from([each.id for each in rows if isinstance(each, Author)]))
    person = f"{number:064x}"

    async def check(folder: Path) -> None:
        database = Database(f"sqlite+aiosqlite:///{folder / 'peoria.db'}")
        try:
            async with database.write() as session:
                for each in rows:
                    session.add(each)
                    await session.flush()
            before = await everything(database)
            await forget_person(
                database, platform=PlatformName.REDDIT, person=person,
                images=ImageStore(folder / "images"), now=LATER,
            )  # fmt: skip
            after = await everything(database)
            async with database.read() as session:
                assert (await session.execute(text("PRAGMA foreign_key_check"))).all() == []
                for column in columns_that_name_people():
                    left = select(func.count()).where(column == number)
                    assert (await session.scalars(left)).one() == 0, column
                places = select(func.count()).where(Standing.forecaster_id == number)
                assert (await session.scalars(places)).one() == 0
            # The hash itself is nowhere, in whatever column. (Images here share its form.)
            for table_name, lines in after.items():
                if table_name != "images":
                    assert not any(person in line for line in lines)
            # Nobody else's rows changed, and what they are measured by is all there.
            assert after["labels"] == before["labels"]
            for table_name, place in (("guesses", 2), ("votes", 1), ("peeks", 1), ("standings", 3)):
                others = [line for line in before[table_name] if line[place] != str(number)]
                assert after[table_name] == others
            others = [line for line in before["posts"] if line[4] != str(number)]
            assert set(others) <= set(after["posts"])
            assert len(after["posts"]) == len(before["posts"])
        finally:
            await database.close()

    with tempfile.TemporaryDirectory() as scratch:
        asyncio.run(check(Path(shutil.copytree(first_start, Path(scratch) / "data"))))
