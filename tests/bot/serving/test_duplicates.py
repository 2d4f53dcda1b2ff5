"""Near-duplicates among a community's earlier posts."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.serving.duplicates import Duplicate, find_duplicate
from storage.engine.database import Database
from storage.tables import Author, Community, Image, Label, Post, PostImage
from storage.types import Bucket, PostRefusal, PostState
from tests.fixtures.rows import LATER, MOMENT, row

HASH = "8f373c5a9e01d2b4"


def flipped(*bits: int) -> str:
    number = int(HASH, 16)
    for bit in bits:
        number ^= 1 << bit
    return f"{number:016x}"


async def add(database: Database, *posts: tuple[str, dict[str, Any]]) -> None:
    async with database.write() as session:
        session.add_all([row(Community), row(Author)])
        await session.flush()
        for number, (phash, changes) in enumerate(posts, start=1):
            session.add(row(Image, id=number, sha256=f"{number:064x}", phash=phash))
            session.add(row(Post, id=number, source_id=f"p{number}", link=f"l{number}", **changes))
            await session.flush()
            session.add(row(PostImage, post_id=number, image_id=number))


async def ask(database: Database, phash: str = HASH, **changes: Any) -> Duplicate | None:
    asked: dict[str, Any] = {"community_id": 1, "phash": phash, "before": LATER, **changes}
    async with database.read() as session:
        return await session.run_sync(find_duplicate, **asked)


async def test_the_same_image_is_found_with_its_outcome(database: Database) -> None:
    await add(database, (HASH, {}))
    async with database.write() as session:
        session.add(row(Label, score=148.0, bucket=Bucket.HIGH))
    assert await ask(database) == Duplicate(1, MOMENT, "l1", 148.0, Bucket.HIGH)


async def test_the_most_alike_counts_and_of_equals_the_newest(database: Database) -> None:
    newer = {"posted_at": MOMENT + timedelta(minutes=1)}
    await add(database, (HASH, {}), (HASH, newer), (flipped(3), newer))
    found = await ask(database)
    assert found is not None
    assert found.post_id == 2


REFUSED = {"state": PostState.REFUSED, "refusal_code": PostRefusal.NO_IMAGE, "due_at": None}


@pytest.mark.parametrize(
    ("post", "asked"),
    [
        ({"state": PostState.WITHDRAWN, "due_at": None}, {}),
        (REFUSED, {}),
        ({"posted_at": LATER}, {}),
        ({}, {"community_id": 2}),
        ({}, {"without_post": 1}),
    ],
)
async def test_what_does_not_count_is_not_found(
    database: Database, post: dict[str, Any], asked: dict[str, Any]
) -> None:
    await add(database, (HASH, post))
    assert await ask(database, **asked) is None


async def test_alike_is_up_to_four_bits(database: Database) -> None:
    await add(database, (HASH, {}))

    @given(st.sets(st.integers(0, 63), max_size=8))
    def found_if_alike(bits: set[int]) -> None:
        found.append((len(bits), flipped(*bits)))

    found: list[tuple[int, str]] = []
    found_if_alike()
    for distance, phash in found:
        assert (await ask(database, phash) is not None) is (distance <= 4)
