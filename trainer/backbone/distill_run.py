"""A run of a distillation: it learns by the clock, and a checkpoint holds all of it."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from storage.files.atomic import replacing
from trainer.backbone.distill_crops import CropStore, Float32
from trainer.backbone.distill_optimizer import MatrixOptimizer
from trainer.backbone.distill_options import DistillOptions, DistillProgress, Report
from trainer.backbone.distill_schedule import learning_rate_share, size_at
from trainer.backbone.distill_step import build_step, crop_side
from trainer.backbone.distill_student import build_student, device_precision, start_last_norm
from trainer.backbone.distill_teacher import TeacherStatistics, agreement
from trainer.backbone.student_weights import READOUT_ARRAYS, StudentSpec, load_student, save_student

#: Names in the work folder: all of a run, its averaged weights, and those with their readout.
CHECKPOINT, WEIGHTS = "checkpoint.npz", "backbone.weights.npz"
FINISHED = "finished.weights.npz"

# What a step takes beyond this, the process was suspended: time in which nothing was learned.
LONGEST_STEP = 30.0


class StudentRun:
    """The student, its average, its optimizer and the clock: everything a checkpoint holds.

    Attributes:
        crops: that were there to learn from when the checkpoint was written; 0: there is none.
    """

    def __init__(
        self,
        options: DistillOptions,
        statistics: TeacherStatistics,
        map_shape: tuple[int, int, int],
    ) -> None:
        """Start fresh, or where the checkpoint in the work folder stands."""
        self.options, self.statistics, self.map_shape = options, statistics, map_shape
        self.spec = StudentSpec(options.width, options.size)
        self.weights_file = options.work / WEIGHTS
        self.checkpoint = options.work / CHECKPOINT
        tf.keras.utils.set_random_seed(options.seed)
        self.model = build_student(self.spec, device_precision())
        if options.start is None:
            start_last_norm(self.model, statistics)
        else:
            self.model.set_weights(starting_weights(options.start, self.spec))
        self.average = build_student(self.spec)
        self.average.set_weights(self.model.get_weights())
        self.optimizer = MatrixOptimizer(
            self.model.trainable_variables,
            weight_decay=options.weight_decay,
            matrices=options.matrices,
        )
        self.step, self.seconds, self.crops = 0, 0.0, 0
        if self.checkpoint.is_file():
            self._restore()
        self._steps: dict[int, Any] = {}

    def learn(self, store: CropStore, held_out: tuple[Float32, Float32], report: Report) -> None:
        """Train until the time (or the number of steps) is used up.

        Args:
            store: draws crops with the teacher's maps.
            held_out: inputs float32 [n, s, s, 3] and the teacher's embeddings [n, c].
            report: called after each step.

        Raises:
            FloatingPointError: the loss became infinite or undefined.
        """
        options = self.options
        last = saved = time.monotonic()
        losses: list[float] = []
        while not self._finished():
            if store.failure is not None:
                raise store.failure
            done = self._done()
            size = size_at(done, options.size)
            # Of the step alone: a run that was cut short goes on as if it had not been.
            random = np.random.default_rng([options.seed, self.step])
            crops, maps = store.draw(random, options.batch)
            loss = float(self._step_function(size)(crops, maps, self._rate(done), self.step + 1.0))
            if not math.isfinite(loss):
                raise FloatingPointError(f"The loss became {loss} at step {self.step}.")
            self.step += 1
            now = time.monotonic()
            last, taken = now, now - last
            self.seconds += min(taken, LONGEST_STEP)
            losses = [*losses[-99:], loss]
            progress = DistillProgress(
                step=self.step,
                done=self._done(),
                loss=float(np.mean(losses)),
                size=size,
                images_per_second=options.batch / taken,
                crops_ready=store.ready,
            )
            report(progress)
            if now - saved > options.checkpoint_seconds or self._finished():
                self.crops = store.ready
                self.save()
                cosine, explained = agreement(self._embed(held_out[0], size), held_out[1])
                report(replace(progress, cosine=cosine, explained=explained))
                saved = time.monotonic()
        if not losses:
            # Of a run that had learned all, there may be no more than the checkpoint.
            self._save_weights()

    def save(self) -> None:
        """Write the checkpoint and the averaged weights, each in one rename."""
        tensors = [*self.model.get_weights(), *self.average.get_weights()]
        tensors += [variable.numpy() for variable in self.optimizer.state]
        clock = json.dumps(
            {"step": self.step, "seconds": self.seconds, "crops": self.crops, **asdict(self.spec)}
        )
        named: dict[str, Any] = {f"t{i:04d}": tensor for i, tensor in enumerate(tensors)}
        with replacing(self.checkpoint) as file:
            np.savez(file, clock=np.array(clock), **named)
        self._save_weights()

    def _save_weights(self) -> None:
        save_student(self.weights_file, self.spec, self.average.get_weights())

    def _restore(self) -> None:
        with np.load(self.checkpoint, allow_pickle=False) as stored:
            clock = json.loads(str(stored["clock"]))
            tensors = [stored[name] for name in sorted(stored.files) if name != "clock"]
        if clock["width"] != self.spec.width:
            raise ValueError(
                f"{self.checkpoint} belongs to a student of width {clock['width']}; "
                "give the same width or another work folder."
            )
        count = len(self.model.weights)
        self.model.set_weights(tensors[:count])
        self.average.set_weights(tensors[count : 2 * count])
        for variable, value in zip(self.optimizer.state, tensors[2 * count :], strict=True):
            variable.assign(value)
        self.step, self.seconds = int(clock["step"]), float(clock["seconds"])
        self.crops = int(clock.get("crops", 0))

    def _done(self) -> float:
        by_time = self.seconds / (60 * self.options.minutes)
        by_steps = self.step / self.options.max_steps if self.options.max_steps else 0.0
        return min(1.0, max(by_time, by_steps))

    def _finished(self) -> bool:
        return self._done() >= 1.0

    def _rate(self, done: float) -> float:
        return self.options.learning_rate * learning_rate_share(done, self.options.warm_up)

    def _embed(self, inputs: Float32, size: int) -> Float32:
        # At the size of the moment: the moving statistics belong to it.
        chunks = []
        for start in range(0, len(inputs), 32):
            chunk = tf.image.resize(inputs[start : start + 32], (size, size), antialias=True)
            chunks.append(np.asarray(self.average(chunk, training=False)).mean((1, 2)))
        return np.concatenate(chunks)

    def _step_function(self, size: int) -> Any:
        if size not in self._steps:
            self._steps[size] = build_step(
                self.model,
                self.average,
                self.optimizer,
                self.statistics,
                size=size,
                crop_side=crop_side(self.options.size),
                map_shape=self.map_shape,
                pooled_weight=self.options.pooled_weight,
            )
        return self._steps[size]


def starting_weights(path: Path, spec: StudentSpec) -> list[Float32]:
    """The weights of a student's file without its readout, in Keras order.

    Raises:
        ExportRefused: the file is damaged or something else.
        ValueError: the student is of another width.
    """
    found, weights = load_student(path)
    if found.width != spec.width:
        raise ValueError(
            f"{path} holds a student of width {found.width}, not {spec.width}; give its width."
        )
    return weights[:-READOUT_ARRAYS] if found.readout else weights
