from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.serving.pair_record import MIN_POSTS, pair_record

POSTS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2)),
    min_size=MIN_POSTS,
    max_size=40,
)


def arrays(posts: list[tuple[int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    predicted, outcome, group = (np.array(each) for each in zip(*posts, strict=True))
    return predicted.astype(np.float64), outcome.astype(np.float64), group.astype(np.int64)


@given(posts=POSTS, across=st.booleans())
@settings(max_examples=60, deadline=None)
def test_each_pair_counts_once(posts: list[tuple[int, int, int]], across: bool) -> None:
    told = [
        (a[0] > b[0]) == (a[1] > b[1])
        for a, b in combinations(posts, 2)
        if a[0] != b[0] and a[1] != b[1] and (a[2] != b[2]) == across
    ]
    found = pair_record(*arrays(posts), across=across)
    assert found.pairs == len(told)
    if found.right is None:
        assert found.posts < MIN_POSTS
        assert found.interval is None
        return
    assert found.right == pytest.approx(sum(told) / len(told))
    assert found.interval is not None
    assert 0 <= found.interval[0] <= found.interval[1] <= 1


def test_the_interval_is_of_posts_and_not_of_pairs() -> None:
    """A coin's interval holds ½ nearly always; one from pairs would be far too narrow."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        one = rng.normal(size=(2, 60))
        found = pair_record(one[0], one[1], np.zeros(60, np.int64))
        assert found.interval is not None
        held += found.interval[0] <= 0.5 <= found.interval[1]
    assert held >= 53
    low, high = found.interval
    assert high - low > 3 * np.sqrt(0.25 / found.pairs)


def test_close_pairs_are_told_apart_less_often() -> None:
    rng = np.random.default_rng(2)
    predicted = rng.uniform(0, 1, 300)
    outcome = predicted + rng.normal(0, 0.3, 300)
    group = np.zeros(300, np.int64)
    near = pair_record(predicted, outcome, group, gap=0.05)
    far = pair_record(predicted, outcome, group, gap=0.5)
    assert near.right is not None
    assert far.right is not None
    assert near.right < 0.65 < far.right
    assert far.beats_chance
    assert pair_record(predicted, outcome, group, gap=1e-9).right is None
