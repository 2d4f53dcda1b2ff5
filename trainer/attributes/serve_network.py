"""A face network as serving reads it: one packed LiteRT file with weights in half precision."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import standardise
from models.attributes.face_network import FaceNetwork
from trainer.attributes.balance import Balance

#: Half precision moves a probability by less than this.
TOLERANCE = 0.02


class ExportDiffers(Exception):
    """The converted network disagrees with the one it was made from."""


def write_network(
    networks: Sequence[Any],
    path: Path,
    examples: NDArray[np.uint8],
    balance: Balance | None = None,
) -> None:
    """Convert networks to one that tells their geometric mean, compare what it says, and write it.

    Args:
        networks: keras.Models of `trainer.attributes.face_network` for squares of one size, on the
            TensorFlow backend.
        path: a `.tflite.gz` file; it is replaced when there is one.
        examples: uint8[n, side, side].
        balance: what the mean is corrected by; None: nothing.

    Raises:
        ExportDiffers: half precision changes what it says; nothing is written.
    """
    import keras
    import tensorflow as tf

    entry = keras.Input((*networks[0].input_shape[1:-1], 1), batch_size=1)
    logits = [keras.ops.log_softmax(each(entry, training=False)[0]) for each in networks]
    mean = sum(logits[1:], start=logits[0]) / len(logits)
    if balance is not None:
        mean = balance.sharpness * mean + np.array(balance.leaning, np.float32)
    served = keras.Model(entry, keras.ops.softmax(mean))
    views = [standardise(examples), standardise(examples)[:, :, ::-1]]
    said = sum(
        np.concatenate([served.predict_on_batch(face[None]) for face in view]) for view in views
    ) / len(views)
    converter = tf.lite.TFLiteConverter.from_keras_model(served)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    content = converter.convert()
    gap = np.abs(FaceNetwork(content).tell(examples) - said).max()
    # A NaN compares false with everything, so ask for agreement rather than for disagreement.
    if not gap <= TOLERANCE:
        raise ExportDiffers(f"The converted network is off by {gap:.3g}; nothing was written.")
    path.write_bytes(gzip.compress(content, mtime=0))
