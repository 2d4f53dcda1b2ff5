"""A face network as serving reads it: one LiteRT file with weights in half precision."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.face_network import FaceNetwork

#: Half precision moves a probability by less than this.
TOLERANCE = 0.02


class ExportDiffers(Exception):
    """The converted network disagrees with the one it was made from."""


def write_network(network: Any, path: Path, examples: NDArray[np.uint8]) -> None:
    """Convert `network`, compare what it says of `examples`, and write it.

    Args:
        network: a keras.Model of `build_network`, on the TensorFlow backend.
        path: a `.tflite` file; it is replaced when there is one.
        examples: uint8[n, side, side].

    Raises:
        ExportDiffers: half precision changes what it says; nothing is written.
    """
    import keras
    import tensorflow as tf

    from trainer.attributes.fit_network import tell

    entry = keras.Input((*network.input_shape[1:-1], 1), batch_size=1)
    served = keras.Model(entry, keras.ops.softmax(network(entry, training=False)[0]))
    converter = tf.lite.TFLiteConverter.from_keras_model(served)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    content = converter.convert()
    gap = np.abs(FaceNetwork(content).tell(examples) - tell(network, examples).probabilities).max()
    # A NaN compares false with everything, so ask for agreement rather than for disagreement.
    if not gap <= TOLERANCE:
        raise ExportDiffers(f"The converted network is off by {gap:.3g}; nothing was written.")
    path.write_bytes(content)
