"""Schedules as cron reads them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.cron import cron_trigger

#: A Sunday.
SUNDAY = datetime(2026, 3, 1, tzinfo=UTC)


def days(field: str) -> list[str]:
    """Days of the week on which a schedule fires."""
    trigger = cron_trigger(f"0 12 * * {field}", "UTC")
    assert trigger is not None
    found = []
    for number in range(7):
        midnight = SUNDAY + timedelta(days=number)
        fires = trigger.get_next_fire_time(None, midnight)
        if fires is not None and fires < midnight + timedelta(days=1):
            found.append(f"{midnight:%a}".lower())
    return found


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("*", ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
        ("0", ["sun"]),
        ("7", ["sun"]),
        ("1-5", ["mon", "tue", "wed", "thu", "fri"]),
        ("5-7", ["sun", "fri", "sat"]),
        ("Fri-Mon", ["sun", "mon", "fri", "sat"]),
        ("*/2", ["sun", "tue", "thu", "sat"]),
        ("1,3", ["mon", "wed"]),
        ("2/2", ["tue", "thu", "sat"]),
    ],
)
def test_days_of_the_week_are_those_of_cron(field: str, expected: list[str]) -> None:
    assert days(field) == expected


def test_the_clocks_are_those_of_the_time_zone() -> None:
    trigger = cron_trigger("30 4 * * *", "Europe/Berlin")
    assert trigger is not None
    winter = trigger.get_next_fire_time(None, datetime(2026, 1, 10, tzinfo=UTC))
    summer = trigger.get_next_fire_time(None, datetime(2026, 7, 10, tzinfo=UTC))
    assert winter == datetime(2026, 1, 10, 3, 30, tzinfo=UTC)
    assert summer == datetime(2026, 7, 10, 2, 30, tzinfo=UTC)


def test_an_hour_that_is_left_out_in_spring_is_made_up_for() -> None:
    trigger = cron_trigger("30 2 * * *", "Europe/Berlin")
    assert trigger is not None
    fires = trigger.get_next_fire_time(None, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert fires is not None
    assert fires < datetime(2026, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize("off", ["off", " OFF "])
def test_off_is_no_schedule(off: str) -> None:
    assert cron_trigger(off, "UTC") is None


@pytest.mark.parametrize(
    "text",
    [
        "", "nightly", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
        "* * * 13 *", "* * * * 8", "* * * * mon-", "* * * * monday", "* * * * */0",
        "0 4 1 * mon",
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"needed|read|not both"):
        cron_trigger(text, "UTC")


@given(st.text(alphabet="0123456789*/,-abcdefmonsutf ", max_size=24))
def test_anything_is_a_schedule_or_refused(text: str) -> None:
    try:
        trigger = cron_trigger(text, "UTC")
    except ValueError:
        return
    assert trigger is None or trigger.get_next_fire_time(None, SUNDAY) is not False
