"""Reading labelled posts from the database, a block at a time."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from storage.database import Database
from storage.tables import Community, Embedding, Image, Label, Post, PostImage
from storage.types import Bucket, Platform, PostOrigin, PostState
from trainer import dataset
from trainer.dataset import DIM, RIVAL, read_labelled

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
    monkeypatch.setattr(dataset, "BLOCK", 3)
    async with database.write() as session:
        session.add(
            Community(
                id=50, platform=Platform.REDDIT, source_id="memes", name="r/memes",
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
                    id=number, community_id=50, platform=Platform.REDDIT, source_id=f"t3_{number}",
                    origin=PostOrigin.IMPORTED, title="word " * number, posted_at=posted_at,
                    seen_at=posted_at, state=PostState.LABELLED, silent=False,
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
    assert not posts.dropped


async def test_a_rival_backbone_sees_the_same_posts(labelled: Database) -> None:
    posts = await read_labelled(labelled.url, OURS, rival=THEIRS)
    assert posts.score.tolist() == [1, 2, 3, 5, 6, 7]
    np.testing.assert_array_equal(posts.groups[RIVAL], -posts.groups["embedding"])
    assert posts.dropped == {"no embedding from both backbones": 1}


async def test_wide_groups_are_mapped_not_held(labelled: Database) -> None:
    posts = await read_labelled(labelled.url, OURS)
    assert all(isinstance(values, np.memmap) for values in posts.groups.values())


async def test_nothing_labelled_is_no_rows(database: Database) -> None:
    posts = await read_labelled(database.url, OURS)
    assert len(posts) == 0
    assert posts.groups["embedding"].shape == (0, DIM)
