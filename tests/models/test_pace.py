"""The pace of a community: what it counts, and that serving and training count alike."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.pace import MOST_POSTS, PLACES, Pace, pace_columns

NOW = 1_700_000_000.0
YEAR = math.log1p(365 * 24)


@given(ages=st.lists(st.floats(0, 10**9), max_size=MOST_POSTS))
def test_each_place_is_the_age_of_its_post_and_older_ones_are_a_year(ages: list[float]) -> None:
    newest = sorted((NOW - age for age in ages), reverse=True)
    columns = pace_columns(Pace.of(newest, NOW))
    assert list(columns) == [f"pace_{place}" for place in PLACES]
    values = list(columns.values())
    assert np.isfinite(values).all()
    assert values == sorted(values)
    for place, value in zip(PLACES, values, strict=True):
        if place > len(newest):
            assert value == YEAR
        else:
            hours = (NOW - newest[place - 1]) / 3600
            assert value == min(math.log1p(hours), YEAR)


def test_a_community_without_posts_has_no_pace() -> None:
    assert Pace.of([], NOW) == Pace()
    assert set(pace_columns(Pace()).values()) == {YEAR}
