"""Refit the head from stored embeddings, against the first study's pipeline, in the same run.

    python benchmarks/refit_against_pixels.py IMAGES --weights FILE.h5 [--epochs 10] [--images 256]

The study passes every image through the backbone in every epoch; ours trains the same number of
epochs on embeddings that are already stored, and once more the linear part alone, which is what a
refit costs where the network has nothing to add. Both train on the same images and labels. The bar
is 100 times; what is timed is the training, after imports, for both.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


def main() -> None:
    """Time both and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--images", type=int, default=256)
    asked = parser.parse_args()

    import keras
    import tensorflow as tf

    from models.features import Features
    from trainer.data.targets import interval_of, soft_bins
    from trainer.head.fit import fit
    from trainer.head.recipe import Recipe

    paths = sorted(asked.folder.iterdir())[: asked.images]
    n = len(paths)
    rng = np.random.default_rng(1)
    scores = rng.lognormal(8, 1.5, n)
    classes = (scores > 2000).astype(int) + (scores > 20000)

    def pixels() -> "tf.data.Dataset":
        def read():
            for path, kind in zip(paths, classes, strict=True):
                with Image.open(path) as image:
                    small = image.convert("RGB").resize((224, 224), Image.Resampling.NEAREST)
                yield np.asarray(small, np.float32) / 255, kind

        kinds = (tf.TensorSpec((224, 224, 3), tf.float32), tf.TensorSpec((), tf.int32))
        return tf.data.Dataset.from_generator(read, output_signature=kinds).batch(32).prefetch(1)

    backbone = keras.applications.MobileNetV2(
        input_shape=(224, 224, 3), include_top=False, weights=None
    )
    backbone.load_weights(asked.weights)
    backbone.trainable = False
    study = keras.Sequential(
        [
            backbone,
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    study.compile("adam", "sparse_categorical_crossentropy")
    started = time.perf_counter()
    study.fit(pixels(), epochs=asked.epochs, verbose=0)
    theirs = time.perf_counter() - started

    features = Features()
    groups = {
        "embedding": rng.random((n, 1280), np.float32).astype(np.float16),
        "title": rng.random((n, features.text_dim), np.float32).astype(np.float16),
        "text": rng.random((n, features.text_dim), np.float32).astype(np.float16),
        "metadata": rng.random((n, len(features.metadata_names)), np.float32),
    }
    targets = soft_bins(interval_of(scores, np.sort(scores)))
    everything = np.arange(n)
    marks = []
    started = time.perf_counter()
    fit(
        groups, targets, everything, everything[:0],
        recipe=Recipe(), seed=1, epochs=asked.epochs, blanks=features.blanks(),
        progress=lambda *_: marks.append(time.perf_counter()),
    )  # fmt: skip
    ours = time.perf_counter() - started
    started = time.perf_counter()
    fit(
        groups, targets, everything, everything[:0],
        recipe=Recipe(), seed=1, linear_share=1.0, blanks=features.blanks(),
    )  # fmt: skip
    linear = time.perf_counter() - started
    epoch = (marks[-1] - marks[0]) / max(len(marks) - 1, 1)
    print(f"{n} images, {asked.epochs} epochs\n")
    print("| | seconds | per epoch |\n| --- | --- | --- |")
    print(f"| study, pixels in every epoch | {theirs:.1f} | {theirs / asked.epochs:.2f} |")
    print(f"| ours, both parts (with encoding and compiling) | {ours:.1f} | {epoch:.3f} |")
    print(f"| ours, the linear part alone (with encoding) | {linear:.1f} | |")
    print(
        f"\n{theirs / ours:.0f} times faster in all with both parts, "
        f"{theirs / asked.epochs / epoch:.0f} an epoch; {theirs / linear:.0f} with the linear one"
    )


if __name__ == "__main__":
    main()
