from datetime import timedelta
from typing import Any

import pytest

from bot.reports.nowcast_accuracy import MIN_FOR_TOP, MaturedNowcast, nowcast_accuracy
from tests.fixtures.rows import MOMENT


def nowcast(**changes: Any) -> MaturedNowcast:
    values: dict[str, Any] = {
        "reading": 600, "made_at": MOMENT, "matured_at": MOMENT + timedelta(hours=2),
        "early": 10.0, "low": 20.0, "middle": 40.0, "high": 90.0, "first": None, "final": 40.0,
        "community": 1,
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


def grown(n: int, *, community: int = 1, times: float = 1.0, found: bool = True) -> Any:
    """Posts that end at 1, 2, 3, …; their nowcasts knew that, or the opposite."""
    return [
        nowcast(
            community=community, final=final * times, middle=middle * times,
            low=middle * times / 2, high=middle * times * 2,
        )
        for number in range(n)
        for final, middle in [(number + 1.0, number + 1.0 if found else float(n - number))]
    ]  # fmt: skip


def test_the_top_of_each_community_is_looked_for_on_its_own_scale() -> None:
    large, small = grown(100), grown(100, community=2, times=1000.0)
    (score,) = nowcast_accuracy([*large, *small])
    assert score.pr_auc_top5 == pytest.approx(1)


def test_nowcasts_that_were_the_wrong_way_round_find_no_top() -> None:
    (score,) = nowcast_accuracy(grown(200, found=False))
    assert score.pr_auc_top5 is not None
    assert score.pr_auc_top5 < 0.05


def test_of_the_top_of_few_posts_there_is_nothing_to_tell() -> None:
    few = grown(MIN_FOR_TOP - 1)
    assert nowcast_accuracy(few)[0].pr_auc_top5 is None
    # Another community's posts do not make up for that.
    assert nowcast_accuracy([*few, *grown(50, community=2)])[0].pr_auc_top5 is None


def test_posts_that_all_end_alike_have_no_top() -> None:
    (score,) = nowcast_accuracy([nowcast() for _ in range(MIN_FOR_TOP)])
    assert score.pr_auc_top5 is None
