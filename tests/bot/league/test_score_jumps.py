from typing import Any

import pytest

from bot.league.score_jumps import deviations_of
from storage.tables import Nowcast
from tests.fixtures.rows import MOMENT


def nowcast(**changes: Any) -> Nowcast:
    values = {
        "post_id": 1, "reading": 600, "made_at": MOMENT, "score_p10": 50.0, "score_median": 100.0,
        "score_p90": 200.0, **changes,
    }  # fmt: skip
    return Nowcast(**values)


def test_a_jump_is_counted_in_standard_deviations() -> None:
    # From 50 to 200 is four times as much: ln 4 = 1.386 over 2.563 deviations.
    assert deviations_of(nowcast(), 100.0) == 0
    assert deviations_of(nowcast(), 200.0) == pytest.approx(1.28, abs=0.01)
    assert deviations_of(nowcast(), 25.0) == pytest.approx(-2.56, abs=0.01)
    assert deviations_of(nowcast(score_p10=100.0, score_p90=100.0), 500.0) == 0
