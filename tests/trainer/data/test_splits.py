import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.near_duplicates import MAX_DISTANCE, near_duplicate_groups
from trainer.data.splits import grouped_folds, time_split


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 15)), min_size=5, max_size=80),
)
def test_parts_follow_each_other_and_share_no_image(posts: list[tuple[int, int]]) -> None:
    times = np.array([time for time, _ in posts], float)
    groups = np.array([group for _, group in posts])
    split = time_split(times, groups)
    parts = [split.fit, split.stop, split.calibrate, split.judge]
    everything = np.concatenate([*parts, split.straddling])
    assert sorted(everything) == list(range(len(posts)))
    for earlier, later in itertools.pairwise(parts):
        if len(earlier) and len(later):
            assert times[earlier].max() < times[later].min()
    for position, part in enumerate(parts):
        for other in parts[position + 1 :]:
            assert not set(groups[part]) & set(groups[other])


def test_only_posts_after_the_champion_are_judged() -> None:
    split = time_split(np.arange(100.0), np.arange(100), judge_from=94)
    assert list(split.judge) == [95, 96, 97, 98, 99]


def test_folds_keep_groups_together() -> None:
    groups = np.repeat(np.arange(30), 3)
    tested = []
    for train, test in grouped_folds(groups, 5, np.random.default_rng(1)):
        assert not set(groups[train]) & set(groups[test])
        tested.extend(test)
    assert sorted(tested) == list(range(90))


def brute_force(hashes: list[int]) -> list[int]:
    group = list(range(len(hashes)))
    for i, first in enumerate(hashes):
        for j, second in enumerate(hashes):
            if (first ^ second).bit_count() <= MAX_DISTANCE and group[i] != group[j]:
                old, new = max(group[i], group[j]), min(group[i], group[j])
                group = [new if g == old else g for g in group]
    return group


@settings(max_examples=30)
@given(st.data())
def test_groups_are_those_of_comparing_all_with_all(data: st.DataObject) -> None:
    seeds = data.draw(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=6))
    hashes = []
    for seed in seeds:
        hashes.append(seed)
        for _ in range(3):
            flips = data.draw(st.lists(st.integers(0, 63), max_size=6))
            changed = seed
            for bit in flips:
                changed ^= 1 << bit
            hashes.append(changed)
    found = near_duplicate_groups(np.array(hashes, np.uint64))
    expected = brute_force(hashes)
    same = [[a == b for a in expected] for b in expected]
    assert (found[:, None] == found[None, :]).tolist() == same


def test_ten_thousand_identical_images_are_one_group() -> None:
    assert set(near_duplicate_groups(np.full(10_000, 7, np.uint64))) == {0}
