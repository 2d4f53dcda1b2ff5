"""Fitting a head on stored features: encode once, fit both parts, blend them, export."""

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.encoding import Encoding
from models.head import Head, Member
from trainer.head.fit_encoding import (
    CHUNK,
    Groups,
    Rows,
    encode,
    encoded_blank,
    encoded_blanks,
    fit_encoding,
)
from trainer.head.linear import fit_linear
from trainer.head.recipe import Recipe

Floats = NDArray[np.float32]
Progress = Callable[[int, float, float], None]

#: Fixed, so that sums are taken in the same order wherever the same processor runs.
_THREADS = 2

#: Shares of the linear part that are tried below all of it.
_SHARES = (0.75, 0.5, 0.25, 0.0)


class LossNotFinite(Exception):
    """The loss became infinite or undefined; the message is a sentence."""


@dataclass(slots=True)
class Fitted:
    """A head before calibration, and how it was fitted."""

    head: Head
    epochs: int
    #: Weight of the linear part, 0 to 1; the network has the rest.
    linear_share: float = 1.0
    losses: list[float] = field(default_factory=list)
    stop_losses: list[float] = field(default_factory=list)


def fit(
    groups: Groups,
    targets: NDArray[np.float64],
    train: Rows,
    stop: Rows,
    *,
    recipe: Recipe,
    seed: int,
    epochs: int | None = None,
    linear_share: float | None = None,
    encoding: Encoding | None = None,
    blanks: Mapping[str, Mapping[str, Floats]] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit a head: its linear part, and the network where it is better than that alone.

    Args:
        groups: raw groups (`models.head.GROUPS`), each [n, width]; may be memory-mapped.
        targets: soft bins, float64 [n, 10].
        train: rows to fit on, at least one.
        stop: rows whose loss ends the training when it no longer falls; empty with ``epochs``.
        recipe: sizes and regularisation.
        seed: of everything random; the same seed and data give the same head, bit for bit.
        epochs: train exactly so long instead of stopping early.
        linear_share: the linear part's share, instead of finding it on ``stop``; with all of it
            no network is trained. Without ``stop`` and this, the two have half each.
        encoding: fitted before; otherwise it is fitted on ``train``. It knows no label.
        blanks: raw values of each missing source (`models.features.Features.blanks`), which parts
            of the posts are shown without.
        progress: called after each epoch with its number, its loss and the loss on ``stop``.

    Raises:
        LossNotFinite: a loss became infinite or undefined.
    """
    encoding = encoding or fit_encoding(groups, train, recipe)
    encoded = encode(encoding, groups, train)
    blanks = blanks or {}
    linear = (
        fit_linear(
            encoded, targets[train], penalty=recipe.linear_penalty,
            stranger=encoded_blank(encoding, blanks["author"]) if "author" in blanks else None,
            share=recipe.strangers,
        )
        if linear_share != 0
        else None
    )  # fmt: skip
    if linear is not None and linear_share == 1:
        return Fitted(Head(encoding, (linear,)), 0)
    tf = _tensorflow()
    from trainer.head.network import network_for

    held_out = encode(encoding, groups, stop)
    network = network_for(encoded, recipe)
    network.begin(encoded_blanks(encoding, blanks), seed)
    tensors = {group: tf.constant(values) for group, values in encoded.items()}
    del encoded
    wanted = tf.constant(targets[train], tf.float32)
    rng = np.random.default_rng(seed)
    fitted = Fitted(Head.uniform(), 0)
    best, best_members = math.inf, network.members()
    for number in range(1, (epochs or recipe.max_epochs) + 1):
        order = tf.constant(_batches(rng, len(train), recipe.batch))
        value = network.epoch(tensors, wanted, order)
        head = Head(encoding, network.members())
        losses = _losses(head, held_out, targets[stop], recipe)
        stop_value = float(losses.mean()) if len(stop) else value
        if not (math.isfinite(value) and math.isfinite(stop_value)):
            raise LossNotFinite(f"The loss was not finite in epoch {number}.")
        fitted.losses.append(value)
        fitted.stop_losses.append(stop_value)
        if progress:
            progress(number, value, stop_value)
        if epochs is not None or stop_value < best:
            best, best_members, fitted.epochs = stop_value, head.members, number
        if epochs is None and number - fitted.epochs >= recipe.patience:
            break
    fitted.linear_share = linear_share if linear_share is not None else 0.5
    if linear is None:
        fitted.head = Head(encoding, best_members)
        return fitted
    if linear_share is None and len(stop):
        fitted.linear_share = _share(
            encoding, linear, best_members, held_out, targets[stop], recipe
        )
    fitted.head = Head(encoding, blended(linear, best_members, fitted.linear_share))
    return fitted


def blended(linear: Member, network: Sequence[Member], share: float) -> tuple[Member, ...]:
    """Members whose mean is the linear part, with ``share`` (0 to 1), and the network's mean."""
    if share == 1:
        return (linear,)
    if share == 0:
        return tuple(network)
    count = len(network) + 1
    return (
        linear.times(share * count),
        *(member.times((1 - share) * count / len(network)) for member in network),
    )


def _share(
    encoding: Encoding,
    linear: Member,
    network: Sequence[Member],
    held_out: Mapping[str, Floats],
    targets: NDArray[np.float64],
    recipe: Recipe,
) -> float:
    """The linear part's share with the least loss on posts held out.

    All of it, unless a smaller one does better by more than the gain's standard error: the
    network was stopped on these posts, and few posts show little.
    """

    def losses(share: float) -> NDArray[np.float64]:
        return _losses(Head(encoding, blended(linear, network, share)), held_out, targets, recipe)

    alone = losses(1.0)
    gains = {share: alone - losses(share) for share in _SHARES}
    best = max(gains, key=lambda share: float(gains[share].mean()))
    error = float(gains[best].std()) / math.sqrt(len(alone))
    return best if float(gains[best].mean()) > error else 1.0


def _tensorflow() -> Any:
    """TensorFlow, set to give the same result every time."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(_THREADS)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # TensorFlow already runs in this process; it keeps the threads that it has.
        return tf
    return tf


def _batches(rng: np.random.Generator, n: int, size: int) -> NDArray[np.int32]:
    """A random order of ``n`` rows in whole batches; a remainder is left out of this epoch."""
    size = min(size, n)
    order = rng.permutation(n)[: n // size * size]
    return order.astype(np.int32).reshape(-1, size)


def _losses(
    head: Head, encoded: Mapping[str, Floats], targets: NDArray[np.float64], recipe: Recipe
) -> NDArray[np.float64]:
    """The training loss of the averaged members on each post, a chunk at a time."""
    found = [np.empty(0)]
    for start in range(0, len(targets), CHUNK):
        rows = slice(start, start + CHUNK)
        logits = head.encoded_logits({group: values[rows] for group, values in encoded.items()})
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_bins = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        gaps = np.cumsum(np.exp(log_bins), axis=1) - np.cumsum(targets[rows], axis=1)
        log_loss = -(targets[rows] * log_bins).sum(axis=1)
        found.append(log_loss + recipe.ranked_weight * (gaps**2).sum(axis=1))
    return np.concatenate(found)
