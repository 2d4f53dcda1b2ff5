"""Fine-tuning the backbone on a community with thousands of labels. Off unless asked for.

`main.py finetune` starts it as a process (`trainer.backbone.finetune_process`) and has the gate
judge what it made. The last blocks of MobileNetV2 are unfrozen and trained on the percentile bins,
with random crops (as 256 → 224), flips and changes of colour. What comes out is a weights file: a
backbone of its own, with a fingerprint of its own.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS
from storage.errors import ExpectedError
from storage.files.atomic import replacing
from trainer.backbone.finetune_canvas import augmented, canvas, whole
from trainer.backbone.finetune_pictures import LEARNED, Look, Numbers, Picture
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
    checkpoint: Path | None = None,
    look: Look = canvas,
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
        checkpoint: file that holds all of it after each epoch; where it is of the same pictures,
            weights and plan, training goes on there. Deleted at the end. None: there is none.
        look: decodes the pictures.

    Returns:
        ``written``, the epoch that was kept, and the losses by epoch (epoch 0: the top alone).

    Raises:
        FinetuneRefused: too few labels, or a loss that is not finite.
        ExportRefused: the weights cannot be read.
    """
    check_enough(pictures, min_labels)
    run = FineTuning(pictures, weights, plan or Plan(), progress, look)
    if checkpoint is not None:
        run.restore(checkpoint)
    while not run.is_over:
        run.epoch()
        if checkpoint is not None:
            run.save(checkpoint)
    run.write(out)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return {"written": bool(run.kept), "epoch": run.kept, "losses": run.losses}


def check_enough(pictures: Sequence[Picture], min_labels: int) -> None:
    """Make sure that there is enough to learn from.

    Raises:
        FinetuneRefused: there is not.
    """
    if len(pictures) < min_labels:
        raise FinetuneRefused(
            f"Only {len(pictures)} images of older posts can be learned from (the newest "
            f"{1 - LEARNED:.0%} are kept to judge by); fine-tuning needs {min_labels}."
        )


class FineTuning:
    """A backbone under training with its top, and everything that a checkpoint holds.

    Attributes:
        losses: of the pictures held out, by epoch.
        kept: the best epoch; None before the first.
    """

    def __init__(
        self,
        pictures: Sequence[Picture],
        weights: Path,
        plan: Plan,
        progress: Progress | None = None,
        look: Look = canvas,
    ) -> None:
        import keras

        keras.utils.set_random_seed(plan.seed)
        self._plan = plan
        self._rng = np.random.default_rng(plan.seed)
        self._backbone, self._spec, fingerprint, _ = load_weights(str(weights))
        self._dropout = keras.layers.Dropout(plan.dropout)
        self._model = keras.Sequential([self._backbone, self._dropout, keras.layers.Dense(BINS)])
        newest = max(1, len(pictures) // 10)
        self._train, self._held_out = pictures[:-newest], pictures[-newest:]
        self._told, self._look = progress or (lambda *_: None), look
        self._key = json.dumps([fingerprint, len(pictures), asdict(plan)])
        self.losses: list[float] = []
        self.kept: int | None = None
        self._best: list[Any] = []

    @property
    def is_over(self) -> bool:
        """Whether all epochs are done, or the last ones brought nothing."""
        last = len(self.losses) - 1
        return last >= self._plan.epochs or last - (self.kept or 0) >= self._plan.patience

    def epoch(self) -> None:
        """Train one epoch more; the first trains the top alone.

        Raises:
            FinetuneRefused: the loss is not finite.
        """
        plan, number = self._plan, len(self.losses)
        self._prepare(number)
        side = self._spec.input_size
        each = math.ceil(len(self._train) / plan.batch)
        done = number * each
        for batch, targets in self._batches(self._train, self._rng):
            images = np.stack([augmented(image, side, self._rng) for image in batch])
            self._model.train_on_batch(images, targets)
            done += 1
            self._told(done, each * (plan.epochs + 1), self.losses[-1] if number else math.nan)
        value = self._loss()
        if not math.isfinite(value):
            raise FinetuneRefused(f"The loss was not finite in epoch {number}.")
        if value < min(self.losses, default=math.inf):
            self.kept = number
            self._best = self._backbone.get_weights()
        self.losses.append(value)

    def write(self, out: Path) -> None:
        """Write the backbone of the best epoch, unless that is the one it began with."""
        if self.kept:
            self._backbone.set_weights(self._best)
            _save(self._backbone, self._spec, out)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        state = {
            "key": self._key, "losses": self.losses, "kept": self.kept,
            "rng": self._rng.bit_generator.state,
        }  # fmt: skip
        arrays = {
            "model": self._model.get_weights(),
            "best": self._best,
            "optimizer": [each.numpy() for each in self._model.optimizer.variables],
            "dropout": [self._dropout.seed_generator.state.numpy()],
        }
        named: dict[str, Any] = {
            f"{part} {number:05d}": value
            for part, values in arrays.items()
            for number, value in enumerate(values)
        }
        with replacing(path) as written, written.open("wb") as file:
            np.savez(file, state=np.array(json.dumps(state)), **named)

    def restore(self, path: Path) -> None:
        """Go on where a checkpoint of the same pictures, weights and plan stands, if there is."""
        if not path.is_file():
            return
        with np.load(path, allow_pickle=False) as stored:
            state = json.loads(str(stored["state"]))
            if state["key"] != self._key:
                return
            parts: dict[str, list[Any]] = {}
            for name in sorted(stored.files):
                parts.setdefault(name.partition(" ")[0], []).append(stored[name])
        self.losses, self.kept = state["losses"], state["kept"]
        self._rng.bit_generator.state = state["rng"]
        self._best = parts.get("best", [])
        # The optimizer that the last epoch had, and nothing of what it had learned yet.
        self._prepare(min(len(self.losses) - 1, 1))
        self._model.set_weights(parts["model"])
        self._model.optimizer.build(self._model.trainable_variables)
        for variable, value in zip(
            self._model.optimizer.variables, parts["optimizer"], strict=True
        ):
            variable.assign(value)
        self._dropout.seed_generator.state.assign(parts["dropout"][0])

    def _batches(
        self, pictures: Sequence[Picture], rng: np.random.Generator | None = None
    ) -> Iterator[tuple[list[NDArray[np.uint8]], Numbers]]:
        """Images uint8 [side, side, 3] and their soft bins [n, 10], shuffled if ``rng`` is given.

        What cannot be decoded is left out.
        """
        order = np.arange(len(pictures)) if rng is None else rng.permutation(len(pictures))
        side, size = self._spec.input_size, self._plan.batch
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            images = [pictures[row].canvas(side, self._look) for row in rows]
            usable = [
                (image, pictures[row].target)
                for image, row in zip(images, rows, strict=True)
                if image is not None
            ]
            if usable:
                yield [image for image, _ in usable], np.stack([target for _, target in usable])

    def _loss(self) -> float:
        """Mean log loss of the pictures held out, whole; infinite where none can be decoded."""
        side, total, n = self._spec.input_size, 0.0, 0
        for batch, targets in self._batches(self._held_out):
            value = self._model.test_on_batch(np.stack([whole(i, side) for i in batch]), targets)
            total += float(np.ravel(value)[0]) * len(batch)
            n += len(batch)
        return total / n if n else math.inf

    def _prepare(self, number: int) -> None:
        """Freeze what an epoch leaves alone, and begin with a new optimizer where it needs one."""
        import keras

        _unfreeze(self._backbone, last_blocks=number > 0)
        if number > 1:
            return
        rate = 1e-3 if number == 0 else self._plan.learning_rate
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        self._model.build((None, self._spec.input_size, self._spec.input_size, 3))
        self._model.compile(keras.optimizers.Adam(rate), loss, jit_compile=False)


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
