"""Which image files go, and which stay."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.operations.image_cleanup import ImageCleanup
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.files.image_store import ImageStore
from storage.tables import Community, Image, Post, PostImage
from storage.types import PlatformName, PostOrigin, PostState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path):
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'peoria.db'}")
    await upgrade(database)
    yield database
    await database.close()


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")


def put(store: ImageStore, data: bytes, *, age: timedelta) -> str:
    sha256 = store.put(data)
    moment = (NOW - age).timestamp()
    os.utime(store.path(sha256), (moment, moment))
    return sha256


def image_cleanup(database: Database, store: ImageStore) -> ImageCleanup:
    return ImageCleanup(database, store, keep_days=30, clock=lambda: NOW)


def image(sha256: str, *, age: timedelta) -> Image:
    return Image(
        sha256=sha256,
        format="PNG",
        bytes=1,
        width=1,
        height=1,
        phash="0" * 16,
        stored_at=NOW - age,
    )


async def test_files_that_nothing_points_at_go_after_a_day(
    database: Database, store: ImageStore
) -> None:
    old = put(store, b"old", age=timedelta(days=2))
    young = put(store, b"young", age=timedelta(hours=2))
    partial = store.path(old).with_name(".partial-abc")
    partial.write_bytes(b"cut short")
    os.utime(partial, (0, 0))

    assert await image_cleanup(database, store).sweep() == 2

    assert not store.path(old).exists()
    assert not partial.exists()
    assert store.path(young).exists()


async def test_files_of_images_stay_for_their_time_only(
    database: Database, store: ImageStore
) -> None:
    kept = put(store, b"kept", age=timedelta(days=29))
    over = put(store, b"over", age=timedelta(days=31))
    async with database.write() as session:
        session.add_all([image(kept, age=timedelta(days=29)), image(over, age=timedelta(days=31))])

    assert await image_cleanup(database, store).sweep() == 1

    assert store.path(kept).exists()
    assert not store.path(over).exists()
    async with database.read() as session:
        dropped = await session.scalars(select(Image.sha256).where(Image.dropped_at.is_not(None)))
        assert list(dropped) == [over]


async def test_a_post_that_was_not_looked_at_yet_keeps_its_upload(
    database: Database, store: ImageStore
) -> None:
    upload = put(store, b"waiting", age=timedelta(days=5))
    async with database.write() as session:
        community = Community(
            platform=PlatformName.WEB, source_id="main", name="Main Street", created_at=NOW
        )
        session.add(community)
        await session.flush()
        session.add(
            Post(
                community_id=community.id,
                platform=PlatformName.WEB,
                source_id="1",
                origin=PostOrigin.LIVE,
                title="",
                posted_at=NOW,
                seen_at=NOW,
                state=PostState.SEEN,
                due_at=NOW,
                silent=False,
                images=[PostImage(position=0, source=f"sha256:{upload}")],
            )
        )

    assert await image_cleanup(database, store).sweep() == 0

    assert store.path(upload).exists()
