"""Rows of the sums that stats are read from."""

from datetime import date, timedelta

from storage.tables import DailyLabel, DailyScore
from tests.fakes.clock import START

TODAY = START.date()


def day_of(number: int) -> date:
    """A day, counted back from today."""
    return TODAY - timedelta(days=number)


def scores(day: date, **changes: object) -> DailyScore:
    return DailyScore(
        **{
            "day": day, "community_id": 1, "model_version_id": 100, "n": 10, "hits": 6,
            "expected_hits": 3.5, "rps_sum": 1.2, "base_rps_sum": 1.5, "gain_squared_sum": 0.02,
            "log_sum": 20.0, "base_log_sum": 23.0, "brier_sum": 6.0, **changes,
        }
    )  # fmt: skip


def labels(day: date, **changes: object) -> DailyLabel:
    return DailyLabel(
        **{
            "day": day, "community_id": 1, "n": 12, "spoken_n": 9, "spoken_sum": 18.0,
            "spoken_squared": 40.0, "silent_n": 3, "silent_sum": 5.0, "silent_squared": 9.0,
            **changes,
        }
    )  # fmt: skip
