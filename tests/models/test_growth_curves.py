import contextlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.growth_curves import STARTER, Curve, CurvesUnusable, GrowthCurves, Trees


def stump(**changes: Any) -> Trees:
    """One tree: scores up to 1 (asinh) stay, higher ones grow by 2."""
    values: dict[str, Any] = {
        "feature": np.array([[0, -1, -1]], np.int8),
        "threshold": np.array([[1.0, 0, 0]]),
        "missing_left": np.array([[True, False, False]]),
        "left": np.array([[1, 0, 0]], np.int16),
        "right": np.array([[2, 0, 0]], np.int16),
        "value": np.array([[0.0, 0, 2]]),
        "start": 0.0,
    }
    return Trees(**(values | changes))


def saved(path: Path, trees: Trees) -> bytes:
    GrowthCurves(7200, (Curve(3600, 60, (trees, trees, trees), 1, 1.0),)).save(path)
    return path.read_bytes()


def test_the_shipped_file_can_be_used() -> None:
    assert [curve.age / 3600 for curve in GrowthCurves.load(STARTER).curves] == [1, 2, 3, 6, 12]


@pytest.mark.parametrize(
    "changes",
    [
        {"left": np.array([[0, 0, 0]], np.int16)},
        {"right": np.array([[3, 0, 0]], np.int16)},
        {"right": np.array([[-1, 0, 0]], np.int16)},
        {"feature": np.array([[99, -1, -1]], np.int8)},
        {"value": np.array([[0.0, 0]])},
    ],
)
def test_trees_that_lead_nowhere_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    path = tmp_path / "curves.npz"
    saved(path, stump(**changes))
    with pytest.raises(CurvesUnusable, match="do not lead to its leaves"):
        GrowthCurves.load(path)


@pytest.mark.parametrize("head", [None, [], {}, {"format": 2}, {"format": 1}, 7])
def test_a_file_with_another_head_is_refused(tmp_path: Path, head: Any) -> None:
    path = tmp_path / "curves.npz"
    np.savez(path, head=np.array(json.dumps(head)))
    with pytest.raises(CurvesUnusable):
        GrowthCurves.load(path)


def test_an_array_is_no_file_of_curves(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.arange(9))
    path = tmp_path / "curves.npz"
    path.write_bytes(array.getvalue())
    with pytest.raises(CurvesUnusable):
        GrowthCurves.load(path)


@given(st.data())
def test_damage_of_any_kind_is_noticed_or_does_no_harm(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "curves.npz"
        whole = bytearray(saved(path, stump()))
        for _ in range(data.draw(st.integers(1, 4))):
            whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
        with contextlib.suppress(CurvesUnusable):
            GrowthCurves.load(path)
