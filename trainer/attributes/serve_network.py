"""A face network as serving reads it: one LiteRT file with weights in half precision."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import standardise
from models.attributes.face_network import FaceNetwork

#: Half precision moves a probability by less than this.
TOLERANCE = 0.02


class ExportDiffers(Exception):
    """The converted network disagrees with the one it was made from."""


def write_network(networks: Sequence[Any], path: Path, examples: NDArray[np.uint8]) -> None:
    """Convert networks to one that tells their geometric mean, compare what it says, and write it.

    Args:
        networks: keras.Models of `trainer.attributes.face_network` for squares of one size, on the
            TensorFlow backend.
        path: a `.tflite` file; it is replaced when there is one.
        examples: uint8[n, side, side].

    Raises:
        ExportDiffers: half precision changes what it says; nothing is written.
    """
    import keras
    import tensorflow as tf

    entry = keras.Input((*networks[0].input_shape[1:-1], 1), batch_size=1)
    logits = [keras.ops.log_softmax(each(entry, training=False)[0]) for each in networks]
    served = keras.Model(entry, keras.ops.softmax(sum(logits[1:], start=logits[0]) / len(logits)))
    converter = tf.lite.TFLiteConverter.from_keras_model(served)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    content = converter.convert()
    views = [standardise(examples), standardise(examples)[:, :, ::-1]]
    said = sum(
        np.concatenate([served.predict_on_batch(face[None]) for face in view]) for view in views
    ) / len(views)
    gap = np.abs(FaceNetwork(content).tell(examples) - said).max()
    # A NaN compares false with everything, so ask for agreement rather than for disagreement.
    if not gap <= TOLERANCE:
        raise ExportDiffers(f"The converted network is off by {gap:.3g}; nothing was written.")
    path.write_bytes(content)
