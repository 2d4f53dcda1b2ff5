"""A head as ONNX says what the head says, in another program's arithmetic."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from models.head import Head
from models.head_onnx import OUTPUT, head_arrays, head_as_onnx, widths
from models.safetensors_file import safetensors

CHAMPION = Path(__file__).parents[2] / "models" / "starter" / "champion"


def groups_of(head: Head, n: int) -> dict[str, np.ndarray]:
    """Likely and unlikely posts: near the middle, far from it, and missing sources."""
    chance = np.random.default_rng(1)
    scales = np.repeat([0.1, 1.0, 5.0, 0.0], n // 4)[:, None]
    return {
        name: (chance.normal(size=(n, width)) * scales).astype(np.float32)
        for name, width in widths(head).items()
    }


def test_the_shipped_head_is_the_same_within_a_ten_thousandth() -> None:
    runtime = pytest.importorskip("onnxruntime")
    head = Head.load(CHAMPION)
    session = runtime.InferenceSession(head_as_onnx(head, "a test"))
    groups = groups_of(head, 64)
    (bins,) = session.run([OUTPUT], groups)
    expected = head.predict_groups(groups)
    assert bins.shape == (64, 10)
    assert np.abs(bins - expected).max() < 1e-4
    assert np.ptp(expected[:, 0]) > 1e-3, "posts differ"


def test_an_untrained_head_is_refused() -> None:
    with pytest.raises(ValueError, match="untrained"):
        head_as_onnx(Head.uniform(), "")


def test_weights_are_written_as_safetensors() -> None:
    arrays = head_arrays(Head.load(CHAMPION))
    data = safetensors(arrays, {"name": "x"})
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    assert header.pop("__metadata__") == {"name": "x"}
    assert (8 + size) % 8 == 0
    for name, array in arrays.items():
        begin, end = header[name]["data_offsets"]
        stored = np.frombuffer(data[8 + size + begin : 8 + size + end], "<f4")
        np.testing.assert_array_equal(stored.reshape(header[name]["shape"]), array)
