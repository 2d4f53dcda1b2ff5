"""The small network that reads a grey face: which expression it has, or whether it is one."""

from typing import Any

import keras
from keras import layers


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


def _block(x: Any, channels: int, *, strides: int) -> Any:
    shortcut = x
    if strides > 1 or x.shape[-1] != channels:
        shortcut = _convolved(layers.AveragePooling2D(strides)(x), channels, size=1)
    x = layers.Activation("relu")(_convolved(x, channels, strides=strides))
    return layers.Activation("relu")(layers.Add()([_convolved(x, channels), shortcut]))


def _convolved(x: Any, channels: int, *, size: int = 3, strides: int = 1) -> Any:
    x = layers.Conv2D(channels, size, strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9)(x)
