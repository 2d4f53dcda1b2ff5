"""Batches of images: here, or on the cluster while there is one."""

import asyncio
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from bot.cluster.connection import ClusterAway, ClusterConnection
from bot.cluster.outcomes import Embedded, ImageBatches, Outcome, Quarantined, Work
from bot.cluster.worker import Kit, read_files, refused
from bot.runtime.build import peoria_version
from bot.serving.champion import ChampionServer
from bot.serving.picture_pool import DEATHS, EndsProcesses
from models.attributes.serving_genres import GENRE_HEADS
from models.backbone import Backbone
from models.backbone_files import find_backbone
from models.decoding import DecodeLimits, ImageRefused

log = logging.getLogger(__name__)

#: A cluster that was away is tried again after this, seconds.
_TRY_AGAIN_SECONDS = 60.0


class HealthReport(Protocol):
    """Where the cluster's health is told (`bot.service_states.Report`)."""

    async def running(self) -> None:
        """It is used."""

    async def waiting(self, why: str, *, expected: bool) -> None:
        """It is away."""

    async def closed(self) -> None:
        """It is not wanted any more."""


class LocalBatches:
    """Batches where this process reads images."""

    def __init__(self, server: ChampionServer) -> None:
        self._server = server

    @property
    def at_once(self) -> int:
        """One: its images share what reads them."""
        return 1

    async def embed(self, batch: Sequence[bytes], backbone: Backbone) -> list[Outcome]:
        """Decode and embed images; an outcome for each, in their order."""
        return await asyncio.gather(*(self._embed(data, backbone) for data in batch))

    async def _embed(self, data: bytes, backbone: Backbone) -> Outcome:
        try:
            found = await self._server.embed(data, backbone)
        except EndsProcesses:
            return Quarantined(DEATHS)
        except ImageRefused as refusal:
            return refused(refusal)
        return Embedded(found.embedding, found.phash, found.attributes.as_json(), found.blank)


class ClusterBatches:
    """Batches on a Ray cluster, and here while it is away.

    The connection is made by the first batch. When it is lost, the batch that was under way is done
    here, the log and the health of the services say so once, and a minute later the cluster is
    tried again.

    Args:
        address: of the cluster (PEORIA_RAY_ADDRESS).
        here: does what the cluster does not.
        report: is told how the cluster is.
        versions_dir: holds the genre heads that were learned here.
        backbones_dir: holds the backbones.
        limits: how large an image may be.
    """

    def __init__(
        self,
        address: str,
        here: ImageBatches,
        report: HealthReport,
        *,
        versions_dir: Path,
        backbones_dir: Path,
        limits: DecodeLimits,
    ) -> None:
        self._address = address
        self._here = here
        self._report = report
        self._versions_dir, self._backbones_dir = versions_dir, backbones_dir
        self._limits = limits
        self._connection: ClusterConnection | None = None
        self._workers = 1
        self._prepared: str | None = None
        self._connecting = asyncio.Lock()
        self._away_since: float | None = None
        self._told: str | None = None

    @property
    def at_once(self) -> int:
        """A batch for each worker, and one that waits for the first that is free."""
        return self._workers + 1

    async def embed(self, batch: Sequence[bytes], backbone: Backbone) -> list[Outcome]:
        """Decode and embed images; an outcome for each, in their order."""
        found = await self.read("embed", batch, backbone)
        return await self._here.embed(batch, backbone) if found is None else found

    async def read(
        self, work: Work, batch: Sequence[Any], backbone: Backbone
    ) -> list[Outcome] | None:
        """An outcome for each image, in their order; None while the cluster is away."""
        try:
            connection = await self._ready(backbone)
            if connection is not None:
                found: list[Outcome] = await connection.request(
                    "run", backbone.fingerprint, work, list(batch)
                )
                return found
        except ClusterAway as away:
            await self._note_away(str(away))
        return None

    async def close(self) -> None:
        """End the connection and its workers."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        await self._report.closed()

    async def _ready(self, backbone: Backbone) -> ClusterConnection | None:
        """A connection whose workers have the backbone; None while the cluster is away."""
        async with self._connecting:
            now = time.monotonic()
            if self._away_since is not None and now - self._away_since < _TRY_AGAIN_SECONDS:
                return None
            if self._connection is None:
                self._connection = await ClusterConnection.open(self._address)
                self._prepared = None
            if self._prepared != backbone.fingerprint:
                kit = await asyncio.to_thread(self._kit, backbone.fingerprint)
                self._workers = await self._connection.request("prepare", backbone.fingerprint, kit)
                self._prepared = backbone.fingerprint
                log.info(
                    "Batches of images go to %s workers of the Ray cluster at %s.",
                    self._workers, self._address,
                )  # fmt: skip
            if self._away_since is not None or self._told is None:
                self._away_since, self._told = None, ""
                await self._report.running()
            return self._connection

    async def _note_away(self, why: str) -> None:
        """Note that the cluster is away; what is new is said."""
        async with self._connecting:
            self._away_since = time.monotonic()
            connection, self._connection, self._workers = self._connection, None, 1
        if connection is not None:
            await connection.close()
        if why != self._told:
            self._told = why
            log.warning("%s Batches of images are done by this process meanwhile.", why)
        await self._report.waiting(why, expected=True)

    def _kit(self, fingerprint: str) -> Kit:
        return Kit(
            version=peoria_version(),
            backbone=read_files(find_backbone(self._backbones_dir, fingerprint)),
            genres=read_files(self._versions_dir / GENRE_HEADS),
            limits=self._limits,
        )
