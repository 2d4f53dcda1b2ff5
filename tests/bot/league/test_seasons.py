import re
from datetime import UTC, datetime, timedelta
from zoneinfo import available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.league.seasons import UnknownSeason, read_season, season_bounds, season_of

ZONES = st.sampled_from(sorted(available_timezones()))
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=73_000)).map(
    lambda age: datetime(1900, 2, 1, tzinfo=UTC) + age
)
MONTHS = st.tuples(st.integers(1901, 2099), st.integers(1, 12)).map(
    lambda month: f"{month[0]:04}-{month[1]:02}"
)


def test_a_season_is_a_calendar_month() -> None:
    assert season_of(datetime(2026, 11, 21, tzinfo=UTC), "UTC") == "2026-11"
    assert season_bounds("2026-11", "UTC") == (
        datetime(2026, 11, 1, tzinfo=UTC),
        datetime(2026, 12, 1, tzinfo=UTC),
    )


def test_december_ends_with_the_year() -> None:
    assert season_bounds("2026-12", "UTC")[1] == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "season"),
    [("UTC", "2026-03"), ("America/Chicago", "2026-02"), ("Pacific/Auckland", "2026-03")],
)
def test_the_month_turns_at_local_midnight(zone: str, season: str) -> None:
    assert season_of(datetime(2026, 3, 1, 3, tzinfo=UTC), zone) == season


def test_a_month_with_a_change_of_clocks_is_an_hour_shorter_or_longer() -> None:
    begin, end = season_bounds("2026-03", "Europe/Berlin")
    assert end - begin == timedelta(days=31, hours=-1)
    begin, end = season_bounds("2026-10", "Europe/Berlin")
    assert end - begin == timedelta(days=31, hours=1)


def test_clocks_set_back_across_midnight_do_not_bring_the_old_season_back() -> None:
    """In St John's the clocks went from 0:01 on 1 November 2009 back to 23:01 on 31 October."""
    first_midnight = datetime(2009, 11, 1, 2, 30, tzinfo=UTC)
    for minutes in range(120):
        moment = first_midnight + timedelta(minutes=minutes)
        assert season_of(moment, "America/St_Johns") == "2009-11"
    assert season_of(first_midnight - timedelta(seconds=1), "America/St_Johns") == "2009-10"


@given(MOMENTS, ZONES)
@example(datetime(2009, 11, 1, 2, 45, tzinfo=UTC), "America/St_Johns")
def test_every_moment_lies_within_its_season(moment: datetime, zone: str) -> None:
    begin, end = season_bounds(season_of(moment, zone), zone)
    assert begin <= moment < end


@given(MONTHS, ZONES)
def test_seasons_follow_each_other_without_a_gap(season: str, zone: str) -> None:
    _, end = season_bounds(season, zone)
    following = season_of(end, zone)
    assert following > season
    assert season_bounds(following, zone)[0] == end
    assert season_of(end - timedelta(microseconds=1), zone) == season


@given(MOMENTS, MOMENTS, ZONES)
def test_seasons_never_go_back(one: datetime, other: datetime, zone: str) -> None:
    early, late = sorted((one, other))
    assert season_of(early, zone) <= season_of(late, zone)


@given(MOMENTS, ZONES)
def test_all_time_holds_every_moment(moment: datetime, zone: str) -> None:
    begin, end = season_bounds("all", zone)
    assert begin <= moment < end


@pytest.mark.parametrize(
    ("text", "season"),
    [
        ("now", "2026-11"),
        ("", "2026-11"),
        ("ALL", "all"),
        ("all time", "all"),
        (" 2025-01 ", "2025-01"),
    ],
)
def test_what_people_write(text: str, season: str) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    assert read_season(text, now=now, time_zone="UTC") == season


def is_one(text: str) -> bool:
    """Whether it may be a season: texts that are tried are words of the program, too, as NOW is."""
    words = text.strip().lower()
    known = ("", "now", "current", "this month", "all", "all time", "all-time")
    return words in known or re.fullmatch("[0-9]{4}-[0-9]{2}", words) is not None


@given(st.text(min_size=1).filter(lambda text: not is_one(text)))
@example("2026-13")
@example("2026-00")
@example("0000-01")
@example("9999-12")
@example("२०२६-११")
def test_anything_else_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(UnknownSeason, match="written as 2026-11"):
        read_season(text, now=datetime(2026, 11, 21, tzinfo=UTC), time_zone="UTC")
