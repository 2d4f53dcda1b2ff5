from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.posts.reply_policy import reason_to_skip
from bot.serving.forecast import Card
from storage.tables import Community
from storage.types import ReplyMode, ReplySkip

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def community(**wishes: object) -> Community:
    return Community(**{"reply_mode": ReplyMode.REPLY, "time_zone": "UTC"} | wishes)


def card(beats: float = 0.5) -> Card:
    return Card(
        bins=(0.1,) * 10, p_low=0.3, p_medium=0.3, p_high=0.4, percentile=(0.1, 0.5, 0.9),
        beats=beats, score=None, quantiles="none", model_version="v",
    )  # fmt: skip


def reason(
    wishes: Community, *, beats: float = 0.5, now: datetime = NOON, said: int = 0
) -> ReplySkip | None:
    return reason_to_skip(wishes, card(beats), now=now, said_lately=said)


def test_says_everything_where_nothing_else_is_wished() -> None:
    assert reason_to_skip(community(), card(), now=NOON, said_lately=99) is None


def test_a_reaction_is_a_word_too() -> None:
    assert reason(community(reply_mode=ReplyMode.REACT)) is None


def test_a_silent_community_and_a_paused_one_hear_nothing() -> None:
    assert reason(community(reply_mode=ReplyMode.SILENT)) is ReplySkip.SILENT_MODE
    paused = community(paused_at=NOON, paused_reason="worse than the base rate")
    assert reason(paused) is ReplySkip.PAUSED


@pytest.mark.parametrize(("beats", "silent"), [(0.79, True), (0.8, False), (0.81, False)])
def test_only_what_should_do_well(beats: float, silent: bool) -> None:
    said = reason(community(min_percentile=0.8), beats=beats)
    assert said is (ReplySkip.LOW_FORECAST if silent else None)


def test_no_more_than_so_many_a_minute() -> None:
    assert reason(community(replies_per_minute=2), said=1) is None
    assert reason(community(replies_per_minute=2), said=2) is ReplySkip.RATE_LIMIT


@given(
    begin=st.integers(0, 1439),
    end=st.integers(0, 1439),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland"]),
    offset=st.integers(0, 366 * 24 * 60),
)
def test_quiet_hours_are_those_of_the_communitys_clock(
    begin: int, end: int, zone: str, offset: int
) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=offset)
    wishes = community(quiet_from=begin, quiet_until=end, time_zone=zone)
    wall = now.astimezone(ZoneInfo(zone)).time()
    from_, until = time(*divmod(begin, 60)), time(*divmod(end, 60))
    quiet = from_ <= wall < until if from_ <= until else wall >= from_ or wall < until
    assert reason(wishes, now=now) is (ReplySkip.QUIET_HOURS if quiet else None)
