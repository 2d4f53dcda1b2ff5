"""The network of the first study, as published: from pixels, on a frozen MobileNetV2."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.files.image_folder import ImageFolder
from trainer.evaluation.figure_names import BUCKETS

EPOCHS = (5, 10)

SIDES = (224, 160)

Numbers = NDArray[np.float64]
Rows = NDArray[np.intp]
Progress = Callable[[str, int, int], None]

BATCH = 32

UNITS = 128


@dataclass(frozen=True, slots=True)
class Split:
    """The study's split, as rows of the posts with an image."""

    train: Rows
    validate: Rows


def pixels_of(ids: list[str], folder: Path, side: int) -> NDArray[np.uint8]:
    """Images squashed by nearest neighbour: uint8 [n, side, side, 3]."""
    found = np.empty((len(ids), side, side, 3), np.uint8)
    images = ImageFolder(folder)
    for row, post_id in enumerate(ids):
        path = images.find(post_id)
        if path is None:
            raise FileNotFoundError(f"there is no image of {post_id} in {folder}")
        with Image.open(path) as image:
            small = image.convert("RGB").resize((side, side), Image.Resampling.NEAREST)
        found[row] = np.asarray(small)
    return found


def study(
    pixels: NDArray[np.uint8],
    classes: NDArray[np.int64],
    split: Split,
    *,
    weights: Path,
    seeds: range,
    progress: Progress,
) -> list[tuple[int, int, Numbers, list[float], list[float], float]]:
    """The study's network at one image size, for each seed and number of epochs.

    The backbone is frozen and images are not augmented, so its output is computed once, not in
    every epoch: the numbers are the same, and the time of the epochs that this saves is added.

    Returns:
        (seed, epochs, probabilities of the validation posts, accuracies by epoch on training and
        validation posts, seconds that the study's pipeline takes).
    """
    import keras

    side = pixels.shape[1]
    backbone = keras.applications.MobileNetV2(
        input_shape=(side, side, 3), include_top=False, pooling="avg", weights=None
    )
    backbone.load_weights(weights)
    started = time.perf_counter()
    batches = []
    for start in range(0, len(pixels), BATCH):
        progress(f"the study's backbone at {side} px", start, len(pixels))
        batches.append(
            backbone.predict_on_batch(pixels[start : start + BATCH].astype(np.float32) / 255)
        )
    pooled = np.concatenate(batches)
    # An epoch of the study sees every image once: to train on, or to validate.
    backbone_seconds = time.perf_counter() - started
    found: list[tuple[int, int, Numbers, list[float], list[float], float]] = []
    for seed in seeds:
        for epochs in EPOCHS:
            progress(f"the study's top at {side} px", len(found), len(seeds) * len(EPOCHS))
            keras.utils.set_random_seed(seed)
            top = keras.Sequential(
                [
                    keras.layers.Dense(UNITS, activation="relu"),
                    keras.layers.Dense(len(BUCKETS), activation="softmax"),
                ]
            )
            top.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            started = time.perf_counter()
            history = top.fit(
                pooled[split.train], classes[split.train],
                validation_data=(pooled[split.validate], classes[split.validate]),
                batch_size=BATCH, epochs=epochs, verbose=0,
            ).history  # fmt: skip
            seconds = time.perf_counter() - started + epochs * backbone_seconds
            probabilities = top.predict(pooled[split.validate], verbose=0).astype(np.float64)
            found.append(
                (
                    seed, epochs, probabilities / probabilities.sum(axis=1, keepdims=True),
                    history["accuracy"], history["val_accuracy"], seconds,
                )
            )  # fmt: skip
    return found
