"""Fitting the caption network, with any of Keras's backends."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from trainer.captions.network import PREFIX, CaptionNetwork, Shape

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

#: Lengths that captions are padded to, so that short ones cost little.
LENGTHS = (16, 20, 24, 32, 48, 64)


@dataclass(frozen=True, slots=True)
class CaptionArrays:
    """Captions ready for the network.

    Attributes:
        tokens: int32 [n, 64]: PICTURE, expression, kind, place, BEGIN, text, END, then 0.
        lengths: int32 [n], tokens up to END, END included.
        templates: int32 [n].
        merit: float32 [n], 0 to 1, of the votes among the template's captions of that time.
        views: float16 [templates, v, 1280], embeddings of the templates, cropped in many ways.
        anything: int32 [3], the tokens that say "any expression", "any kind", "any place".
    """

    tokens: Ints
    lengths: Ints
    templates: Ints
    merit: Floats
    views: NDArray[np.float16]
    anything: Ints

    def rows(self, chosen: NDArray[Any]) -> "CaptionArrays":
        """Some of the captions."""
        return CaptionArrays(
            self.tokens[chosen], self.lengths[chosen], self.templates[chosen],
            self.merit[chosen], self.views, self.anything,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the network is fitted."""

    epochs: int = 20
    batch: int = 128
    rate: float = 1e-3
    decay: float = 0.1
    merit_weight: float = 0.5
    forget_picture: float = 0.3
    forget_steering: float = 0.5
    seed: int = 1


def _loss_of_tokens(wanted: Any, logits: Any) -> Any:
    """Mean cross-entropy over the tokens that are there (0 is none)."""
    there = ops.cast(wanted != 0, "float32")
    each = ops.sparse_categorical_crossentropy(wanted, logits, from_logits=True)
    return ops.sum(each * there) / ops.maximum(ops.sum(there), 1.0)


def _loss_of_merit(wanted: Any, merit: Any) -> Any:
    """Cross-entropy of the mean merit over the text; wanted [n, 1 + places]: value, then weights.

    The weights are 0 where the caption's place was told: then it would only be read off.
    """
    value, weights = wanted[:, 0], wanted[:, 1:]
    told = ops.sum(weights, axis=1)
    mean = ops.sum(merit * weights, axis=1) / ops.maximum(told, 1.0)
    each = ops.softplus(mean) - value * mean
    counted = ops.cast(told > 0, "float32")
    return ops.sum(each * counted) / ops.maximum(ops.sum(counted), 1.0)


def _batches(
    data: CaptionArrays, recipe: Recipe, random: np.random.Generator
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """One pass over the captions; what steers each is forgotten now and then."""
    found = []
    for shorter, length in zip((0, *LENGTHS), LENGTHS, strict=False):
        rows = np.flatnonzero((data.lengths > shorter) & (data.lengths <= length))
        random.shuffle(rows)
        # The last batch is filled up from the front: one size, compiled once.
        fill = -len(rows) % recipe.batch
        rows = np.concatenate([rows, np.resize(rows, fill)]) if len(rows) else rows
        for start in range(0, len(rows), recipe.batch):
            chosen = rows[start : start + recipe.batch]
            tokens = data.tokens[chosen, :length].copy()
            for column in range(3):
                forgotten = random.random(len(chosen)) < recipe.forget_steering
                tokens[forgotten, 1 + column] = data.anything[column]
            view = random.integers(data.views.shape[1], size=len(chosen))
            picture = data.views[data.templates[chosen], view].astype(np.float32)
            picture[random.random(len(chosen)) < recipe.forget_picture] = 0
            untold = tokens[:, 3] == data.anything[2]
            found.append(_inputs_and_wanted(tokens, picture, data.merit[chosen], untold))
    random.shuffle(found)
    # Keras takes the shapes it is to expect from the first two.
    first = found[0][0]["tokens"].shape
    other = (n for n, (inputs, _) in enumerate(found) if inputs["tokens"].shape != first)
    found.insert(1, found.pop(next(other, min(1, len(found) - 1))))
    return found


class _Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches that lie in memory, for Keras."""

    def __init__(self, batches: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        super().__init__()
        self._batches = batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> tuple[dict[str, Any], dict[str, Any]]:
        return self._batches[number]


def _inputs_and_wanted(
    tokens: Ints, picture: Floats, merit: Floats, untold: NDArray[np.bool_]
) -> tuple[dict[str, Any], dict[str, Any]]:
    wanted = np.zeros_like(tokens)
    wanted[:, PREFIX - 1 : -1] = tokens[:, PREFIX:]
    text = (tokens != 0) & (np.arange(tokens.shape[1]) >= PREFIX) & untold[:, None]
    return (
        {"tokens": tokens, "picture": picture},
        {
            "logits": wanted,
            "merit": np.concatenate([merit[:, None], text], axis=1).astype(np.float32),
        },
    )


def _made_ready(shape: Shape, recipe: Recipe, batches: int) -> CaptionNetwork:
    """A network with its first weights and its optimizer, for epochs of so many batches."""
    keras.utils.set_random_seed(recipe.seed)
    network = CaptionNetwork(shape)
    network.build()
    steps = recipe.epochs * batches
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(
            recipe.rate / 20, steps - steps // 20, alpha=0.02,
            warmup_target=recipe.rate, warmup_steps=steps // 20,
        ),
        weight_decay=recipe.decay, beta_2=0.98, global_clipnorm=1.0,
    )  # fmt: skip
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    network.compile(
        optimizer=optimizer,
        loss={"logits": _loss_of_tokens, "merit": _loss_of_merit},
        loss_weights={"logits": 1.0, "merit": recipe.merit_weight},
        jit_compile=keras.backend.backend() == "jax",
    )
    return network


def seconds_an_epoch(data: CaptionArrays, shape: Shape, recipe: Recipe) -> float:
    """How long an epoch takes on this machine now: a batch of each length is timed, twice."""
    batches = _batches(data, recipe, np.random.default_rng(0))
    network = _made_ready(shape, recipe, len(batches))
    seconds = 0.0
    for length in LENGTHS:
        alike = [batch for batch in batches if batch[0]["tokens"].shape[1] == length]
        if not alike:
            continue
        network.train_on_batch(*alike[0])  # everything is made ready in the first
        began = time.monotonic()
        for _ in range(2):
            network.train_on_batch(*alike[0])
        seconds += (time.monotonic() - began) / 2 * len(alike)
    return seconds


def fit_network(
    data: CaptionArrays, shape: Shape, recipe: Recipe, *,
    judged: CaptionArrays, on_epoch: Callable[[dict[str, Any]], None],
) -> CaptionNetwork:  # fmt: skip
    """Fit a network; it ends with the weights of the epoch that did best on ``judged``."""
    random = np.random.default_rng(recipe.seed)
    network = _made_ready(shape, recipe, len(_batches(data, recipe, np.random.default_rng(0))))
    best, weights = np.inf, network.get_weights()
    for epoch in range(recipe.epochs):
        began = time.monotonic()
        batches = _Batches(_batches(data, recipe, random))
        history = network.fit(batches, epochs=1, shuffle=False, verbose=0).history
        row: dict[str, Any] = {"epoch": epoch, "train": float(history["loss"][0])}
        if epoch >= recipe.epochs // 3 or epoch == 0:
            nats, merits = judge(network, judged)
            row["nats"] = float(nats.sum() / (judged.lengths - PREFIX).sum())
            row["merit_r"] = float(np.corrcoef(merits, judged.merit)[0, 1])
            if row["nats"] < best:
                best, weights = row["nats"], network.get_weights()
        row["seconds"] = round(time.monotonic() - began, 1)
        on_epoch(row)
    network.set_weights(weights)
    return network


def judge(
    network: CaptionNetwork, data: CaptionArrays, *, with_picture: bool = True, batch: int = 256
) -> tuple[Floats, Floats]:
    """Each caption's negative log-likelihood, nats, and its merit; nothing told but the picture."""
    nats, merits = np.zeros(len(data.tokens), np.float32), np.zeros(len(data.tokens), np.float32)
    for shorter, length in zip((0, *LENGTHS), LENGTHS, strict=False):
        rows = np.flatnonzero((data.lengths > shorter) & (data.lengths <= length))
        for start in range(0, len(rows), batch):
            chosen = np.resize(rows[start : start + batch], batch)
            tokens = data.tokens[chosen, :length].copy()
            tokens[:, 1:4] = data.anything
            picture = data.views[data.templates[chosen], 0].astype(np.float32)
            inputs, wanted = _inputs_and_wanted(
                tokens, picture * with_picture, data.merit[chosen], np.ones(batch, np.bool_)
            )
            found = _judged(network, inputs, wanted)
            here = rows[start : start + batch]
            nats[here], merits[here] = found[0][: len(here)], found[1][: len(here)]
    return nats, merits


def _judged(
    network: CaptionNetwork, inputs: dict[str, Any], wanted: dict[str, Any]
) -> tuple[Floats, Floats]:
    out = network.predict_on_batch({**inputs, "wanted": wanted["logits"]})
    weights = wanted["merit"][:, 1:]
    merit = (np.asarray(out["merit"]) * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1)
    return (np.asarray(out["nats"]) * (wanted["logits"] != 0)).sum(axis=1), merit
