"""The small network that reads a grey face: which expression it has, or whether it is one."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

#: Batches that the means of a pretrained network are made of again: what it had were photographs'.
_MOMENTUM = 0.95


def build_network(*, side: int, classes: int, width: int, drop: float) -> Any:
    """A residual network: float32[n, side, side, 1], standardised, to a logit for each class.

    Args:
        side: of the square that it reads, pixels, a multiple of 8.
        classes: how many there are.
        width: channels of the first stage; the second has twice, the third four times as many.
        drop: share of the last features that is left out while training.

    Returns:
        A keras.Model with the outputs (logits[n, classes], features[n, 4 * width]).
    """
    entry = keras.Input((side, side, 1), name="face")
    x = _convolved(entry, width // 2 + width // 4)
    x = layers.Activation("relu")(x)
    for stage in range(3):
        x = _block(x, width * 2**stage, strides=2)
        x = _block(x, width * 2**stage, strides=1)
    features = layers.GlobalAveragePooling2D(name="features")(x)
    logits = layers.Dense(classes, name="logits")(layers.Dropout(drop)(features))
    return keras.Model(entry, [logits, features])


def build_large(*, face: int, classes: int, side: int, drop: float) -> tuple[Any, Any]:
    """MobileNetV2 for grey faces, with random weights.

    Args:
        face: side of the square that it reads, pixels.
        classes: how many there are.
        side: what a face is enlarged to, pixels, a multiple of 32.
        drop: share of the last features that is left out while training.

    Returns:
        A keras.Model from float32[n, face, face, 1] with the outputs (logits[n, classes],
        features[n, 1280]), and the MobileNetV2 in it.
    """
    photographs = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), include_top=False, weights=None
    )
    entry = keras.Input((face, face, 1), name="face")
    # A photograph's values lie in [-1, 1]; a standardised face has a spread of 1.
    large = layers.Rescaling(0.5)(layers.Resizing(side, side)(entry))
    colours = layers.Concatenate(name="colours")([large, large, large])
    features = layers.GlobalAveragePooling2D(name="features")(photographs(colours))
    logits = layers.Dense(classes, name="logits")(layers.Dropout(drop)(features))
    return keras.Model(entry, [logits, features]), photographs


def build_pretrained(
    weights: Path, examples: NDArray[np.float32], *, classes: int, side: int, drop: float,
    kept: str = "",
) -> Any:  # fmt: skip
    """`build_large` as it was trained on photographs.

    Args:
        weights: of MobileNetV2 1.0 without its top, in Keras's format.
        examples: float32[n, s, s, 1], standardised faces; the normalisation begins with theirs.
        classes: how many there are.
        side: what a face is enlarged to, pixels, a multiple of 32.
        drop: share of the last features that is left out while training.
        kept: layers before the first whose name begins so stay as they are; empty: all learn.
            Lines and patches are the same in faces and photographs, and what stays costs a
            training step its forward pass only.
    """
    network, photographs = build_large(
        face=examples.shape[1], classes=classes, side=side, drop=drop
    )
    photographs.load_weights(weights)
    colours = keras.Model(network.input, network.get_layer("colours").output)
    normalise(photographs, colours.predict(examples, 64, verbose=0))
    if kept:
        for layer in photographs.layers:
            if layer.name.startswith(kept):
                break
            layer.trainable = False
    return network


def normalise(network: Any, images: NDArray[np.float32]) -> None:
    """Have each normalisation use the means and spreads of `images`; what comes out is the same.

    In published weights it is often folded into the convolutions, so that training, which divides
    by the spread of the batch, would begin with another network.
    """
    found = [each for each in network.layers if isinstance(each, layers.BatchNormalization)]
    values = keras.Model(network.input, [each.input for each in found]).predict_on_batch(images)
    for layer, value in zip(found, values, strict=True):
        each = np.asarray(value, np.float64)
        mean, spread = each.mean(axis=(0, 1, 2)), each.var(axis=(0, 1, 2))
        gamma, beta, old_mean, old_spread = (np.asarray(w, np.float64) for w in layer.get_weights())
        scale = gamma / np.sqrt(old_spread + layer.epsilon)
        layer.set_weights(
            [
                scale * np.sqrt(spread + layer.epsilon),
                beta + scale * (mean - old_mean),
                mean,
                spread,
            ]
        )
        layer.momentum = _MOMENTUM


def _block(x: Any, channels: int, *, strides: int) -> Any:
    shortcut = x
    if strides > 1 or x.shape[-1] != channels:
        shortcut = _convolved(layers.AveragePooling2D(strides)(x), channels, size=1)
    x = layers.Activation("relu")(_convolved(x, channels, strides=strides))
    return layers.Activation("relu")(layers.Add()([_convolved(x, channels), shortcut]))


def _convolved(x: Any, channels: int, *, size: int = 3, strides: int = 1) -> Any:
    x = layers.Conv2D(channels, size, strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9)(x)
