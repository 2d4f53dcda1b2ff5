"""Fine-tuning the backbone on a community with thousands of labels. Off unless asked for.

`main.py finetune` starts it as a process (`trainer.backbone.finetune_process`) and has the gate
judge what it made. The last blocks of MobileNetV2 are unfrozen and trained on the percentile bins,
with random crops (as 256 → 224), flips and changes of colour. What comes out is a weights file: a
backbone of its own, with a fingerprint of its own.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS
from storage.errors import ExpectedError
from trainer.backbone.finetune_pictures import LEARNED, Numbers, Picture, augmented, whole
from trainer.backbone.student_weights import StudentSpec, save_student
from trainer.backbone.weights_source import load_weights

#: With fewer labels the unfrozen blocks learn the images by heart.
MIN_LABELS = 2000

#: Blocks from this one on are unfrozen.
FIRST_UNFROZEN = "block_14_expand"


Progress = Callable[[int, int, float], None]


class FinetuneRefused(ExpectedError):
    """There is too little to learn from; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    epochs: int = 6
    batch: int = 32
    learning_rate: float = 1e-4
    dropout: float = 0.4
    patience: int = 2
    seed: int = 1


def finetune(
    pictures: Sequence[Picture],
    weights: Path,
    out: Path,
    *,
    plan: Plan | None = None,
    min_labels: int = MIN_LABELS,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train, and write the backbone of the best epoch to ``out``.

    The newest tenth of the pictures decides which epoch is best; if none is better than no
    fine-tuning at all, nothing is written.

    Args:
        pictures: the oldest first.
        weights: of the backbone to begin with: Keras weights, or a student's (``.npz``).
        out: written in the same form; the file's ending is the one of ``weights``.
        plan: how to train.
        min_labels: fewer pictures are refused.
        progress: told the batches done, of how many in all, and the last loss held out.

    Returns:
        ``written``, the epoch that was kept, and the losses by epoch (epoch 0: the top alone).

    Raises:
        FinetuneRefused: too few labels, or a loss that is not finite.
        ExportRefused: the weights cannot be read.
    """
    if len(pictures) < min_labels:
        raise FinetuneRefused(
            f"Only {len(pictures)} images of older posts can be learned from (the newest "
            f"{1 - LEARNED:.0%} are kept to judge by); fine-tuning needs {min_labels}."
        )
    import keras

    plan = plan or Plan()
    keras.utils.set_random_seed(plan.seed)
    rng = np.random.default_rng(plan.seed)
    backbone, spec, _, _ = load_weights(str(weights))
    side = spec.input_size
    model = keras.Sequential(
        [backbone, keras.layers.Dropout(plan.dropout), keras.layers.Dense(BINS)]
    )
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    newest = max(1, len(pictures) // 10)
    train, held_out = pictures[:-newest], pictures[-newest:]
    losses: list[float] = []
    told = progress or (lambda *_: None)
    batches = math.ceil(len(train) / plan.batch) * (plan.epochs + 1)
    done = 0
    best, kept = math.inf, None
    for epoch in range(plan.epochs + 1):
        _unfreeze(backbone, last_blocks=epoch > 0)
        if epoch <= 1:
            rate = 1e-3 if epoch == 0 else plan.learning_rate
            model.compile(keras.optimizers.Adam(rate), loss, jit_compile=False)
        for batch, targets in _batches(train, side, plan.batch, rng, shuffled=True):
            model.train_on_batch(np.stack([augmented(i, side, rng) for i in batch]), targets)
            done += 1
            told(done, batches, losses[-1] if losses else math.nan)
        value = _loss(model, held_out, side, plan.batch, rng)
        if not math.isfinite(value):
            raise FinetuneRefused(f"The loss was not finite in epoch {epoch}.")
        losses.append(value)
        if value < best:
            best, kept = value, epoch
            if epoch > 0:
                _save(backbone, spec, out)
        elif epoch - (kept or 0) >= plan.patience:
            break
    return {"written": bool(kept), "epoch": kept, "losses": losses}


def _save(backbone: Any, spec: StudentSpec, out: Path) -> None:
    if out.suffix == ".npz":
        save_student(out, spec, backbone.get_weights())
    else:
        backbone.save_weights(out)


def _unfreeze(backbone: Any, *, last_blocks: bool) -> None:
    """Unfreeze the last blocks, or freeze everything.

    At first the top trains alone: its random start would spoil the blocks. Batch normalisation
    stays frozen: a few thousand images make poor statistics.
    """
    import keras

    first = [layer.name for layer in backbone.layers].index(FIRST_UNFROZEN)
    for number, layer in enumerate(backbone.layers):
        frozen = number < first or isinstance(layer, keras.layers.BatchNormalization)
        layer.trainable = last_blocks and not frozen


def _batches(
    pictures: Sequence[Picture],
    side: int,
    size: int,
    rng: np.random.Generator,
    *,
    shuffled: bool,
) -> Iterator[tuple[list[NDArray[np.uint8]], Numbers]]:
    """Images uint8 [side, side, 3] and their soft bins [n, 10]; undecodable ones are left out."""
    order = rng.permutation(len(pictures)) if shuffled else np.arange(len(pictures))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        images = [pictures[row].canvas(side) for row in rows]
        usable = [
            (image, pictures[row].target)
            for image, row in zip(images, rows, strict=True)
            if image is not None
        ]
        if usable:
            yield [image for image, _ in usable], np.stack([target for _, target in usable])


def _loss(
    model: Any, pictures: Sequence[Picture], side: int, size: int, rng: np.random.Generator
) -> float:
    """Mean log loss of the pictures, whole; infinite where none can be decoded."""
    total, n = 0.0, 0
    for batch, targets in _batches(pictures, side, size, rng, shuffled=False):
        value = model.test_on_batch(np.stack([whole(i, side) for i in batch]), targets)
        total += float(np.ravel(value)[0]) * len(batch)
        n += len(batch)
    return total / n if n else math.inf
