"""Reading labelled posts from the database, a block at a time."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import make_url, select, text, update

from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Community, Embedding, Image, Label, Post, PostImage, QuarantinedImage
from storage.types import Bucket, PlatformName, PostOrigin, PostState
from trainer.backbone.finetune_pictures import LEARNED, read_pictures
from trainer.data import assemble, dataset
from trainer.data.attribute_columns import columns_of
from trainer.data.dataset import read_labelled
from trainer.data.labelled_posts import DIM, SERVING_EMBEDDING

START = datetime(2026, 1, 1, tzinfo=UTC)
OURS, THEIRS = "a" * 64, "b" * 64
POSTS = 7

#: The image of this post was never seen by the other backbone.
UNSEEN = 4


def vector(number: int, backbone: str) -> np.ndarray:
    return np.full(DIM, number if backbone == OURS else -number, np.float16)


@pytest.fixture
async def labelled(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Seven labelled posts, embedded by two backbones, and blocks of three."""
    for module in (assemble, dataset):
        monkeypatch.setattr(module, "BLOCK", 3)
    async with database.write() as session:
        session.add(
            Community(
                id=50, platform=PlatformName.REDDIT, source_id="memes", name="r/memes",
                created_at=START, low_up_to=2, medium_up_to=4,
            )
        )  # fmt: skip
        for number in range(1, POSTS + 1):
            posted_at = START + timedelta(hours=number)
            session.add(
                Image(
                    id=number, sha256=f"{number:064x}", format="PNG", bytes=1000, width=300,
                    height=200, phash=f"{number:016x}", stored_at=posted_at,
                )
            )  # fmt: skip
            session.add(
                Post(
                    id=number, community_id=50, platform=PlatformName.REDDIT,
                    source_id=f"t3_{number}", origin=PostOrigin.IMPORTED, title="word " * number,
                    posted_at=posted_at, seen_at=posted_at, state=PostState.LABELLED, silent=False,
                )
            )  # fmt: skip
        await session.flush()
        for number in range(1, POSTS + 1):
            session.add(PostImage(post_id=number, position=0, source="x", image_id=number))
            session.add(
                Label(
                    post_id=number, community_id=50, score=float(number), percentile_low=0.1,
                    percentile_high=0.2, bucket=Bucket.LOW,
                    matured_at=START + timedelta(hours=number + 24), written_at=START,
                )
            )  # fmt: skip
            for backbone in (OURS, THEIRS):
                if backbone == OURS or number != UNSEEN:
                    values = vector(number, backbone).astype("<f2").tobytes()
                    session.add(Embedding(image_id=number, backbone=backbone, vector=values))
    return database


async def test_every_post_comes_with_its_own_embedding(labelled: Database) -> None:
    posts = await read_labelled(labelled.url, OURS)
    assert posts.score.tolist() == [1, 2, 3, 4, 5, 6, 7]
    np.testing.assert_array_equal(
        posts.groups["embedding"], [vector(number, OURS) for number in range(1, POSTS + 1)]
    )
    assert set(posts.groups) == {"embedding", "title", "text", "metadata"}
    assert len(posts.groups["metadata"]) == POSTS
    assert posts.rules[50].low_up_to == 2
    assert posts.names[50] == "r/memes"
    assert not posts.dropped


async def test_the_backbone_that_serves_embeds_the_same_posts(labelled: Database) -> None:
    posts = await read_labelled(labelled.url, OURS, serving_backbone=THEIRS)
    assert posts.score.tolist() == [1, 2, 3, 5, 6, 7]
    np.testing.assert_array_equal(posts.groups[SERVING_EMBEDDING], -posts.groups["embedding"])
    assert posts.dropped == {"no embedding from both backbones": 1}


async def test_posts_come_with_what_was_read_off_their_pictures(labelled: Database) -> None:
    looks = {"colourfulness": 1.0, "sharpness": 2.0, "brightness": 0.5, "text_share": None}
    read = {"genre": None, "faces": [], "look": looks}
    layout = {"share": 0.25, "top": 0.5, "bottom": 0.25, "lines": 3}
    async with labelled.write() as session:
        await session.execute(update(Image).values(attributes=read, text_layout=layout))
        # As a damaged file may have it, and as nobody looked.
        await session.execute(update(Image).where(Image.id == 2).values(attributes={"look": 7}))
        await session.execute(update(Image).where(Image.id == 3).values(attributes=None))

    posts = await read_labelled(labelled.url, OURS)

    assert posts.score.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert posts.attributes[3, columns_of("text")].tolist() == [0.25, 0.5, 0.25, 3]
    assert posts.attributes[3, columns_of("look")].tolist() == [1, 2, 0.5, 1, 4, 0.25]
    assert posts.attributes[3, columns_of("faces and expressions")].tolist() == [0] * 9
    assert np.isnan(posts.attributes[3, columns_of("genre")]).all()
    assert np.isnan(posts.attributes[1:3]).all()


async def test_wide_groups_are_mapped_not_held(labelled: Database) -> None:
    posts = await read_labelled(labelled.url, OURS)
    assert all(isinstance(values, np.memmap) for values in posts.groups.values())


BROKEN = [
    ("UPDATE labels SET score = 'x' WHERE post_id = 2", "score not a number"),
    ("UPDATE labels SET score = 9e999 WHERE post_id = 2", "score not a number"),
    ("UPDATE labels SET percentile_high = 7 WHERE post_id = 2", "impossible percentile"),
    ("UPDATE labels SET percentile_low = 0.3 WHERE post_id = 2", "impossible percentile"),
    ("UPDATE labels SET percentile_low = 'x' WHERE post_id = 2", "impossible percentile"),
    ("DELETE FROM embeddings WHERE image_id = 2", "no embedding from this backbone"),
    ("UPDATE embeddings SET vector = x'00' WHERE image_id = 2", "embedding of the wrong length"),
    ("UPDATE embeddings SET vector = x'' WHERE image_id = 2", "embedding of the wrong length"),
    ("UPDATE embeddings SET vector = zeroblob(2562) WHERE image_id = 2",
     "embedding of the wrong length"),
    ("UPDATE posts SET title = CAST(x'41ff' AS TEXT) WHERE id = 2", "text that is not UTF-8"),
    ("UPDATE images SET text = CAST(x'ff' AS TEXT) WHERE id = 2", "text that is not UTF-8"),
    ("UPDATE images SET phash = 'none' WHERE id = 2", "impossible image hash"),
]  # fmt: skip


@pytest.mark.sqlite
@pytest.mark.parametrize(("damage", "reason"), BROKEN)
async def test_a_row_that_is_corrupt_is_left_out_and_counted(
    labelled: Database, damage: str, reason: str
) -> None:
    """SQLite takes any value for any column, and a damaged file keeps to no rule."""
    with closing(sqlite3.connect(str(make_url(labelled.url).database))) as plain, plain:
        plain.execute("PRAGMA ignore_check_constraints = 1")
        plain.execute(damage)
    posts = await read_labelled(labelled.url, OURS)
    assert posts.dropped == {reason: 1}
    assert posts.score.tolist() == [1, 3, 4, 5, 6, 7]
    assert all(np.isfinite(values).all() for values in posts.groups.values())


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("damage", "reason"), [each for each in BROKEN if "embedding" not in each[1]]
)
async def test_fine_tuning_leaves_out_and_counts_the_same_rows(
    labelled: Database, tmp_path: Path, damage: str, reason: str
) -> None:
    with closing(sqlite3.connect(str(make_url(labelled.url).database))) as plain, plain:
        plain.execute("PRAGMA ignore_check_constraints = 1")
        plain.execute(damage)
    pictures, dropped = await read_pictures(labelled.url, ImageStore(tmp_path))
    assert dropped == {reason: 1}
    assert len(pictures) == round(LEARNED * (POSTS - 1))
    assert all(each.target.sum() == pytest.approx(1) for each in pictures)


async def test_what_teaches_nobody_else_is_not_fine_tuned_on(
    labelled: Database, tmp_path: Path
) -> None:
    async with labelled.read() as session:
        (community,) = await session.scalars(select(Community.id))
    store = ImageStore(tmp_path)
    assert (await read_pictures(labelled.url, store, without=[community]))[0] == []
    pictures, _ = await read_pictures(labelled.url, store, without=[community + 1])
    assert len(pictures) == round(LEARNED * POSTS)

    async with labelled.write() as session:
        # Nor is what ends every process that looks at it.
        session.add(QuarantinedImage(image_id=1, work="embed", deaths=2, quarantined_at=START))
    fewer, _ = await read_pictures(labelled.url, store)
    assert len(fewer) == round(LEARNED * (POSTS - 1))
    assert pictures[0].path not in [each.path for each in fewer]


async def test_an_embedding_that_is_not_finite_is_left_out_and_counted(labelled: Database) -> None:
    async with labelled.write() as session:
        found = await session.get_one(Embedding, (2, OURS))
        found.vector = np.full(DIM, np.nan, "<f2").tobytes()
    posts = await read_labelled(labelled.url, OURS)
    assert posts.dropped == {"embedding not finite": 1}
    assert len(posts) == POSTS - 1


@pytest.mark.sqlite
async def test_an_impossible_percentile_is_in_nobodys_record(labelled: Database) -> None:
    sound = await read_labelled(labelled.url, OURS)
    with closing(sqlite3.connect(str(make_url(labelled.url).database))) as plain, plain:
        plain.execute("PRAGMA ignore_check_constraints = 1")
        for post_id, high in ((1, 1e300), (2, -5)):
            plain.execute(
                "UPDATE labels SET percentile_high = ?, matured_at = '2025-12-01 00:00:00.000000'"
                " WHERE post_id = ?", (high, post_id),
            )  # fmt: skip
    posts = await read_labelled(labelled.url, OURS)
    assert posts.dropped == {"impossible percentile": 2}
    np.testing.assert_array_equal(posts.groups["metadata"], sound.groups["metadata"][2:])


@pytest.mark.sqlite
async def test_what_is_not_learned_from_may_be_broken(labelled: Database) -> None:
    async with labelled.write() as session:
        await session.execute(text("UPDATE communities SET options = '{', readings = '['"))
    assert len(await read_labelled(labelled.url, OURS)) == POSTS


async def test_nothing_labelled_is_no_rows(database: Database) -> None:
    posts = await read_labelled(database.url, OURS)
    assert len(posts) == 0
    assert posts.groups["embedding"].shape == (0, DIM)
