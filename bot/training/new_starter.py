"""A newer Peoria may ship another starter: it is taken up while what serves goes on.

What was learned here was fitted on the starter of its time, which is kept in the data folder. The
new one has to show that it is better: what is stored is embedded again, a head is fitted on it, and
the gate decides. What serves with the new starter already lacks embeddings of older images: they
are made up for, so that training learns from all labels.
"""

import logging
from pathlib import Path

from sqlalchemy import select

from bot.cluster.outcomes import ImageBatches
from bot.notices import NoticeKind, note
from bot.runtime.clock import Clock
from bot.serving.champion import ChampionServer
from bot.training.embed_stored import embed_stored_images
from bot.training.run_table import RunUnderWay
from bot.training.switch_backbone import BackboneSwitch, SwitchRefused
from models.backbone import read_info
from models.backbone_files import STARTER
from models.extras import train_is_installed
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.tables import ModelVersion, TrainingRun

log = logging.getLogger(__name__)


class NewStarter:
    """Tries the starter that ships, once, and embeds with it what was stored before.

    Args:
        switch: changes the backbone if the gate says so.
        database: holds versions and embeddings.
        images: the stored files.
        batches: where they are embedded.
        server: serves the champion.
        wanted: whether the starter is what this installation is set to.
        clock: tells the time.
    """

    def __init__(
        self,
        switch: BackboneSwitch,
        database: Database,
        images: ImageStore,
        batches: ImageBatches,
        server: ChampionServer,
        *,
        wanted: bool,
        clock: Clock,
    ) -> None:
        self._switch = switch
        self._database = database
        self._images = images
        self._batches = batches
        self._server = server
        self._wanted = wanted
        self._clock = clock
        #: Backbone whose embeddings are complete, as far as this process knows.
        self._complete: str | None = None

    async def embed_missing(self) -> int:
        """Embed images of before with the backbone that serves; return how many lacked that."""
        champion = await self._server.champion()
        fingerprint = champion.backbone.fingerprint
        if self._complete == fingerprint:
            return 0
        embedded, _ = await embed_stored_images(
            self._database, self._images, self._batches, champion.backbone, _nobody,
            clock=self._clock,
        )  # fmt: skip
        if embedded:
            log.info("%s images of before were embedded with the new backbone.", embedded)
        self._complete = fingerprint
        return embedded

    async def take_up(self) -> bool:
        """Try the starter that ships, if it is new; return whether it serves since this call."""
        champion = await self._server.champion()
        fingerprint = champion.backbone.fingerprint
        shipped = read_info(STARTER)
        is_older_starter = champion.backbone.info.name == shipped.name
        if not self._wanted or fingerprint == shipped.fingerprint or not is_older_starter:
            return False
        if not train_is_installed() or await self._was_tried(shipped.fingerprint):
            return False
        return await self._try(STARTER)

    async def _try(self, starter: Path) -> bool:
        log.info("The starter that ships with this Peoria is tried beside the one that serves.")
        try:
            switched = await self._switch.switch_to("starter", _nobody, only_if_better=True)
        except RunUnderWay:
            return False
        except SwitchRefused as refusal:
            if not await self._was_tried(read_info(starter).fingerprint):
                # There were too few labels, or the run failed: it is tried again.
                log.info("The new starter could not be tried yet: %s", refusal)
                return False
            text = f"The starter that ships with this Peoria was tried. {refusal}"
        else:
            text = (
                f"{switched.version} serves now, on the starter that ships with this Peoria."
                f" {switched.reason}"
            )
        log.info("%s", text)
        await note(self._database, NoticeKind.TRAINING, text, now=self._clock())
        return (await self._server.champion()).backbone.fingerprint == read_info(
            starter
        ).fingerprint

    async def _was_tried(self, fingerprint: str) -> bool:
        """Whether a version was made here on a backbone."""
        query = (
            select(ModelVersion.id)
            .join(TrainingRun, TrainingRun.model_version_id == ModelVersion.id)
            .where(ModelVersion.backbone == fingerprint)
            .limit(1)
        )
        async with self._database.read() as session:
            return await session.scalar(query) is not None


def _nobody(stage: str, done: int, total: int | None) -> None:
    """Nobody looks at the progress."""
