"""Bounds of a post's way and a community's wishes: when Peoria replies, how often it tries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.app import App
from bot.communities import change_community
from bot.community_settings import SettingRefused
from bot.core import Core
from bot.notices import NoticeKind, Notices, add_notice, waiting_notices
from bot.posts.ingest import is_silent
from bot.posts.reply_policy import reason_to_skip
from bot.posts.retry import wait_after
from bot.runtime.download import ImageAbsent
from bot.serving.forecast import Card
from storage.engine.database import Database
from storage.queries.posts import load_post, replies_since
from storage.tables import Author, Community, Post, Reply
from storage.types import PlatformName, PostState, ReplyMode, ReplySkip, ReplyState
from tests.boundaries.labels import store
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, incoming
from tests.fixtures import images
from tests.fixtures.rows import MOMENT, row

DAY = 24 * 3600
TICK = timedelta(microseconds=1)


# What a community may wish


@pytest.mark.parametrize(
    ("settings", "accepted"),
    [
        ({"horizon_seconds": 599}, False),
        ({"horizon_seconds": 600}, True),
        ({"horizon_seconds": 30 * DAY}, True),
        ({"horizon_seconds": 30 * DAY + 1}, False),
        ({"low_up_to": 4, "medium_up_to": 5}, True),
        ({"low_up_to": 5, "medium_up_to": 5}, False),
        ({"low_up_to": 6, "medium_up_to": 5}, False),
        ({"min_percentile": -0.001}, False),
        ({"min_percentile": 0.0}, True),
        ({"min_percentile": 1.0}, True),
        ({"min_percentile": 1.001}, False),
        ({"replies_per_minute": 0}, False),
        ({"replies_per_minute": 1}, True),
        ({"replies_per_minute": 60}, True),
        ({"replies_per_minute": 61}, False),
        ({"guess_seconds": 59}, False),
        ({"guess_seconds": 60}, True),
        ({"guess_seconds": 30 * DAY}, True),
        ({"guess_seconds": 30 * DAY + 1}, False),
        ({"guess_score": 0}, False),
        ({"guess_score": 1}, True),
        ({"quiet_from": -1, "quiet_until": 60}, False),
        ({"quiet_from": 0, "quiet_until": 1439}, True),
        ({"quiet_from": 0, "quiet_until": 1440}, False),
        ({"quiet_from": 1440, "quiet_until": 0}, False),
        ({"quiet_from": 60}, False),
        ({"quiet_until": 60}, False),
    ],
)
async def test_what_a_setting_may_be(
    database: Database, settings: dict[str, Any], accepted: bool
) -> None:
    await store(database, row(Community))
    if accepted:
        changed = await change_community(database, 1, **settings)
        assert {name: getattr(changed, name) for name in settings} == settings
    else:
        with pytest.raises(SettingRefused):
            await change_community(database, 1, **settings)


@pytest.mark.parametrize(("early", "moved"), [(-1, False), (0, False), (1, True)])
async def test_a_shorter_horizon_brings_forward_what_would_be_too_late(
    database: Database, early: int, moved: bool
) -> None:
    horizon = MOMENT + timedelta(seconds=3600)
    due = horizon + TICK * early
    waiting = {"state": PostState.AWAITING_SCORE, "predicted_at": MOMENT, "due_at": due}
    await store(database, row(Community), row(Author), row(Post, **waiting))
    await change_community(database, 1, horizon_seconds=3600)
    async with database.read() as session:
        post = await session.get_one(Post, 1)
    assert post.due_at == (horizon if moved else due)


# Whether anything is said


def skip(
    *, beats: float = 0.5, hour: str = "12:00:00", said: int = 0, **wishes: Any
) -> ReplySkip | None:
    community = Community(**{"reply_mode": ReplyMode.REPLY, "time_zone": "UTC"} | wishes)
    card = Card(
        bins=(0.1,) * 10, p_low=0.3, p_medium=0.3, p_high=0.4, percentile=(0.1, 0.5, 0.9),
        beats=beats, score=None, quantiles="none", model_version="v",
    )  # fmt: skip
    now = datetime.fromisoformat(f"2026-11-21T{hour}").replace(tzinfo=UTC)
    return reason_to_skip(community, card, now=now, said_lately=said)


@pytest.mark.parametrize(("beats", "silent"), [(0.699, True), (0.7, False), (0.701, False)])
def test_a_post_is_answered_that_beats_exactly_the_least(beats: float, silent: bool) -> None:
    assert skip(beats=beats, min_percentile=0.7) is (ReplySkip.LOW_FORECAST if silent else None)


@pytest.mark.parametrize(("said", "silent"), [(4, False), (5, True), (6, True)])
def test_so_many_replies_a_minute_and_no_more(said: int, silent: bool) -> None:
    found = skip(said=said, replies_per_minute=5)
    assert found is (ReplySkip.RATE_LIMIT if silent else None)
    assert skip(said=said, replies_per_minute=None) is None


@pytest.mark.parametrize(
    ("hour", "silent"),
    [("22:59:59", False), ("23:00:00", True), ("06:59:59", True), ("07:00:00", False)],
)
def test_quiet_hours_hold_their_beginning_and_not_their_end(hour: str, silent: bool) -> None:
    found = skip(hour=hour, quiet_from=23 * 60, quiet_until=7 * 60)
    assert found is (ReplySkip.QUIET_HOURS if silent else None)


@pytest.mark.parametrize("hour", ["00:00:00", "07:00:00", "23:59:59"])
def test_quiet_hours_that_end_where_they_begin_are_none(hour: str) -> None:
    assert skip(hour=hour, quiet_from=7 * 60, quiet_until=7 * 60) is None


@pytest.mark.parametrize(
    ("wishes"), [{"quiet_from": 0, "quiet_until": None}, {"quiet_from": None, "quiet_until": 1439}]
)
def test_half_of_the_quiet_hours_is_none(wishes: dict[str, Any]) -> None:
    assert skip(**wishes) is None


def test_the_first_reason_in_the_stated_order_is_given() -> None:
    """Each reason hides those after it: a silent community is not told of its quiet hours."""
    reasons: dict[ReplySkip, dict[str, Any]] = {
        ReplySkip.SILENT_MODE: {"reply_mode": ReplyMode.SILENT},
        ReplySkip.PAUSED: {"paused_at": MOMENT},
        ReplySkip.LOW_FORECAST: {"min_percentile": 0.9},
        ReplySkip.QUIET_HOURS: {"quiet_from": 0, "quiet_until": 1439},
        ReplySkip.RATE_LIMIT: {"replies_per_minute": 1},
    }
    wishes: dict[str, Any] = {}
    for reason, wish in reversed(reasons.items()):
        wishes |= wish
        assert skip(said=1, **wishes) is reason


@pytest.mark.parametrize(("ago", "counts"), [(59.9, True), (60, True), (60.1, False)])
@pytest.mark.parametrize("state", [ReplyState.PENDING, ReplyState.SENT])
async def test_a_reply_counts_for_a_minute(
    database: Database, ago: float, counts: bool, state: ReplyState
) -> None:
    sent = {"source_id": "r"} if state is ReplyState.SENT else {}
    said = row(Reply, recorded_at=MOMENT - timedelta(seconds=ago), state=state, **sent)
    await store(database, row(Community), row(Author), row(Post), said)
    async with database.read() as session:
        found = await session.run_sync(replies_since, [1], MOMENT - timedelta(minutes=1))
    assert found == ({1: 1} if counts else {})


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_silent_share_is_the_share_that_was_set(share: float) -> None:
    silent = sum(is_silent(PlatformName.REDDIT, f"p{each}", share) for each in range(4000))
    assert silent / 4000 == pytest.approx(share, abs=0.02 if 0 < share < 1 else 0)


# Until when people may guess


@pytest.mark.parametrize(
    ("horizon", "closes"), [(600, 600), (3599, 3599), (3600, 3600), (3601, 3600), (DAY, 3600)]
)
async def test_guessing_closes_after_its_time_or_at_the_horizon(
    app: App, clock: FakeClock, horizon: int, closes: int
) -> None:
    await store(app.core.database, row(Community, horizon_seconds=horizon, guess_seconds=3600))
    post = incoming("one", images.encode(images.photo(), "PNG"), posted_at=clock())
    post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
    async with app.core.database.read() as session:
        stored = await session.get_one(Post, post_id)
    assert stored.guessing_closed_at == clock() + timedelta(seconds=closes)


# How often a step is tried


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 15), (1, 30), (2, 60), (7, 1920), (8, 3840), (9, 3840), (99, 3840)]
)
def test_waits_double_from_a_quarter_of_a_minute_to_an_hour(tries: int, seconds: int) -> None:
    assert wait_after(tries) == timedelta(seconds=seconds)


class _NoImage:
    tries = 0

    async def fetch(self, url: str) -> bytes:
        self.tries += 1
        raise ImageAbsent("nothing there")


@pytest.mark.parametrize(("tries", "given_up"), [(7, False), (8, True)])
async def test_an_image_that_is_not_there_is_given_up_at_the_eighth_try(
    app: App, clock: FakeClock, tries: int, given_up: bool
) -> None:
    downloads = app.pipeline._predictor._finder._downloader = _NoImage()  # type: ignore[assignment]
    post = incoming("one", "https://a.example/", posted_at=clock())
    post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
    assert post_id is not None
    for _ in range(tries):
        await app.pipeline.advance(post_id)
    assert downloads.tries == tries
    async with app.core.database.read() as session:
        stored = await session.run_sync(load_post, post_id)
    assert stored is not None
    assert (stored.state is PostState.REFUSED) is given_up
    assert (stored.due_at is None) is given_up


# What admins are told


@pytest.mark.parametrize(("late", "waits"), [(-1, True), (0, True), (1, False)])
async def test_a_notice_is_news_for_three_days(
    core: Core, platform: FakePlatform, clock: FakeClock, late: int, waits: bool
) -> None:
    async with core.database.write() as session:
        add_notice(session, NoticeKind.TRAINING, "News.", now=clock())
    clock.now += timedelta(days=3) + TICK * late
    platform.away = True
    await Notices(core.database, {PlatformName.REDDIT: platform}, clock=clock).deliver()
    async with core.database.read() as session:
        assert bool(await waiting_notices(session)) is waits


@pytest.mark.parametrize(("made", "read"), [(199, 199), (200, 200), (201, 200)])
async def test_two_hundred_notices_are_handed_over_at_once(
    core: Core, clock: FakeClock, made: int, read: int
) -> None:
    async with core.database.write() as session:
        for _ in range(made):
            add_notice(session, NoticeKind.TRAINING, "News.", now=clock())
    async with core.database.read() as session:
        assert len(await waiting_notices(session)) == read
