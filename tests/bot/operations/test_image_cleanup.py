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
from storage.objects.image_place import ImagePlace
from storage.tables import Community, Image, Post, PostImage
from storage.types import PlatformName, PostOrigin, PostState
from tests.fakes.object_store import FakeObjectStore

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


async def test_in_an_object_store_the_same_go_and_what_it_lost_comes_back(
    database: Database, object_store: FakeObjectStore, tmp_path: Path
) -> None:
    remote = ImagePlace(tmp_path / "cache", "s3://pictures").open()
    names = {kind: remote.put(kind.encode()) for kind in ("kept", "expired", "nobodys", "erased")}
    object_store.put("images/ho/holiday.jpg", b"somebody's")
    now = datetime.now(UTC)
    async with database.write() as session:
        session.add(image(names["kept"], age=NOW - now + timedelta(days=2)))
        session.add(image(names["expired"], age=NOW - now + timedelta(days=40)))
        erased = image(names["erased"], age=timedelta())
        erased.dropped_at = now
        session.add(erased)
    for gone in ("kept", "erased"):
        object_store.lose(f"images/{names[gone][:2]}/{names[gone]}")

    def sweep(after: timedelta) -> ImageCleanup:
        return ImageCleanup(database, remote, keep_days=30, clock=lambda: now + after)

    assert await sweep(timedelta(hours=2)).sweep() == 0
    assert names["kept"] in "".join(object_store.objects())
    assert names["erased"] not in "".join(object_store.objects())
    assert await sweep(timedelta(days=1, hours=1)).sweep() == 2
    assert sorted(object_store.objects().values()) == [b"kept", b"somebody's"]
    remote.close()
