"""The next time at which the clocks of a place show something."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.local_time import next_local_time


@pytest.mark.parametrize(
    ("after", "minute", "weekday", "zone", "expected"),
    [
        # Monday evening in Berlin, winter and summer.
        ("2026-11-26T12:00", 18 * 60, 0, "Europe/Berlin", "2026-11-30T17:00"),
        ("2026-07-01T12:00", 18 * 60, 0, "Europe/Berlin", "2026-07-06T16:00"),
        # Exactly then is past: the next one.
        ("2026-11-30T17:00", 18 * 60, 0, "Europe/Berlin", "2026-12-07T17:00"),
        # Every day; and a time that is left out in spring.
        ("2026-11-26T12:00", 0, None, "UTC", "2026-11-27T00:00"),
        ("2026-03-28T12:00", 150, None, "Europe/Berlin", "2026-03-29T01:30"),
        ("2026-11-26T23:00", 30, None, "Pacific/Auckland", "2026-11-27T11:30"),
    ],
)
def test_next(after: str, minute: int, weekday: int | None, zone: str, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    found = next_local_time(moment, minute=minute, weekday=weekday, time_zone=zone)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(
    seconds=st.integers(1_577_836_800, 2_051_222_400),
    minute=st.integers(0, 1439),
    weekday=st.none() | st.integers(0, 6),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
)
def test_it_is_later_and_soon(seconds: int, minute: int, weekday: int | None, zone: str) -> None:
    after = datetime.fromtimestamp(seconds, UTC)
    found = next_local_time(after, minute=minute, weekday=weekday, time_zone=zone)
    assert after < found <= after + timedelta(days=8 if weekday is not None else 2)
