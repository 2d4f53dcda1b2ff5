import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.distribution_chart import HEIGHT, WIDTH, draw_distribution

BINS = st.lists(st.floats(0, 1), min_size=10, max_size=10).filter(lambda bins: sum(bins) > 0.01)


@given(BINS, st.one_of(st.none(), st.floats(0, 1)))
def test_columns_stay_inside_and_are_as_high_as_their_chances(
    raw: list[float], percentile: float | None
) -> None:
    bins = [each / sum(raw) for each in raw]
    chart = draw_distribution(bins, percentile)
    assert len(chart.columns) == 10
    for column in chart.columns:
        assert 0 <= column.x < column.x + column.width <= WIDTH
        assert column.y >= -0.01
        assert column.y + column.height == pytest.approx(HEIGHT, abs=0.02)
    heights = [column.height for column in chart.columns]
    scale = HEIGHT / max(*bins, 0.25)
    assert np.allclose(heights, np.array(bins) * scale, atol=0.01)
    assert (chart.outcome is None) == (percentile is None)


def test_the_thirds_are_coloured_by_the_middle_of_their_columns() -> None:
    chart = draw_distribution([0.1] * 10, None)
    assert [column.third for column in chart.columns] == [0, 0, 0, 1, 1, 1, 1, 2, 2, 2]


def test_those_who_do_not_see_it_hear_all_of_it() -> None:
    chart = draw_distribution([0.0] * 9 + [1.0], 0.95)
    assert "90 to 100%: 100%" in chart.description
    assert "came in at 95%" in chart.description
