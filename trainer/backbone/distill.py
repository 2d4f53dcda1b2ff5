"""Distil the ImageNet teacher into the small backbone that ships with Peoria.

Reads top to bottom: the crops and the teacher's feature maps come from a store that a thread
fills (`distill_crops`), the student (`distill_student`) learns the map and its mean step by step
(`distill_run`, `distill_step`), and an exponential moving average of its weights is what is
evaluated and exported. The schedule (`distill_schedule`) follows the clock, not a number of steps:
on a machine of any speed the learning rate reaches zero when the time is up. A checkpoint is
written every two minutes and a killed run continues from it. `distill_job` does it on a cluster.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from trainer.backbone.distill_crops import TEACHER_SIZE, CropStore, Teacher
from trainer.backbone.distill_images import Look, SourceImage, read_rgb
from trainer.backbone.distill_options import DistillOptions, Report
from trainer.backbone.distill_readout import add_readout
from trainer.backbone.distill_run import FINISHED, StudentRun
from trainer.backbone.distill_step import crop_side
from trainer.backbone.distill_teacher import TeacherStatistics, held_out_target

STATISTICS_ROWS = 512
HELD_OUT_ROWS = 256


def train_student(
    images: Sequence[SourceImage],
    teacher: Teacher,
    options: DistillOptions,
    report: Report,
    reading_out: Callable[[int, int], None],
    look: Look = read_rgb,
) -> Path:
    """Run (or resume) the training; return the file of averaged weights (float16 .npz).

    Args:
        images: to train on, and those held out.
        teacher: float32 [n, 224, 224, 3] → feature map float32 [n, h, w, c].
        options: of the run.
        report: called after each step.
        reading_out: called with the images that the readout has seen, and how many there are.
        look: decodes the images; what it leaves out is not learned from.

    Raises:
        ValueError: there is too little to train on.
        FloatingPointError: the loss became infinite or undefined.
        Exception: whatever made the thread of crops fail.
    """
    training = [image for image in images if not image.held_out]
    held_out = _sample([image for image in images if image.held_out], HELD_OUT_ROWS, options.seed)
    if not training or not held_out:
        raise ValueError("There are too few images to train on and hold some out; give more.")
    unseen = held_out_target(held_out, teacher, options.size, look)

    map_shape = teacher(np.zeros((1, TEACHER_SIZE, TEACHER_SIZE, 3), np.float32)).shape[1:]
    store = CropStore(
        options.work / "store",
        rows=options.crops,
        size=crop_side(options.size),
        map_shape=map_shape,
        seed=options.seed,
        look=look,
    )
    stop = threading.Event()
    filling = threading.Thread(target=store.fill, args=(training, teacher, stop), daemon=True)
    filling.start()
    try:
        wanted = min(STATISTICS_ROWS, store.rows)
        _wait_for(store, wanted, filling)
        statistics = TeacherStatistics.measure(store.maps[:wanted].astype(np.float32))
        run = StudentRun(options, statistics, map_shape)
        # On another machine than before, they are made again: from fewer it would learn worse.
        _wait_for(store, min(run.crops, store.rows), filling)
        run.learn(store, unseen, report)
    finally:
        stop.set()
        filling.join()
    if not options.readout:
        return run.weights_file
    finished = options.work / FINISHED
    return add_readout(
        run.weights_file, training, teacher, finished,
        rank=options.readout, report=reading_out, look=look,
    )  # fmt: skip


def _wait_for(store: CropStore, rows: int, filling: threading.Thread) -> None:
    """Wait until so many rows are there; raises what made the thread of crops fail."""
    while store.ready < rows and filling.is_alive():
        filling.join(0.1)
    if store.failure is not None:
        raise store.failure


def _sample(images: Sequence[SourceImage], count: int, seed: int) -> list[SourceImage]:
    order = np.random.default_rng(seed).permutation(len(images))
    return [images[i] for i in order[:count]]
