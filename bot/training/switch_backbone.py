"""Switching to another backbone: embed what is stored, refit, change both at the same moment.

Until the last step the old backbone and head go on serving. A switch that is interrupted has
changed nothing that anybody sees; started again, it goes on where it stopped.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.cluster.outcomes import ImageBatches
from bot.runtime.clock import Clock
from bot.serving.champion import ChampionServer
from bot.training.backbone_setup import prepare_backbone
from bot.training.embed_stored import OnAdvance, embed_stored_images
from bot.training.first_version import add_first_version
from bot.training.runs import TrainingRuns
from bot.training.versions import find_version, make_champion, version_of_run
from models.backbone import Backbone
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.files.image_store import ImageStore
from storage.tables import TrainingRun
from storage.types import RunState


class SwitchRefused(ExpectedError):
    """The backbone was not switched; the message says why. The old one goes on serving."""


@dataclass(frozen=True, slots=True)
class Switched:
    """The result of a switch.

    Attributes:
        version: name of the model version that serves now.
        embedded: images that were embedded with the new backbone.
        skipped: images whose file was dropped after its retention time, or cannot be read.
        reason: how the version was made, in a sentence or two.
        milliseconds: that the backbone takes for a picture on one core; None: not measured.
    """

    version: str
    embedded: int
    skipped: int
    reason: str
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class BackboneSwitch:
    """What a switch works with.

    Attributes:
        database: holds embeddings and model versions.
        images: the stored files that are embedded anew.
        batches: where they are embedded.
        server: serves the champion, whose backbone is replaced.
        training: fits a head on the new backbone.
        versions_dir: holds a folder for each model version.
        backbones_dir: holds a folder for each exported backbone.
        clock: the time.
    """

    database: Database
    images: ImageStore
    batches: ImageBatches
    server: ChampionServer
    training: TrainingRuns
    versions_dir: Path
    backbones_dir: Path
    clock: Clock

    async def switch_to(
        self, source: str, on_advance: OnAdvance, *, only_if_better: bool = False
    ) -> Switched:
        """Switch to the backbone that ``source`` names, see `prepare_backbone`.

        Args:
            source: the new backbone.
            on_advance: told how far it is.
            only_if_better: the gate decides; otherwise the new backbone serves whatever it says.

        Raises:
            SwitchRefused: it serves already, the refit failed, or the gate was against it.
            BackboneUnusable: its weights are missing or damaged.
            RunUnderWay: a training run is under way.
        """
        on_advance("Preparing the backbone", 0, None)
        folder = await prepare_backbone(source, self.backbones_dir)
        backbone = await asyncio.to_thread(Backbone.load, folder)
        if (await self.server.champion()).backbone.fingerprint == backbone.fingerprint:
            raise SwitchRefused(f"The backbone {backbone.info.name} serves already.")
        embedded, skipped = await self._embed_stored(backbone, on_advance)
        run = await self._refit(backbone, on_advance, only_if_better=only_if_better)
        version = await self._serving_version(run, folder)
        # Posts that arrived meanwhile were embedded by the old backbone only.
        late, _ = await self._embed_stored(backbone, on_advance)
        return Switched(
            version, embedded + late, skipped, run.reason or "", backbone.info.milliseconds
        )

    async def _embed_stored(self, backbone: Backbone, on_advance: OnAdvance) -> tuple[int, int]:
        return await embed_stored_images(
            self.database, self.images, self.batches, backbone, on_advance, clock=self.clock
        )

    async def _refit(
        self, backbone: Backbone, on_advance: OnAdvance, *, only_if_better: bool
    ) -> TrainingRun:
        """Fit a head on the new backbone's embeddings; promoting it switches the backbone."""

        def follow(step: dict[str, Any]) -> None:
            on_advance(str(step["stage"]).capitalize(), step.get("done") or 0, step.get("total"))

        run = await self.training.run(
            asked_by="switch",
            switch_to=backbone.fingerprint,
            only_if_better=only_if_better,
            on_progress=follow,
        )
        if run.state is RunState.FAILED:
            raise SwitchRefused(f"The refit failed, so nothing was switched: {run.reason}")
        if only_if_better and run.state is not RunState.PROMOTED:
            raise SwitchRefused(f"The old backbone goes on serving: {run.reason}")
        return run

    async def _serving_version(self, run: TrainingRun, folder: Path) -> str:
        """The version that the run made; with too few labels, the backbone's first version."""
        made = await version_of_run(self.database, run)
        if made is not None:
            return made.name
        name = await add_first_version(self.database, self.versions_dir, folder, self.clock())
        async with self.database.write() as session:
            await make_champion(session, await find_version(session, name), self.clock())
        return name
