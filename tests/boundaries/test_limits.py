"""Bounds of what is accepted: sizes of images, rates, lengths, and when a guess is too late."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from bot.league.guesses import GuessRefused, place_guess
from bot.operations.image_cleanup import ImageCleanup
from bot.runtime.sliding_window import SlidingWindow
from bot.serving.duplicates import find_duplicate
from models.decoding import MAX_BYTES, DecodeLimits, ImageRefused, decode
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import Author, Community, Image, Post, PostImage
from storage.types import Bucket, PlatformName, PostState
from tests.boundaries.labels import store
from tests.fakes.clock import FakeClock
from tests.fixtures import images
from tests.fixtures.rows import MOMENT, row

TICK = timedelta(microseconds=1)

# When a guess is too late


@pytest.mark.parametrize(
    ("closes", "horizon", "later", "taken"),
    [
        (600, 7200, -1, True),
        (600, 7200, 0, False),
        (600, 7200, 1, False),
        # The horizon was shortened after the close was set.
        (600, 300, -1, True),
        (600, 300, 0, False),
        (600, 300, 1, False),
    ],
)
async def test_a_guess_is_taken_before_guessing_closes_and_before_the_horizon(
    database: Database, closes: int, horizon: int, later: int, taken: bool
) -> None:
    closed_at = MOMENT + timedelta(seconds=closes)
    await store(
        database,
        row(Community, horizon_seconds=horizon),
        row(Author),
        row(Post, guessing_closed_at=closed_at),
    )

    async def guess() -> None:
        now = MOMENT + timedelta(seconds=min(closes, horizon)) + TICK * later
        await place_guess(
            database, post_id=1, platform=PlatformName.REDDIT, person="d" * 64,
            bucket=Bucket.LOW, blind=True, now=now,
        )  # fmt: skip

    if taken:
        await guess()
    else:
        with pytest.raises(GuessRefused, match="closed"):
            await guess()


# Rates


@pytest.mark.parametrize(("events", "room"), [(2, True), (3, False), (4, False)])
def test_so_many_events_fit_into_a_window(clock: FakeClock, events: int, room: bool) -> None:
    window = SlidingWindow[str](clock, most=3, within=timedelta(minutes=1))
    for _ in range(events):
        window.add("ann")
    assert (window.wait("ann") == timedelta()) is room
    assert window.wait("bob") == timedelta()


@pytest.mark.parametrize(("passed", "wait"), [(0, 60.0), (59.9, 0.1), (60, 0.0), (60.1, 0.0)])
def test_an_event_leaves_the_window_at_its_end(
    clock: FakeClock, passed: float, wait: float
) -> None:
    window = SlidingWindow[str](clock, most=1, within=timedelta(minutes=1))
    window.add("ann")
    clock.forward(passed)
    assert window.wait("ann").total_seconds() == pytest.approx(wait)
    assert len(window) == int(wait > 0)


# Images


def refused(data: bytes, limits: DecodeLimits) -> str | None:
    try:
        decode(data, limits=limits)
    except ImageRefused as error:
        return error.reason
    return None


@pytest.mark.parametrize(("more", "reason"), [(-1, "too_large"), (0, None), (1, None)])
def test_a_file_may_have_as_many_bytes_as_are_allowed(more: int, reason: str | None) -> None:
    data = images.encode(images.photo(), "PNG")
    assert refused(data, DecodeLimits(max_bytes=len(data) + more)) == reason


@pytest.mark.parametrize(("more", "reason"), [(-1, "too_many_pixels"), (0, None), (1, None)])
def test_a_picture_may_have_as_many_pixels_as_are_allowed(more: int, reason: str | None) -> None:
    picture = images.photo(97, 61)
    data = images.encode(picture, "PNG")
    assert refused(data, DecodeLimits(max_pixels=97 * 61 + more)) == reason


@pytest.mark.parametrize(
    ("bytes_", "reason"), [(20 * 2**20, "other"), (20 * 2**20 + 1, "too_large")]
)
def test_twenty_megabytes_are_the_most(bytes_: int, reason: str) -> None:
    """Nothing that long is a picture; the longer one is not even looked at."""
    found = refused(b"\0" * bytes_, DecodeLimits())
    assert (found == "too_large") is (reason == "too_large")
    assert MAX_BYTES == 20 * 2**20


@pytest.mark.parametrize(("bits", "found"), [(0, True), (3, True), (4, True), (5, False)])
async def test_a_picture_was_posted_before_if_four_bits_differ_at_most(
    database: Database, bits: int, found: bool
) -> None:
    await store(
        database, row(Community), row(Author), row(Image), row(Post), row(PostImage, image_id=1)
    )
    # One bit in each piece of the hash, as far as they go.
    differs = sum(1 << 13 * each for each in range(bits))
    async with database.read() as session:
        seen = await session.run_sync(
            find_duplicate, community_id=1, phash=f"{differs:016x}", before=MOMENT + TICK
        )
    assert (seen is not None) is found


@pytest.mark.parametrize(("later", "found"), [(0, False), (1, True)])
async def test_only_what_was_posted_earlier_was_posted_before(
    database: Database, later: int, found: bool
) -> None:
    await store(
        database, row(Community), row(Author), row(Image), row(Post), row(PostImage, image_id=1)
    )
    async with database.read() as session:
        seen = await session.run_sync(
            find_duplicate, community_id=1, phash="0" * 16, before=MOMENT + TICK * later
        )
    assert (seen is not None) is found


async def test_what_was_withdrawn_was_never_posted(database: Database) -> None:
    withdrawn = row(Post, state=PostState.WITHDRAWN, due_at=None)
    await store(
        database, row(Community), row(Author), row(Image), withdrawn,
        row(PostImage, image_id=1),
    )  # fmt: skip
    async with database.read() as session:
        assert not await session.run_sync(
            find_duplicate, community_id=1, phash="0" * 16, before=MOMENT + TICK
        )


@pytest.mark.parametrize(("seconds", "kept"), [(-60, True), (60, False)])
async def test_a_file_that_nothing_points_at_is_kept_for_a_day(
    database: Database, tmp_path: Path, clock: FakeClock, seconds: int, kept: bool
) -> None:
    image_store = ImageStore(tmp_path / "images")
    path = image_store.path(image_store.put(b"left over"))
    written = clock() - timedelta(days=1, seconds=seconds)
    os.utime(path, (written.timestamp(), written.timestamp()))
    await ImageCleanup(database, image_store, keep_days=30, clock=clock).sweep()
    assert path.exists() is kept
