"""Where text stands in a picture, from boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.attributes.text_layout import TextLayout, read_layout


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def test_a_picture_without_text_has_none() -> None:
    assert read_layout([], (100, 100)) == TextLayout(0.0, 0.0, 0.0, 0)


def test_lines_at_the_top_and_the_bottom_are_told_from_one_in_the_middle() -> None:
    both = read_layout([box(0, 0, 400, 30), box(0, 270, 400, 300)], (400, 300))
    assert both.share == pytest.approx(0.2, abs=0.02)
    assert (both.top, both.bottom, both.lines) == (pytest.approx(0.5), pytest.approx(0.5), 2)

    middle = read_layout([box(0, 135, 400, 165)], (400, 300))
    assert (middle.top, middle.bottom, middle.lines) == (0.0, 0.0, 1)


def test_words_of_one_line_are_one_line_and_what_two_boxes_cover_counts_once() -> None:
    words = read_layout([box(0, 0, 60, 20), box(50, 2, 100, 22), box(0, 30, 100, 50)], (100, 100))
    assert words.lines == 2
    twice = read_layout([box(0, 0, 100, 50)] * 2, (100, 100))
    assert twice.share == pytest.approx(0.5, abs=0.02)


@given(
    st.lists(
        st.lists(st.floats(-50, 5_000, width=32), min_size=8, max_size=8), min_size=1, max_size=5
    ),
    st.tuples(st.integers(1, 2_000), st.integers(1, 2_000)),
)
@settings(max_examples=40, deadline=None)
def test_odd_boxes_of_any_picture_stay_in_range(
    corners: list[list[float]], size: tuple[int, int]
) -> None:
    found = read_layout([np.array(each).reshape(4, 2) for each in corners], size)
    assert 0 <= found.share <= 1
    assert 0 <= found.top + found.bottom <= 1.0001
    assert 1 <= found.lines <= len(corners)
    assert TextLayout.from_json(found.as_json()).lines == found.lines
