"""Fitting a head on stored features: standardise, train with early stopping, export."""

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.head import GROUPS, Head
from trainer.recipe import Recipe

Rows = NDArray[np.intp]
Floats = NDArray[np.float32]
Groups = Mapping[str, NDArray[Any]]
Progress = Callable[[int, float, float], None]

#: Rows standardised, or read from disk, at once.
_CHUNK = 16_384

#: Fixed, so that sums are taken in the same order on every machine with the same processor.
_THREADS = 2


class LossNotFinite(Exception):
    """Training went astray; the message is a sentence."""


@dataclass(slots=True)
class Fitted:
    """A head before calibration, and how it came about."""

    head: Head
    epochs: int
    losses: list[float] = field(default_factory=list)
    stop_losses: list[float] = field(default_factory=list)


def standards(groups: Groups, rows: Rows) -> dict[str, tuple[Floats, Floats]]:
    """Mean and scale of each column over some rows, read in chunks; one scale for all of text.

    Hashed words are rare: dividing each column by its own deviation would blow up noise.
    """
    found = {}
    for group in GROUPS:
        values = groups[group]
        total = np.zeros(values.shape[1])
        squares = np.zeros(values.shape[1])
        for start in range(0, len(rows), _CHUNK):
            chunk = values[rows[start : start + _CHUNK]].astype(np.float64)
            total += chunk.sum(axis=0)
            squares += (chunk**2).sum(axis=0)
        mean = total / len(rows)
        variance = np.clip(squares / len(rows) - mean**2, 0, None)
        if group == "text":
            mean, variance = np.zeros_like(mean), np.full_like(variance, variance.mean())
        # A column that never varies carries nothing, and must not when it varies one day.
        scale = np.where(variance > 1e-10, np.sqrt(variance), 1e6)
        found[group] = (mean.astype(np.float32), scale.astype(np.float32))
    return found


def _standardised(
    groups: Groups, rows: Rows, with_standards: Mapping[str, tuple[Floats, Floats]]
) -> dict[str, Floats]:
    return {
        group: (groups[group][rows].astype(np.float32) - mean) / scale
        for group, (mean, scale) in with_standards.items()
    }


def fit(
    groups: Groups,
    targets: NDArray[np.float64],
    train: Rows,
    stop: Rows,
    *,
    recipe: Recipe,
    seed: int,
    epochs: int | None = None,
    blanks: Mapping[str, list[Floats]] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit the members of a head.

    Args:
        groups: embedding, text and metadata, each [n, width]; may be memory-mapped.
        targets: soft bins, float64 [n, 10].
        train: rows to fit on.
        stop: rows whose loss ends the training when it no longer falls; empty with ``epochs``.
        recipe: sizes and regularisation.
        seed: of everything random; the same seed and data give the same head, bit for bit.
        epochs: train exactly so long instead of stopping early.
        blanks: raw values of a missing source, per group (`models.features.Features.blanks`).
        progress: called after each epoch with its number, its loss and the loss on ``stop``.

    Raises:
        LossNotFinite: a loss became infinite or undefined.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    import tensorflow as tf

    from trainer.network import build, exported, ordinal_loss

    _make_deterministic(tf)
    with_standards = standards(groups, train)
    model = build(
        {group: groups[group].shape[1] for group in GROUPS},
        _standardised_blanks(blanks or {}, with_standards),
        recipe,
        seed,
    )
    model.compile(
        optimizer=keras.optimizers.AdamW(
            recipe.learning_rate, weight_decay=recipe.weight_decay, clipnorm=10.0
        ),
        loss=ordinal_loss(recipe.ranked_weight),
    )
    rng = np.random.default_rng(seed)
    held_out = _standardised(groups, stop, with_standards)
    fitted = Fitted(Head.uniform(), 0)
    best, best_weights, since = math.inf, model.get_weights(), 0
    for epoch in range(epochs or recipe.max_epochs):
        loss = _epoch(model, groups, targets, rng.permutation(train), with_standards, recipe)
        stop_loss = (
            float(model.evaluate(held_out, targets[stop], batch_size=_CHUNK, verbose=0))
            if len(stop)
            else loss
        )
        if not (math.isfinite(loss) and math.isfinite(stop_loss)):
            raise LossNotFinite(f"The loss was not finite in epoch {epoch + 1}.")
        fitted.losses.append(loss)
        fitted.stop_losses.append(stop_loss)
        if progress:
            progress(epoch + 1, loss, stop_loss)
        if epochs is None:
            since += 1
            if stop_loss < best:
                best, best_weights, since = stop_loss, model.get_weights(), 0
                fitted.epochs = epoch + 1
            if since >= recipe.patience:
                break
        else:
            best_weights = None
            fitted.epochs = epoch + 1
    if best_weights is not None:
        model.set_weights(best_weights)
    fitted.head = Head(exported(model, with_standards, recipe.members))
    return fitted


def _make_deterministic(tf: Any) -> None:
    tf.config.experimental.enable_op_determinism()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(_THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(_THREADS)
    except RuntimeError:
        # TensorFlow already runs in this process; it keeps the threads that it has.
        return


def _epoch(
    model: Any,
    groups: Groups,
    targets: NDArray[np.float64],
    order: Rows,
    with_standards: Mapping[str, tuple[Floats, Floats]],
    recipe: Recipe,
) -> float:
    """One pass over the rows in the given order, a chunk in memory at a time; the mean loss."""
    total = 0.0
    for start in range(0, len(order), _CHUNK):
        rows = order[start : start + _CHUNK]
        history = model.fit(
            # Rows of a chunk are read in the order they lie on disk, then shuffled in memory.
            _standardised(groups, rows, with_standards),
            targets[rows].astype(np.float32),
            batch_size=recipe.batch,
            shuffle=False,
            verbose=0,
        )
        total += float(history.history["loss"][0]) * len(rows)
    return total / len(order)


def _standardised_blanks(
    blanks: Mapping[str, list[Floats]], with_standards: Mapping[str, tuple[Floats, Floats]]
) -> dict[str, list[Floats]]:
    return {
        group: [(blank - with_standards[group][0]) / with_standards[group][1] for blank in listed]
        for group, listed in blanks.items()
    }
