"""A linear part from fragments: what one machine fits in memory, whatever the fragments are."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.head import GROUPS, Member
from trainer.cluster.fragments import fit_linear_fragments, read_fragment, write_fragments
from trainer.cluster.side_by_side import in_turn
from trainer.data.targets import Intervals, soft_bins
from trainer.head.linear import fit_linear
from trainer.head.linear_sums import curvature_of, rows_of, sums_of

WIDTHS = {"embedding": 6, "title": 3, "text": 2, "metadata": 5}


def posts(count: int, seed: int = 1) -> tuple[dict[str, np.ndarray], Intervals]:
    rng = np.random.default_rng(seed)
    groups = {
        group: rng.normal(size=(count, width)).astype(np.float16).astype(np.float32)
        for group, width in WIDTHS.items()
    }
    place = groups["embedding"][:, 0] + 0.5 * groups["metadata"][:, 1] + rng.normal(size=count)
    low = np.argsort(np.argsort(place)) / (count + 1)
    return groups, Intervals(low, low + 1 / (count + 1))


STRANGER = {"metadata": np.array([0, np.nan, np.nan, 0, np.nan], np.float32)}


def pieces(count: int, size: int) -> Iterator[tuple[dict[str, np.ndarray], Intervals]]:
    groups, intervals = posts(count)
    for start in range(0, count, size):
        rows = slice(start, start + size)
        yield (
            {name: each[rows] for name, each in groups.items()},
            Intervals(intervals.low[rows], intervals.high[rows]),
        )


def weights(member: Member) -> np.ndarray:
    parts = [kernel for kernel, _ in member.hidden]
    return np.concatenate([*(each.ravel() for each in parts), member.out[1]])


def test_what_was_written_is_read(tmp_path: Path) -> None:
    paths = write_fragments(tmp_path, pieces(50, 20))
    assert [path.name for path in paths] == ["000000.parquet", "000001.parquet", "000002.parquet"]
    groups, intervals = posts(50)
    found, wanted = read_fragment(paths[1], slice(5, 15))
    for name in GROUPS:
        assert np.array_equal(found[name], groups[name][25:35])
    assert np.array_equal(wanted, soft_bins(intervals)[25:35])


@pytest.mark.parametrize("size", [1000, 300, 7])
def test_the_head_is_the_one_of_one_machine(tmp_path: Path, size: int) -> None:
    groups, intervals = posts(1000)
    alone = fit_linear(groups, soft_bins(intervals), penalty=25.0, stranger=STRANGER)
    steps: list[float] = []
    member = fit_linear_fragments(
        write_fragments(tmp_path, pieces(1000, size)), penalty=25.0, stranger=STRANGER,
        told=lambda number, loss: steps.append(loss),
    )  # fmt: skip
    # That of one machine stops where its loss hardly falls any more.
    assert np.abs(weights(member) - weights(alone)).max() < 1e-4
    assert steps == sorted(steps, reverse=True)
    whole = fit_linear_fragments(
        write_fragments(tmp_path / "whole", pieces(1000, 1000)), penalty=25.0, stranger=STRANGER
    )
    assert np.abs(weights(member) - weights(whole)).max() < 1e-6


def test_a_fragment_that_is_summed_again_changes_nothing(tmp_path: Path) -> None:
    paths = write_fragments(tmp_path, pieces(200, 50))

    def twice(work, items, *shared, told=None):
        in_turn(work, [*reversed(items)], *shared)
        return in_turn(work, items, *shared, told=told)

    once = fit_linear_fragments(paths, penalty=25.0)
    again = fit_linear_fragments(paths, penalty=25.0, side_by_side=twice)
    assert np.array_equal(weights(once), weights(again))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_gradient_and_curvature_are_the_derivatives_of_the_loss(seed: int) -> None:
    groups, intervals = posts(12, seed)
    rows = rows_of(groups, soft_bins(intervals), stranger=STRANGER, share=0.3)
    rng = np.random.default_rng(seed)
    point, along = rng.normal(size=(2, 10 + 2 * sum(WIDTHS.values()))) * 0.3
    here = sums_of(rows, point)
    ahead, behind = (sums_of(rows, point + sign * 1e-5 * along) for sign in (1, -1))
    assert (ahead.loss - behind.loss) / 2e-5 == pytest.approx(here.gradient @ along, rel=1e-5)
    slope = (ahead.gradient - behind.gradient) / 2e-5
    assert curvature_of(rows, point) @ along == pytest.approx(slope, rel=1e-4, abs=1e-5)
