"""Faces as other cameras would have taken them. Written for any backend of Keras."""

from typing import Any

import keras
from keras import ops

#: Turned by up to so many degrees either way.
TURN = 20.0
#: Nearer or farther by up to this factor.
ZOOM = 1.25
#: Moved by up to this share of the side.
SHIFT = 0.1
#: Contrast changed by up to this factor, brightness by up to this much of [0, 1].
CONTRAST = 2.0
BRIGHTNESS = 0.2
#: Share of faces seen from afar (half the pixels), and of those with a part covered.
SMALL = 0.25
COVERED = 0.5
#: Side of what covers a face, as a share of the face's side.
COVER = (0.1, 0.4)


class FaceAugmentation(keras.layers.Layer):  # type: ignore[misc]
    """Turned, flipped, moved, scaled, darkened, blurred and partly covered, then standardised.

    In: uint8 or float [n, side, side, 1] with values 0 to 255. Out: float32 of that shape with mean
    0 and spread 1 for each face. When not training it only standardises.
    """

    def __init__(self, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.random = keras.random.SeedGenerator(seed)

    def call(self, faces: Any, training: bool = False) -> Any:
        grey = ops.cast(faces, "float32") / 255
        if training:
            grey = self._covered(self._exposed(self._from_afar(self._moved(grey))))
        mean = ops.mean(grey, axis=(1, 2, 3), keepdims=True)
        spread = ops.std(grey, axis=(1, 2, 3), keepdims=True)
        return (grey - mean) / ops.maximum(spread, 1e-2)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def _uniform(self, count: Any, low: float, high: float) -> Any:
        return keras.random.uniform((count,), low, high, seed=self.random)

    def _moved(self, grey: Any) -> Any:
        count, side = ops.shape(grey)[0], ops.shape(grey)[1]
        angle = self._uniform(count, -TURN, TURN) * (3.14159265 / 180)
        # Uniform in the exponent, so that nearer and farther are as likely.
        scale = ops.exp(self._uniform(count, -1.0, 1.0) * ops.log(ZOOM))
        flip = ops.where(self._uniform(count, 0.0, 1.0) < 0.5, -1.0, 1.0)
        cos, sin = ops.cos(angle) * scale, ops.sin(angle) * scale
        middle = (side - 1) / 2
        right, down = (
            self._uniform(count, -SHIFT, SHIFT) * side,
            self._uniform(count, -SHIFT, SHIFT) * side,
        )
        # Where each pixel of the result is taken from: about the middle, then moved.
        a, b, d, e = cos * flip, -sin, sin * flip, cos
        c = middle + right - middle * (a + b)
        f = middle + down - middle * (d + e)
        nothing = ops.zeros_like(a)
        transform = ops.stack([a, b, c, d, e, f, nothing, nothing], axis=1)
        return ops.image.affine_transform(
            grey, transform, interpolation="bilinear", fill_mode="reflect"
        )

    def _from_afar(self, grey: Any) -> Any:
        small = ops.average_pool(grey, 2, 2)
        large = ops.repeat(ops.repeat(small, 2, axis=1), 2, axis=2)
        chosen = self._uniform(ops.shape(grey)[0], 0.0, 1.0) < SMALL
        return ops.where(ops.reshape(chosen, (-1, 1, 1, 1)), large, grey)

    def _exposed(self, grey: Any) -> Any:
        count = ops.shape(grey)[0]
        contrast = ops.exp(self._uniform(count, -1.0, 1.0) * ops.log(CONTRAST))
        brightness = self._uniform(count, -BRIGHTNESS, BRIGHTNESS)
        contrast = ops.reshape(contrast, (-1, 1, 1, 1))
        brightness = ops.reshape(brightness, (-1, 1, 1, 1))
        return ops.clip((grey - 0.5) * contrast + 0.5 + brightness, 0.0, 1.0)

    def _covered(self, grey: Any) -> Any:
        count, side = ops.shape(grey)[0], ops.shape(grey)[1]
        place = (ops.arange(side, dtype="float32") + 0.5) / side

        def inside() -> Any:
            middle = ops.expand_dims(self._uniform(count, 0.0, 1.0), 1)
            half = ops.expand_dims(self._uniform(count, *COVER), 1) / 2
            return ops.abs(ops.expand_dims(place, 0) - middle) < half

        covered = ops.logical_and(ops.expand_dims(inside(), 2), ops.expand_dims(inside(), 1))
        chosen = ops.reshape(self._uniform(count, 0.0, 1.0) < COVERED, (-1, 1, 1))
        covered = ops.expand_dims(ops.logical_and(covered, chosen), 3)
        fill = ops.reshape(self._uniform(count, 0.0, 1.0), (-1, 1, 1, 1))
        return ops.where(covered, fill, grey)
