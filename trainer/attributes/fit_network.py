"""Fitting the network that reads faces. Written for any backend of Keras (KERAS_BACKEND)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from models.attributes.expressions import standardise
from trainer.attributes.face_augmentation import FaceAugmentation
from trainer.attributes.face_mesh import build_mesh, read_mesh, start_mesh
from trainer.attributes.face_network import build_large, build_network, build_pretrained

#: Faces that a pretrained network's normalisation begins with.
_EXAMPLES = 128

#: The weights are averaged over about one in so many of the steps, the last ones.
_AVERAGED = 7.2

#: Parts of a fit after each of which its state is kept.
_PARTS = 100
#: Steps by which the time of one is told.
_TIMED = 8

#: What is done about classes that are rare.
Balance = Literal["none", "class weights", "over-sampling"]
#: A small residual network, a MobileNetV2, or the trunk of MediaPipe's face mesh.
Kind = Literal["residual", "pretrained", "mesh"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a network is fitted.

    Attributes:
        width: see `build_network`.
        steps: batches in all.
        batch: faces in each.
        rate: the highest learning rate; it rises over the first 5% of steps, then falls to 0.
        decay: weight decay of AdamW.
        smoothing: share of each label that is spread over all classes.
        drop: see `build_network`.
        balance: what is done about rare classes.
        blend: another face, with its label, is mixed in by up to this share.
        kind: which network it is.
        start: the weights that a MobileNetV2 begins with; of a mesh, those of `mesh_weights`.
        enlarged: what faces are enlarged to, pixels; a residual network reads them as they are.
        taught: share of each label that gives way to what a teacher says of the face.
        kept: layers of a MobileNetV2 before this one stay as they were; empty: all learn.
    """

    kind: Kind = "residual"
    width: int = 32
    steps: int = 3600
    batch: int = 128
    rate: float = 2e-3
    decay: float = 0.05
    smoothing: float = 0.1
    drop: float = 0.4
    balance: Balance = "none"
    blend: float = 0.0
    start: Path | None = None
    enlarged: int = 96
    taught: float = 0.0
    kept: str = ""

    def build(self, images: NDArray[np.uint8], classes: int) -> Any:
        """A network for such images, as it is before it is fitted."""
        if self.kind == "pretrained" and self.start is not None:
            return build_pretrained(
                self.start, standardise(images[:_EXAMPLES]), classes=classes, side=self.enlarged,
                drop=self.drop, kept=self.kept,
            )  # fmt: skip
        network = self.build_empty(side=images.shape[1], classes=classes)
        if self.kind == "mesh":
            start_mesh(network, read_mesh(self.start))
        return network

    def build_empty(self, *, side: int, classes: int) -> Any:
        """A network for images of that side, with random weights."""
        if self.kind == "residual":
            return build_network(side=side, classes=classes, width=self.width, drop=self.drop)
        if self.kind == "mesh":
            return build_mesh(face=side, classes=classes, side=self.enlarged, drop=self.drop)
        return build_large(face=side, classes=classes, side=self.enlarged, drop=self.drop)[0]


@dataclass(frozen=True, slots=True)
class Told:
    """What a network says of faces.

    Attributes:
        probabilities: float32[n, classes].
        features: float32[n, 4 * width], what its last layer reads.
    """

    probabilities: NDArray[np.float32]
    features: NDArray[np.float32]


def fit_network(
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    recipe: Recipe,
    *,
    classes: int,
    seed: int,
    teacher: NDArray[np.float32] | None = None,
    resume: Path | None = None,
    show: bool = False,
) -> Any:
    """Fit a network to grey images.

    Args:
        images: uint8[n, side, side], in no order.
        labels: int64[n], 0 to classes - 1.
        recipe: how.
        classes: how many the network tells apart.
        seed: of the first weights, the order and the augmentation.
        teacher: float32[n, classes], what a teacher says of each; see `Recipe.taught`.
        resume: a folder in which the state is kept, about a hundred times, until the network is
            fitted: a run that was cut short goes on there. None: nothing is kept.
        show: whether a bar says how far it is.

    Returns:
        The keras.Model of `Recipe.build`, its weights averaged over the last steps.
    """
    keras.utils.set_random_seed(seed)
    network, model = training_model(images, recipe, classes, seed)
    parts = _parts(recipe.steps) if resume or show else 1
    plan = Plan.of(labels, recipe, classes=classes, seed=seed, teacher=teacher)
    batches = _Batches(images, plan, parts)
    callbacks: list[Any] = [
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda part, logs=None: batches.turn_to(part))
    ]
    if resume:
        callbacks.append(keras.callbacks.BackupAndRestore(str(resume), double_checkpoint=True))
    model.fit(batches, epochs=parts, verbose=2 if show else 0, callbacks=callbacks)
    return network


def training_model(
    images: NDArray[np.uint8], recipe: Recipe, classes: int, seed: int
) -> tuple[Any, Any]:
    """The network, and around it what it is fitted with."""
    network = recipe.build(images, classes)
    faces = keras.Input((*images.shape[1:], 1), dtype="float32")
    truth = keras.Input((classes,), dtype="float32")
    seen, target = BlendFaces(seed, recipe.blend)([FaceAugmentation(seed)(faces), truth])
    target = target * (1 - recipe.smoothing) + recipe.smoothing / classes
    logits, _ = network(seen)
    model = keras.Model([faces, truth], ops.concatenate([logits, target], axis=1))
    warmup = max(recipe.steps // 20, 1)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(recipe.steps - warmup, 1), warmup_target=recipe.rate, warmup_steps=warmup
    )
    model.compile(
        keras.optimizers.AdamW(
            rate,
            weight_decay=recipe.decay,
            clipnorm=1.0,
            use_ema=True,
            ema_momentum=max(1 - _AVERAGED / recipe.steps, 0.0),
        ),
        loss_of,
    )
    return network, model


def _parts(steps: int) -> int:
    """As many parts of equal length as `_PARTS`, or the next fewer that divide the steps."""
    return next(parts for parts in range(min(_PARTS, steps), 0, -1) if steps % parts == 0)


def seconds_a_step(
    images: NDArray[np.uint8], labels: NDArray[np.int64], recipe: Recipe, *, classes: int
) -> float:
    """How long a step takes on this machine now, once the network was made ready."""
    moments: list[float] = []
    keras.utils.set_random_seed(0)
    few = replace(recipe, steps=_TIMED)
    _, model = training_model(images, few, classes, 0)
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs=None: moments.append(time.monotonic())
    )
    batches = _Batches(images, Plan.of(labels, few, classes=classes, seed=0), 1)
    model.fit(batches, epochs=1, verbose=0, callbacks=[note])
    # The first two are longer: everything is made ready in them.
    return (moments[-1] - moments[1]) / (len(moments) - 2)


def loss_of(_: Any, found: Any) -> Any:
    """Cross-entropy of the second half, the targets, by the first, the logits."""
    logits, target = ops.split(found, 2, axis=1)
    return ops.categorical_crossentropy(ops.stop_gradient(target), logits, from_logits=True)


class BlendFaces(keras.layers.Layer):  # type: ignore[misc]
    """Mixes another face of the batch into each, and its label into its label, while training.

    Args:
        seed: of the chance.
        most: share of the other face at most.
    """

    def __init__(self, seed: int, most: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most
        self.random = keras.random.SeedGenerator(seed)

    def call(self, inputs: Sequence[Any], training: bool = False) -> Any:
        faces, labels = inputs
        if not training or not self.most:
            return faces, labels
        count = ops.shape(faces)[0]
        share = keras.random.uniform((count, 1), 0.0, self.most, seed=self.random)
        faces = faces * (1 - share[:, :, None, None]) + faces[::-1] * share[:, :, None, None]
        return faces, labels * (1 - share) + labels[::-1] * share

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)


def tell(network: Any, images: NDArray[np.uint8]) -> Told:
    """What `network` says of images, each looked at as it is and mirrored.

    Args:
        network: of `fit_network`.
        images: uint8[n, side, side].
    """
    entry = standardise(images)
    logits, features = (np.asarray(each) for each in network.predict(entry, 512, verbose=0))
    mirrored, _ = network.predict(entry[:, :, ::-1], 512, verbose=0)
    both = np.asarray(ops.softmax(logits)) + np.asarray(ops.softmax(mirrored))
    return Told((both / 2).astype(np.float32), features)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which faces each step sees, and what it is to say of them.

    Attributes:
        targets: float32[n, classes], each row adds up to 1.
        weights: float32[n], what a face counts.
        order: int64[steps, batch], rows.
    """

    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    order: NDArray[np.int64]

    @classmethod
    def of(
        cls, labels: NDArray[np.int64], recipe: Recipe, *, classes: int, seed: int,
        teacher: NDArray[np.float32] | None = None,
    ) -> Self:  # fmt: skip
        """`recipe.steps` batches, drawn pass by pass in a random order."""
        targets = np.eye(classes, dtype=np.float32)[labels]
        if teacher is not None:
            targets = (1 - recipe.taught) * targets + recipe.taught * teacher
        count = len(labels)
        counts = np.bincount(labels, minlength=classes)
        inverse = (count / np.maximum(counts, 1) / np.count_nonzero(counts))[labels]
        balanced = recipe.balance == "class weights"
        weights = inverse if balanced else np.ones(count)
        random = np.random.default_rng(seed)
        needed = recipe.steps * recipe.batch
        if recipe.balance == "over-sampling":
            order = random.choice(count, needed, p=inverse / inverse.sum())
        else:
            passes = -(-needed // count)
            order = np.concatenate([random.permutation(count) for _ in range(passes)])
        order = order[:needed].reshape(recipe.steps, recipe.batch)
        return cls(targets.astype(np.float32), weights.astype(np.float32), order)


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """The steps of a plan, in parts."""

    def __init__(self, images: NDArray[np.uint8], plan: Plan, parts: int) -> None:
        super().__init__()
        self._length, self._first = len(plan.order) // parts, 0
        self._images, self._plan = images[..., np.newaxis], plan

    def turn_to(self, part: int) -> None:
        """Go on with a part, counted from 0."""
        self._first = part * self._length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, step: int) -> Any:
        rows = self._plan.order[self._first + step]
        targets = self._plan.targets[rows]
        return (self._images[rows].astype(np.float32), targets), targets, self._plan.weights[rows]
