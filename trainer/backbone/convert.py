"""A Keras backbone as a LiteRT file, and how far the two disagree."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np


def convert(model: Any, *, float16: bool = False) -> bytes:
    """Convert a Keras backbone to LiteRT, batch size free; `float16` halves the stored weights."""
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as saved:
        model.export(saved, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
        if float16:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.target_spec.supported_types = [tf.float16]
        return bytes(converter.convert())


def with_map(model: Any) -> Any:
    """The same network that also gives what it pools, the last feature map [n, h, w, 1280]."""
    import keras

    return keras.Model(model.input, [model.output, model.layers[-1].input])


def largest_difference(model: Any, content: bytes, *, size: int) -> float:
    """Run the converted and the original network on noise; return the largest absolute gap."""
    from ai_edge_litert.interpreter import Interpreter

    batch = np.random.default_rng(0).uniform(-1, 1, (2, size, size, 3)).astype(np.float32)
    interpreter = Interpreter(model_content=content, num_threads=1)
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, batch.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, batch)
    interpreter.invoke()
    (embedding,) = (each for each in interpreter.get_output_details() if len(each["shape"]) == 2)
    converted = interpreter.get_tensor(embedding["index"])
    original = np.asarray(model(batch, training=False))
    return float(np.abs(converted - original).max())
