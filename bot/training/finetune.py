"""Fine-tuning the backbone that serves, in a child process; the gate decides."""

import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from bot.runtime.subprocesses import python_module
from bot.servers import communities_kept_apart
from bot.settings import Settings
from bot.training.child import TrainingLimits, train_in_child
from bot.training.embed_stored import OnAdvance
from bot.training.switch_backbone import BackboneSwitch, Switched, SwitchRefused
from models.backbone_files import STARTER
from storage.engine.scopes import ITS_ROWS
from storage.errors import ExpectedError
from storage.queries.batch_jobs import quarantine

#: Fewest images of older posts that are learned from.
MIN_IMAGES = 2000

log = logging.getLogger(__name__)

_WORK: Final = "finetune"

#: What the fine-tuning process is started with.
COMMAND = python_module("trainer.backbone.finetune_process")


class FinetuneRefused(ExpectedError):
    """Nothing was fine-tuned; the message says why and what to do."""


async def finetune(
    switch: BackboneSwitch,
    settings: Settings,
    on_advance: OnAdvance,
    *,
    weights: Path | None = None,
    epochs: int = 6,
    seed: int = 1,
    min_images: int = MIN_IMAGES,
    command: tuple[str, ...] = COMMAND,
) -> Switched:
    """Fine-tune the backbone that serves on the older labelled posts, and try it.

    It is trained on a node of the Ray cluster where the settings name one.

    What is stored is embedded anew, and the same head is fitted on the old and on the new
    embeddings; the new backbone serves only if the gate finds it better on the newest posts,
    which it never saw. Interrupted, the next call goes on after the last whole epoch.

    Args:
        switch: switches to the fine-tuned backbone.
        settings: say whether it is allowed, what it may take, and where everything is.
        on_advance: told how far it is.
        weights: file of the backbone that serves, where the settings do not name it.
        epochs: at the most.
        seed: of everything random.
        min_images: fewer are refused.
        command: starts the fine-tuning process.

    Raises:
        FinetuneRefused: the setting is off, the weights are unknown, or there is too little to
            learn from.
        RunFailed: the process failed or took too much.
        SwitchRefused: the fine-tuned backbone was not better.
        RunUnderWay: a training run is under way.
    """
    if not settings.finetune:
        raise FinetuneRefused(
            "Fine-tuning is off, because it needs thousands of labels and hours. Set"
            " PEORIA_FINETUNE=true to allow it."
        )
    fingerprint = (await switch.server.champion()).backbone.fingerprint
    begin = _weights_of(fingerprint, weights or Path(settings.backbone))
    folder = settings.finetuned_dir
    folder.mkdir(parents=True, exist_ok=True)
    ending = ".npz" if begin.suffix == ".npz" else ".weights.h5"
    out = folder / f"{switch.clock():%Y%m%d-%H%M%S}{ending}"

    async with switch.database.read() as session:
        without = [*await communities_kept_apart(session)]

    # The picture of several posts may be told of several times, and by several nodes.
    left_out: set[int] = set()

    async def follow(step: dict[str, Any]) -> None:
        if "quarantined" in step:
            image_id, deaths = step["quarantined"], step["deaths"]
            left_out.add(image_id)
            log.warning(
                "Image %s ended %s processes that looked at it: it is left alone.",
                image_id, deaths,
            )  # fmt: skip
            await switch.database.run_write(
                lambda session: quarantine(session, image_id, _WORK, deaths, switch.clock()),
                alone_in=ITS_ROWS,
            )
        on_advance("Fine-tuning", step.get("done") or 0, step.get("total"))

    last = await train_in_child(
        command,
        {
            "database_url": switch.database.url, "images": settings.image_place.as_json(),
            "weights": str(begin.resolve()), "out": str(out.resolve()), "epochs": epochs,
            "seed": seed, "min_labels": min_images, "without": without,
            "checkpoint": str((folder / "checkpoint.npz").resolve()),
            "ray_address": settings.ray_address, "memory_mb": settings.train_memory_mb,
        },
        TrainingLimits(settings.train_minutes * 60, settings.train_memory_mb, min_images),
        follow,
    )  # fmt: skip
    if "refused" in last:
        raise FinetuneRefused(last["refused"])
    left = _words(len(left_out))
    if not last["result"]["promote"]:
        raise FinetuneRefused(f"Nothing was changed. {last['result']['reason']}{left}")
    try:
        switched = await switch.switch_to(str(out), on_advance, only_if_better=True)
    except SwitchRefused as refused:
        raise SwitchRefused(f"{refused}{left}") from refused
    return replace(switched, reason=f"{switched.reason}{left}")


def _words(left_out: int) -> str:
    """What is said of images that ended processes; nothing where none did."""
    if not left_out:
        return ""
    images, them = ("1 image", "it") if left_out == 1 else (f"{left_out:,} images", "them")
    return f" {images} ended the processes that looked at {them}, and will be left alone."


def _weights_of(fingerprint: str, given: Path) -> Path:
    """The weights file that the serving backbone was exported from.

    Raises:
        FinetuneRefused: neither the starter's nor the given file is it.
    """
    for path in (STARTER / "backbone.weights.npz", given):
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == fingerprint:
            return path
    raise FinetuneRefused(
        "The weights of the backbone that serves were not found: give the file that it was made"
        f" from with --weights (its SHA-256 is {fingerprint})."
    )
