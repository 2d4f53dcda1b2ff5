"""Fitting the network that reads faces. Written for any backend of Keras (KERAS_BACKEND)."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from models.attributes.expressions import standardise
from trainer.attributes.face_augmentation import FaceAugmentation
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
        start: weights of a MobileNetV2 that the network begins with; None: a small residual
            network begins with random ones.
        enlarged: what faces are enlarged to for a MobileNetV2, pixels.
    """

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

    def build(self, images: NDArray[np.uint8], classes: int) -> Any:
        """A network for such images, not fitted."""
        if self.start is None:
            return self.build_empty(side=images.shape[1], classes=classes, pretrained=False)
        return build_pretrained(
            self.start, standardise(images[:_EXAMPLES]), classes=classes, side=self.enlarged,
            drop=self.drop,
        )  # fmt: skip

    def build_empty(self, *, side: int, classes: int, pretrained: bool) -> Any:
        """A network for images of that side, with random weights."""
        if pretrained:
            return build_large(face=side, classes=classes, side=self.enlarged, drop=self.drop)[0]
        return build_network(side=side, classes=classes, width=self.width, drop=self.drop)


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
        resume: a folder in which the state is kept, about a hundred times, until the network is
            fitted: a run that was cut short goes on there. None: nothing is kept.
        show: whether a bar says how far it is.

    Returns:
        The keras.Model of `Recipe.build`, its weights averaged over the last steps.
    """
    keras.utils.set_random_seed(seed)
    network, model = _model(images, recipe, classes, seed)
    parts = _parts(recipe.steps) if resume or show else 1
    batches = _Batches(images, labels, classes, recipe, seed, parts)
    callbacks: list[Any] = [
        keras.callbacks.LambdaCallback(on_epoch_begin=lambda part, logs=None: batches.turn_to(part))
    ]
    if resume:
        callbacks.append(keras.callbacks.BackupAndRestore(str(resume), double_checkpoint=True))
    model.fit(batches, epochs=parts, verbose=2 if show else 0, callbacks=callbacks)
    return network


def _model(images: NDArray[np.uint8], recipe: Recipe, classes: int, seed: int) -> tuple[Any, Any]:
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
        _loss,
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
    _, model = _model(images, few, classes, 0)
    note = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs=None: moments.append(time.monotonic())
    )
    batches = _Batches(images, labels, classes, few, 0, 1)
    model.fit(batches, epochs=1, verbose=0, callbacks=[note])
    # The first two are longer: everything is made ready in them.
    return (moments[-1] - moments[1]) / (len(moments) - 2)


def _loss(_: Any, found: Any) -> Any:
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


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """`recipe.steps` batches, drawn pass by pass in a random order."""

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.int64],
        classes: int,
        recipe: Recipe,
        seed: int,
        parts: int,
    ) -> None:
        super().__init__()
        self._length, self._first = recipe.steps // parts, 0
        self._images = images[..., np.newaxis]
        self._labels = np.eye(classes, dtype=np.float32)[labels]
        self._weights = np.ones(len(images), np.float32)
        counts = np.bincount(labels, minlength=classes)
        inverse = (len(images) / np.maximum(counts, 1) / np.count_nonzero(counts))[labels]
        if recipe.balance == "class weights":
            self._weights = inverse.astype(np.float32)
        random = np.random.default_rng(seed)
        needed = recipe.steps * recipe.batch
        if recipe.balance == "over-sampling":
            order = random.choice(len(images), needed, p=inverse / inverse.sum())
        else:
            passes = -(-needed // len(images))
            order = np.concatenate([random.permutation(len(images)) for _ in range(passes)])
        self._order = order[:needed].reshape(recipe.steps, recipe.batch)

    def turn_to(self, part: int) -> None:
        """Go on with a part, counted from 0."""
        self._first = part * self._length

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, step: int) -> Any:
        rows = self._order[self._first + step]
        labels = self._labels[rows]
        return (self._images[rows].astype(np.float32), labels), labels, self._weights[rows]
