"""Distil the ImageNet teacher into the small backbone that ships with Peoria.

Reads top to bottom: the crops and the teacher's feature maps come from a store that a thread
fills (`distill_crops`), the student (`distill_student`) learns the map and its mean, and an
exponential moving average of its weights is what gets evaluated and exported. The schedule follows
the clock, not a number of steps: on a machine of any speed the learning rate reaches zero when
the time is up. A checkpoint is written every two minutes and a killed run continues from it.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from PIL import Image

from trainer.backbone.distill_crops import (
    TEACHER_SIZE,
    CropStore,
    Float32,
    Teacher,
    litert_teacher,
    to_network,
)
from trainer.backbone.distill_images import SourceImage
from trainer.backbone.distill_optimizer import MatrixOptimizer
from trainer.backbone.distill_readout import add_readout
from trainer.backbone.distill_student import (
    build_student,
    device_precision,
    forward_in_training,
    update_moving_statistics,
)
from trainer.backbone.export import (
    READOUT_ARRAYS,
    StudentSpec,
    convert,
    load_student,
    load_weights,
    save_student,
)

EMA_DECAY = 0.995
CHECKPOINT_SECONDS = 120.0
# What a step takes beyond this, the process was suspended: time in which nothing was learned.
LONGEST_STEP = 30.0
STATISTICS_ROWS = 512
HELD_OUT_ROWS = 256
# The first half of the time goes to images of three quarters of the side: early steps teach the
# first layers, for which 96 px say as much as 128 px at half the price.
SMALL_SHARE = 0.5
# Crops are kept at this side or the student's, whichever is larger, so that a resumed run may
# choose another size without asking the teacher again.
CROP_SIDE = 160


@dataclass(frozen=True, slots=True)
class DistillOptions:
    """What a run is made of; the store, the checkpoint and the weights lie in `work`."""

    work: Path
    minutes: float = 90.0
    width: float = 0.5
    size: int = 128
    batch: int = 32
    crops: int = 40_000
    learning_rate: float = 5e-3
    weight_decay: float = 0.02
    warm_up: float = 0.03  # share of the time
    pooled_weight: float = 2.0
    seed: int = 1
    max_steps: int | None = None
    matrices: bool = True
    start: Path | None = None  # a student's weights file (.npz) to begin with instead of random
    readout: int = 192  # rank of the linear readout fitted at the end; 0: none


@dataclass(frozen=True, slots=True)
class DistillProgress:
    """Where a run stands: `done` is the share of its time; figures are on held-out images."""

    step: int
    done: float
    loss: float
    size: int
    images_per_second: float
    crops_ready: int
    cosine: float | None = None
    explained: float | None = None


Report = Callable[[DistillProgress], None]


@dataclass(frozen=True, slots=True)
class TeacherStatistics:
    """How the teacher's features [c] spread: the scales that make the loss read as a share."""

    map_std: Float32
    active: Float32  # share of map cells above zero
    pooled_mean: Float32
    pooled_variance: float  # summed over channels

    @classmethod
    def measure(cls, maps: Float32) -> TeacherStatistics:
        """Measure on feature maps float32 [n, h, w, c]."""
        pooled = maps.mean((1, 2))
        return cls(
            map_std=np.maximum(maps.std((0, 1, 2)), 0.05).astype(np.float32),
            active=(maps > 0).mean((0, 1, 2)).astype(np.float32),
            pooled_mean=pooled.mean(0),
            pooled_variance=max(float(pooled.var(0).sum()), 1e-6),
        )


def train_student(
    images: Sequence[SourceImage],
    teacher: Teacher,
    options: DistillOptions,
    report: Report,
    reading_out: Callable[[int, int], None],
) -> Path:
    """Run (or resume) the training; return the file of averaged weights (float16 .npz).

    `reading_out` is told how many of how many images the readout has looked at.

    Raises ValueError when there is too little to train on, FloatingPointError when the loss is
    no number, and whatever made the crop thread fail.
    """
    training = [image for image in images if not image.held_out]
    held_out = _sample([image for image in images if image.held_out], HELD_OUT_ROWS, options.seed)
    if not training or not held_out:
        raise ValueError("There are too few images to train on and hold some out; give more.")
    held_out_inputs, held_out_target = _held_out_target(held_out, teacher, options.size)

    map_shape = teacher(np.zeros((1, TEACHER_SIZE, TEACHER_SIZE, 3), np.float32)).shape[1:]
    store = CropStore(
        options.work / "store",
        rows=options.crops,
        size=max(CROP_SIDE, options.size),
        map_shape=map_shape,
        seed=options.seed,
    )
    stop = threading.Event()
    filling = threading.Thread(target=store.fill, args=(training, teacher, stop), daemon=True)
    filling.start()
    try:
        wanted = min(STATISTICS_ROWS, store.rows)
        while store.ready < wanted and filling.is_alive():
            filling.join(0.1)
        if store.failure is not None:
            raise store.failure
        statistics = TeacherStatistics.measure(store.maps[:wanted].astype(np.float32))
        run = StudentRun(options, statistics, map_shape)
        run.learn(store, (held_out_inputs, held_out_target), report)
    finally:
        stop.set()
        filling.join()
    if not options.readout:
        return run.weights_file
    finished = options.work / "finished.weights.npz"
    rank = options.readout
    return add_readout(run.weights_file, training, teacher, finished, rank=rank, report=reading_out)


class StudentRun:
    """The student, its average, its optimizer and the clock: everything a checkpoint holds."""

    def __init__(
        self,
        options: DistillOptions,
        statistics: TeacherStatistics,
        map_shape: tuple[int, int, int],
    ) -> None:
        """Start fresh, or where the checkpoint in the work folder stands."""
        self.options, self.statistics, self.map_shape = options, statistics, map_shape
        self.spec = StudentSpec(options.width, options.size)
        self.weights_file = options.work / "backbone.weights.npz"
        self.checkpoint = options.work / "checkpoint.npz"
        tf.keras.utils.set_random_seed(options.seed)
        self.model = build_student(self.spec, device_precision())
        if options.start is None:
            _start_last_norm(self.model, statistics)
        else:
            self.model.set_weights(_starting_weights(options.start, self.spec))
        self.average = build_student(self.spec)
        self.average.set_weights(self.model.get_weights())
        self.optimizer = MatrixOptimizer(
            self.model.trainable_variables,
            weight_decay=options.weight_decay,
            matrices=options.matrices,
        )
        self.step, self.seconds = 0, 0.0
        if self.checkpoint.is_file():
            self._restore()
        self._steps: dict[int, Any] = {}

    def learn(self, store: CropStore, held_out: tuple[Float32, Float32], report: Report) -> None:
        """Train until the time (or the number of steps) is used up."""
        options = self.options
        random = np.random.default_rng([options.seed, self.step])
        last = saved = time.monotonic()
        losses: list[float] = []
        while not self._finished():
            if store.failure is not None:
                raise store.failure
            done = self._done()
            size = size_at(done, options.size)
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
            if now - saved > CHECKPOINT_SECONDS or self._finished():
                self.save()
                cosine, explained = agreement(self._embed(held_out[0], size), held_out[1])
                report(replace(progress, cosine=cosine, explained=explained))
                saved = time.monotonic()

    def save(self) -> None:
        """Write the checkpoint and the averaged weights, each in one rename."""
        tensors = [*self.model.get_weights(), *self.average.get_weights()]
        tensors += [variable.numpy() for variable in self.optimizer.state]
        temporary = self.checkpoint.with_name("checkpoint.tmp.npz")
        clock = json.dumps({"step": self.step, "seconds": self.seconds, **asdict(self.spec)})
        named: dict[str, Any] = {f"t{i:04d}": tensor for i, tensor in enumerate(tensors)}
        np.savez(temporary, clock=np.array(clock), **named)
        temporary.replace(self.checkpoint)
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
            self._steps[size] = self._build_step(size)
        return self._steps[size]

    def _build_step(self, size: int) -> Any:
        model, average, optimizer = self.model, self.average, self.optimizer
        statistics, pooled_weight = self.statistics, self.options.pooled_weight

        def step(crops: Any, maps: Any, rate: Any, number: Any) -> Any:
            images = tf.cast(crops, tf.float32) / 127.5 - 1.0
            if size != images.shape[1]:
                images = tf.image.resize(images, (size, size), antialias=True)
            target = tf.cast(maps, tf.float32)
            target_pooled = tf.reduce_mean(target, (1, 2))
            with tf.GradientTape() as tape:
                student, batch_statistics = forward_in_training(model, images)
                student = tf.cast(student, tf.float32)
                shrink = tf.constant(area_matrix(target.shape[1], student.shape[1]))
                small = tf.einsum("ih,nhwc,jw->nijc", shrink, target, shrink)
                map_error = tf.reduce_mean(((student - small) / statistics.map_std) ** 2)
                gap = tf.reduce_mean(student, (1, 2)) - target_pooled
                pooled_error = tf.reduce_mean(tf.reduce_sum(gap**2, 1)) / statistics.pooled_variance
                loss = map_error + pooled_weight * pooled_error
            gradients = tape.gradient(loss, model.trainable_variables)
            optimizer.apply(gradients, rate, number)
            update_moving_statistics(model, batch_statistics, number)
            decay = tf.minimum(EMA_DECAY, (1.0 + number) / (10.0 + number))
            for slow, fast in zip(average.weights, model.weights, strict=True):
                slow.assign(decay * slow + (1.0 - decay) * fast)
            return loss

        side = max(CROP_SIDE, self.options.size)
        return tf.function(
            step,
            input_signature=[
                tf.TensorSpec((None, side, side, 3), tf.uint8),
                tf.TensorSpec((None, *self.map_shape), tf.float16),
                tf.TensorSpec((), tf.float32),
                tf.TensorSpec((), tf.float32),
            ],
        )


def learning_rate_share(done: float, warm_up: float) -> float:
    """Linear warm-up, then a cosine from 1 to 0; `done` is the share of the time in [0, 1]."""
    if done < warm_up:
        return max(done, warm_up / 20) / warm_up
    return 0.5 + 0.5 * math.cos(math.pi * (done - warm_up) / (1 - warm_up))


def size_at(done: float, size: int) -> int:
    """Side in px of the training images when `done` of the time is over: small first."""
    return size if done >= SMALL_SHARE else max(32, 32 * round(size * 0.75 / 32))


def area_matrix(large: int, small: int) -> Float32:
    """Return float32 [small, large] that averages `large` cells into `small` (rows sum to 1)."""
    edges = np.arange(small + 1) * (large / small)
    cells = np.arange(large)
    low = np.maximum(edges[:-1, None], cells[None])
    high = np.minimum(edges[1:, None], cells[None] + 1)
    overlap: npt.NDArray[Any] = np.maximum(high - low, 0.0)
    matrix: Float32 = (overlap / overlap.sum(1, keepdims=True)).astype(np.float32)
    return matrix


def agreement(student: Float32, teacher: Float32) -> tuple[float, float]:
    """Compare embeddings [n, c]: (mean centred cosine, share of the teacher's variance explained).

    Both are centred by the teacher's mean over these n images.
    """
    mean = teacher.mean(0)
    a, b = student - mean, teacher - mean
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosine = (a * b).sum(1) / np.maximum(lengths, 1e-9)
    return float(cosine.mean()), float(1 - ((a - b) ** 2).sum() / (b**2).sum())


def prepare_teacher(weights: str, work: Path) -> Teacher:
    """Return the LiteRT teacher that gives feature maps, converting it once per work folder.

    Raises ExportRefused when the weights cannot be read.
    """
    import keras

    model, _, fingerprint, _ = load_weights(weights)
    converted = work / f"teacher-{fingerprint[:16]}.tflite"
    if not converted.is_file():
        work.mkdir(parents=True, exist_ok=True)
        temporary = converted.with_suffix(".tmp")
        temporary.write_bytes(convert(keras.Model(model.input, model.layers[-2].output)))
        temporary.replace(converted)
    return litert_teacher(converted.read_bytes())


def _starting_weights(path: Path, spec: StudentSpec) -> list[Float32]:
    found, weights = load_student(path)
    if found.width != spec.width:
        raise ValueError(
            f"{path} holds a student of width {found.width}, not {spec.width}; give its width."
        )
    return weights[:-READOUT_ARRAYS] if found.readout else weights


def _start_last_norm(model: Any, statistics: TeacherStatistics) -> None:
    # The last norm's output passes a ReLU; starting each channel with the teacher's own share of
    # active cells and spread saves the first minutes and the channels that would die in them.
    norm = next(x for x in reversed(model.layers) if type(x).__name__ == "BatchNormalization")
    normal = NormalDist()
    offset = np.array([normal.inv_cdf(float(p)) for p in np.clip(statistics.active, 0.02, 0.98)])
    above = np.array([normal.cdf(z) for z in offset])
    density = np.array([normal.pdf(z) for z in offset])
    mean = offset * above + density
    spread = np.sqrt((offset**2 + 1) * above + offset * density - mean**2)
    gamma = statistics.map_std / spread
    norm.gamma.assign(gamma.astype(np.float32))
    norm.beta.assign((gamma * offset).astype(np.float32))


def _held_out_target(
    images: Sequence[SourceImage], teacher: Teacher, size: int
) -> tuple[Float32, Float32]:
    def squash(image: SourceImage, side: int) -> Float32:
        pixels = image.open().resize((side, side), Image.Resampling.BILINEAR)
        return to_network(np.asarray(pixels))

    target = [teacher(squash(image, TEACHER_SIZE)[None]).mean((1, 2))[0] for image in images]
    return np.stack([squash(image, size) for image in images]), np.stack(target)


def _sample(images: Sequence[SourceImage], count: int, seed: int) -> list[SourceImage]:
    order = np.random.default_rng(seed).permutation(len(images))
    return [images[i] for i in order[:count]]
