"""Switching to another backbone: embed what is stored, refit, swap both at once.

Until the last step the old backbone and head go on serving. A switch that is interrupted has
changed nothing that anybody sees; started again, it goes on where it stopped.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import select

from bot.core import Core
from bot.serving.champion import EmbeddedImage
from bot.training.backbone_setup import prepare_backbone
from bot.training.versions import add_first_version, find_version, make_champion
from models.backbone import Backbone
from models.decoding import ImageRefused
from storage.engine.upsert import insert_if_new
from storage.errors import ExpectedError
from storage.tables import Embedding, Image, ModelVersion, TrainingRun
from storage.types import RunState

#: Images embedded between two writes.
BATCH = 64

#: What is done, how far, of how much.
Advance: TypeAlias = Callable[[str, int, int | None], None]


class SwitchRefused(ExpectedError):
    """The backbone was not switched; the message says why. The old one goes on serving."""


@dataclass(frozen=True, slots=True)
class Switched:
    """What came of a switch: the version that serves now, and how it was made."""

    version: str
    embedded: int
    #: Images whose file was dropped after its retention time, or cannot be read any more.
    skipped: int
    reason: str


async def switch_backbone(
    core: Core, source: str, on_advance: Advance, *, only_if_better: bool = False
) -> Switched:
    """Switch to the backbone that ``source`` names: ``starter``, ``imagenet``, or a path.

    Args:
        core: whose backbone is switched.
        source: the new backbone.
        on_advance: told how far it is.
        only_if_better: the gate decides; otherwise the new backbone serves whatever it says.

    Raises:
        SwitchRefused: it serves already, the refit failed, or the gate was against it.
        BackboneUnusable: its weights are missing or damaged.
        RunUnderWay: a training run is under way.
    """
    on_advance("Preparing the backbone", 0, None)
    folder = await prepare_backbone(source, core.settings.backbones_dir)
    backbone = await asyncio.to_thread(Backbone.load, folder)
    if (await core.serving.champion()).backbone.fingerprint == backbone.fingerprint:
        raise SwitchRefused(f"The backbone {backbone.info.name} serves already.")
    embedded, skipped = await _embed_missing(core, backbone, on_advance)

    def follow(step: dict[str, Any]) -> None:
        on_advance(str(step["stage"]).capitalize(), step.get("done") or 0, step.get("total"))

    run = await core.training.run(
        asked_by="switch", switch_to=backbone.fingerprint, only_if_better=only_if_better,
        on_progress=follow,
    )  # fmt: skip
    if run.state is RunState.FAILED:
        raise SwitchRefused(f"The refit failed, so nothing was switched: {run.reason}")
    if only_if_better and run.state is not RunState.PROMOTED:
        raise SwitchRefused(f"The old backbone goes on serving: {run.reason}")
    version = await _serving_version(core, run, folder)
    # Posts that arrived meanwhile were embedded by the old backbone only.
    late, _ = await _embed_missing(core, backbone, on_advance)
    return Switched(version, embedded + late, skipped, run.reason or "")


async def _serving_version(core: Core, run: TrainingRun, folder: Path) -> str:
    """The version that the run made; or, with too few labels, the backbone's first version."""
    if run.model_version_id is not None:
        async with core.database.read() as session:
            return (await session.get_one(ModelVersion, run.model_version_id)).name
    name = await add_first_version(core.database, core.settings.versions_dir, folder, core.clock())
    async with core.database.write() as session:
        await make_champion(session, await find_version(session, name), core.clock())
    return name


async def _embed_missing(core: Core, backbone: Backbone, on_advance: Advance) -> tuple[int, int]:
    """Embed every stored image that ``backbone`` has not seen; return how many, and skipped."""
    async with core.database.read() as session:
        query = (
            select(Image.id, Image.sha256)
            .outerjoin(
                Embedding,
                (Embedding.image_id == Image.id) & (Embedding.backbone == backbone.fingerprint),
            )
            .where(Embedding.image_id.is_(None))
            .order_by(Image.id)
        )
        missing = (await session.execute(query)).all()
    embedded = 0
    for start in range(0, len(missing), BATCH):
        batch = missing[start : start + BATCH]
        seen = await asyncio.gather(*(_look(core, sha256, backbone) for _, sha256 in batch))
        async with core.database.write() as session:
            for (image_id, _), each in zip(batch, seen, strict=True):
                if each is not None:
                    embedded += 1
                    await insert_if_new(
                        session,
                        Embedding,
                        image_id=image_id,
                        backbone=backbone.fingerprint,
                        vector=each.embedding.astype("<f2").tobytes(),
                    )
        on_advance("Embedding stored images", start + len(batch), len(missing))
    return embedded, len(missing) - embedded


async def _look(core: Core, sha256: str, backbone: Backbone) -> EmbeddedImage | None:
    try:
        data = await asyncio.to_thread(core.images.get, sha256)
        return await core.serving.look(data, backbone)
    except (FileNotFoundError, ImageRefused):
        # Dropped after its retention time, or decodable no more: counted as skipped.
        return None
