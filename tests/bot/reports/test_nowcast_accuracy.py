from datetime import timedelta
from typing import Any

import pytest

from bot.reports.nowcast_accuracy import MaturedNowcast, nowcast_accuracy
from tests.fixtures.rows import MOMENT


def nowcast(**changes: Any) -> MaturedNowcast:
    values: dict[str, Any] = {
        "reading": 600, "made_at": MOMENT, "matured_at": MOMENT + timedelta(hours=2),
        "early": 10.0, "low": 20.0, "middle": 40.0, "high": 90.0, "first": None, "final": 40.0,
    }  # fmt: skip
    return MaturedNowcast(**{**values, **changes})


def test_of_nothing_there_is_no_accuracy() -> None:
    assert nowcast_accuracy([]) == []


def test_it_says_how_far_off_each_way_of_forecasting_was() -> None:
    later = MOMENT + timedelta(days=1)
    early, late = nowcast_accuracy(
        [
            nowcast(reading=3600, early=0.0, final=100.0, first=60.0),
            nowcast(),
            nowcast(
                made_at=later,
                matured_at=later + timedelta(hours=2),
                early=20.0,
                final=20.0,
                middle=20.0,
            ),
        ]
    )
    assert (early.reading, early.n, early.coverage, early.error) == (600, 2, 1, 0)
    # The first grew to four times as much; from 20 that would have been 80, and it was 20.
    assert early.typical_error == pytest.approx(1.386, abs=0.001)
    assert early.unchanged_error == pytest.approx(1.384 / 2, abs=0.001)
    assert early.first_error is None
    assert (late.reading, late.coverage, late.typical_error) == (3600, 0, None)
    assert late.first_error == pytest.approx(0.511, abs=0.001)


def test_typical_growth_is_that_of_posts_that_had_matured() -> None:
    """Of two nowcasts of the same moment neither knows the other's label."""
    (score,) = nowcast_accuracy([nowcast(), nowcast()])
    assert score.typical_error is None
