"""Fine-tuning the backbone on a community with thousands of labels. Off unless asked for.

`main.py finetune` starts it as a process (one JSON object in, JSON lines out) and has the gate
judge what it made. The last blocks of MobileNetV2 are unfrozen and trained on the percentile bins,
with random crops (as 256 → 224), flips and changes of colour. What comes out is a weights file: a
backbone of its own, with a fingerprint of its own.
"""

import asyncio
import json
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from sqlalchemy import select

from models.decoding import ImageRefused, decode
from models.distribution import BINS
from models.facts import labelled_facts
from storage.engine.database import Database
from storage.engine.invalid_text import keep_odd_text
from storage.errors import ExpectedError
from storage.files.image_store import ImageStore
from storage.tables import Image
from trainer.backbone.export import ExportRefused, StudentSpec, load_weights, save_student
from trainer.data.flaws import flaw_without_embedding
from trainer.data.splits import SHARES
from trainer.data.targets import Ranking, soft_bins

#: Exit status of a refusal.
REFUSED_STATUS = 3

#: With fewer labels the unfrozen blocks learn the images by heart.
MIN_LABELS = 2000

#: Blocks from this one on are unfrozen.
FIRST_UNFROZEN = "block_14_expand"

#: An image is squashed to so many times the side that the network sees of it.
MARGIN = 256 / 224

#: Share of the posts, the oldest, that is learned from: the gate calibrates on and judges by the
#: rest, which the backbone must not have seen.
LEARNED = SHARES[0] + SHARES[1]

Progress = Callable[[int, int, float], None]

Numbers = NDArray[np.float64]


class FinetuneRefused(ExpectedError):
    """There is too little to learn from; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An image file and the soft bins of its label, float64 [10]."""

    path: Path
    target: Numbers


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train."""

    epochs: int = 6
    batch: int = 32
    learning_rate: float = 1e-4
    dropout: float = 0.4
    patience: int = 2
    seed: int = 1


async def read_pictures(database_url: str, images: Path) -> tuple[list[Picture], Counter[str]]:
    """The older labelled posts whose image file is still kept (`LEARNED`), the oldest first.

    Returns:
        They, and how many posts cannot be learned from, by reason.
    """
    database = Database(database_url)
    keep_odd_text(database)
    posts, dropped, now = [], Counter[str](), datetime.now(UTC)
    try:
        async with database.read() as session:
            async for post in labelled_facts(session):
                reason = flaw_without_embedding(post, now)
                if reason is None:
                    posts.append(post)
                else:
                    dropped[reason] += 1
            query = select(Image.id, Image.sha256).where(Image.dropped_at.is_(None))
            sha256 = {row.id: row.sha256 for row in await session.execute(query)}
    finally:
        await database.close()
    store = ImageStore(images)
    kept = [post for post in posts if post.image_id in sha256]
    kept = kept[: round(LEARNED * len(kept))]
    if not kept:
        return [], dropped
    score = np.array([post.score for post in kept])
    community = np.array([post.community_id for post in kept])
    platform = np.array([post.platform for post in kept])
    ranking = Ranking(score, community, platform)
    targets = soft_bins(ranking.intervals(score, community, platform))
    pictures = [
        Picture(store.path(sha256[post.image_id]), target)
        for post, target in zip(kept, targets, strict=True)
    ]
    return pictures, dropped


def canvas(path: Path, side: int) -> NDArray[np.uint8] | None:
    """An image squashed to a square a little larger than ``side``, uint8; None if undecodable."""
    size = round(side * MARGIN)
    try:
        decoded = decode(path.read_bytes(), size=size)
    except (ImageRefused, OSError):
        return None
    return np.asarray(decoded.pixels.resize((size, size), Pillow.Resampling.BILINEAR))


def augmented(image: NDArray[np.uint8], side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A random crop, perhaps mirrored, of changed brightness, contrast and colour, in [-1, 1]."""
    top, left = rng.integers(0, len(image) - side + 1, 2)
    crop = image[top : top + side, left : left + side].astype(np.float32) / 127.5 - 1
    if rng.random() < 0.5:
        crop = crop[:, ::-1]
    crop = crop * rng.uniform(0.8, 1.2) + rng.uniform(-0.15, 0.15)
    return np.clip(crop * rng.uniform(0.92, 1.08, 3), -1, 1).astype(np.float32)


def whole(image: NDArray[np.uint8], side: int) -> NDArray[np.float32]:
    """The whole image at the backbone's size, as it is served: in [-1, 1]."""
    small = Pillow.fromarray(image).resize((side, side), Pillow.Resampling.BILINEAR)
    return np.asarray(small, np.float32) / 127.5 - 1


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
    """Let the last blocks learn, or nothing: the top learns alone first, or it would shake them.

    Batch normalisation stays as it is: a few thousand images make poor statistics.
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
    order = rng.permutation(len(pictures)) if shuffled else np.arange(len(pictures))
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        images = [canvas(pictures[row].path, side) for row in rows]
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
    total, n = 0.0, 0
    for batch, targets in _batches(pictures, side, size, rng, shuffled=False):
        value = model.test_on_batch(np.stack([whole(i, side) for i in batch]), targets)
        total += float(np.ravel(value)[0]) * len(batch)
        n += len(batch)
    return total / n if n else math.inf


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run the task on standard input; 0 when it was seen through, 3 when refused."""
    task = json.loads(sys.stdin.readline())
    pictures, dropped = asyncio.run(read_pictures(task["database_url"], Path(task["images"])))
    try:
        found = finetune(
            pictures, Path(task["weights"]), Path(task["out"]),
            plan=Plan(epochs=task["epochs"], seed=task["seed"]), min_labels=task["min_labels"],
            progress=lambda done, total, loss: _say(
                stage="fine-tuning", done=done, total=total,
                loss=loss if math.isfinite(loss) else None,
            ),
        )  # fmt: skip
    except (FinetuneRefused, ExportRefused) as refusal:
        left_out = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        _say(refused=f"{refusal} Left out: {left_out}." if left_out else str(refusal))
        return REFUSED_STATUS
    reason = "" if found["written"] else "No epoch did better than the backbone as it was."
    _say(
        result={
            "version": task["out"], "promote": found["written"], "reason": reason,
            "evidence": found | {"dropped": dict(dropped)},
        }
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
