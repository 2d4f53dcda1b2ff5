"""The peer: what a script does that loads the Keras model and predicts.

    python -m benchmarks.keras_predict IMAGE [--weights FILE] [--repeat N]

Prints a JSON object with the milliseconds of each prediction, bytes to probabilities.
"""

import argparse
import io
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("image", type=Path)
    parser.add_argument("--weights")
    parser.add_argument("--repeat", type=int, default=1)
    arguments = parser.parse_args()

    import keras
    import numpy as np
    import tensorflow as tf
    from PIL import Image

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    backbone = keras.applications.MobileNetV2(
        include_top=False, pooling="avg", weights=None, input_shape=(224, 224, 3)
    )
    if arguments.weights:
        backbone.load_weights(arguments.weights)
    hidden = keras.layers.Dense(128, activation="relu")(backbone.output)
    model = keras.Model(backbone.input, keras.layers.Dense(3, activation="softmax")(hidden))

    data = arguments.image.read_bytes()
    milliseconds = []
    for _ in range(arguments.repeat):
        started = time.perf_counter()
        with Image.open(io.BytesIO(data)) as image:
            pixels = np.asarray(image.convert("RGB").resize((224, 224)), np.float32)
        model.predict(pixels[np.newaxis] / 127.5 - 1, verbose=0)
        milliseconds.append((time.perf_counter() - started) * 1000)
    print(json.dumps({"milliseconds": milliseconds}))


if __name__ == "__main__":
    main()
