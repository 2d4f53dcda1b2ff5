"""What serves predictions: the champion's head and the backbone it was fitted on.

The champion is looked up in the database for every prediction and loaded when it changed, so
that a version which another process trained or rolled back serves without a restart.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.backbone import Backbone
from models.backbone_files import find_backbone
from models.decoding import DecodedImage, DecodeLimits, decode
from models.features import PostFacts
from models.head import Head
from models.heat_map import contributions, paint
from models.preprocessing import perceptual_hash, to_input
from models.registry import Manifest, read_version
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.tables import ModelVersion

log = logging.getLogger(__name__)

T = TypeVar("T")

_VERSIONS = table_of(ModelVersion)
_CHAMPION = select(_VERSIONS.c.id, _VERSIONS.c.name).where(_VERSIONS.c.is_champion)

#: Longer side of the picture that an explanation is painted on, pixels.
_PAINTED = 512


class NoChampion(ExpectedError):
    """No model version can serve; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which model version is to serve."""

    version_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Champion:
    """The model version that serves, with its backbone."""

    version_id: int
    head: Head
    backbone: Backbone
    manifest: Manifest

    @property
    def name(self) -> str:
        """The version's name."""
        return self.manifest.name


@dataclass(frozen=True, slots=True)
class EmbeddedImage:
    """An image that was made safe and looked at."""

    image: DecodedImage
    phash: str
    embedding: NDArray[np.float32]  # [1280]


class ChampionServer:
    """Knows the champion and looks at images, on threads of its own.

    Args:
        threads: images that are looked at in parallel; each thread keeps about 40 MB.
    """

    def __init__(
        self,
        database: Database,
        *,
        versions_dir: Path,
        backbones_dir: Path,
        limits: DecodeLimits,
        threads: int = 2,
    ) -> None:
        self._database = database
        self._versions_dir = versions_dir
        self._backbones_dir = backbones_dir
        self._limits = limits
        self._champion: Champion | None = None
        self._loading = asyncio.Lock()
        self._threads = threads
        #: Calls that are on a thread, or wait for one.
        self._under_way = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="looking")

    async def champion(self) -> Champion:
        """The model version that serves now.

        When a newly promoted version cannot be loaded, the one before goes on serving.

        Raises:
            NoChampion: there is none in the database.
            VersionUnusable, HeadUnusable, BackboneUnusable: its files are missing or damaged, and
                no other was loaded before.
        """
        async with self._database.read() as session:
            chosen = await self.chosen(session)
        return await self.serve(chosen)

    async def chosen(self, session: AsyncSession) -> Chosen:
        """Which model version is to serve; `serve` loads it, when the session is over.

        Raises:
            NoChampion: there is none in the database.
        """
        row = (await session.execute(_CHAMPION)).first()
        if row is None:
            raise NoChampion(
                "No model version is champion. Choose one with `main.py models promote NAME`."
            )
        return Chosen(row.id, row.name)

    async def serve(self, chosen: Chosen) -> Champion:
        """A model version that is to serve, loaded; raises what `champion` raises."""
        async with self._loading:
            if self._champion is None or self._champion.version_id != chosen.version_id:
                try:
                    self._champion = await asyncio.to_thread(self._load, chosen)
                except Exception:
                    if self._champion is None:
                        raise
                    log.exception(
                        "The champion %s cannot be loaded; %s goes on serving.",
                        chosen.name, self._champion.name,
                    )  # fmt: skip
            return self._champion

    def _load(self, chosen: Chosen) -> Champion:
        folder = self._versions_dir / chosen.name
        manifest = read_version(folder)
        backbone = (
            self._champion.backbone
            if self._champion and self._champion.backbone.fingerprint == manifest.backbone
            else Backbone.load(find_backbone(self._backbones_dir, manifest.backbone))
        )
        champion = Champion(chosen.version_id, Head.load(folder), backbone, manifest)
        log.info("Serving model version %s on backbone %s.", chosen.name, backbone.info.name)
        return champion

    async def warm_up(self) -> None:
        """Load the champion, and have each thread look once: the first time takes longest."""
        backbone = (await self.champion()).backbone
        blank = np.zeros((1, backbone.input_size, backbone.input_size, 3), np.float32)
        await asyncio.gather(*(self.on_thread(backbone.embed, blank) for _ in range(self._threads)))

    async def look(self, data: bytes, backbone: Backbone) -> EmbeddedImage:
        """Make an image safe and embed it, off the event loop.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        return await self.on_thread(look, data, backbone, self._limits)

    @property
    def has_time(self) -> bool:
        """Whether a thread is free for what nobody needs, so that it holds up nothing else."""
        return self._under_way < self._threads

    async def explain(self, data: bytes, facts: PostFacts) -> bytes | None:
        """Paint over an image what speaks for it and what against, off the event loop.

        Args:
            data: the image's file.
            facts: of its post.

        Returns:
            a PNG file; None where the champion's backbone gives no map, or its head does not
            heed images.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        champion = await self.champion()
        return await self.on_thread(self._explain, data, facts, champion)

    async def on_thread(self, work: Callable[..., T], *args: Any) -> T:
        """What ``work`` returns, computed on a thread of those that look at images."""
        loop = asyncio.get_running_loop()
        self._under_way += 1
        try:
            return await loop.run_in_executor(self._executor, work, *args)
        finally:
            self._under_way -= 1

    def _explain(self, data: bytes, facts: PostFacts, champion: Champion) -> bytes | None:
        backbone = champion.backbone
        pixels = decode(data, limits=self._limits, size=_PAINTED).pixels
        seen = backbone.feature_map(to_input(pixels, backbone.input_size))
        if seen is None:
            return None
        embedding = seen.mean((0, 1))[np.newaxis]
        gradient = champion.head.percentile_gradient(embedding, [facts])[0]
        return paint(pixels, contributions(seen, gradient)) if gradient.any() else None

    def close(self) -> None:
        """Let the threads go."""
        self._executor.shutdown(cancel_futures=True)


def look(data: bytes, backbone: Backbone, limits: DecodeLimits) -> EmbeddedImage:
    """Make an image safe, hash it and embed it.

    Raises:
        ImageRefused: the bytes are not an image that can be used; the message says why.
    """
    image = decode(data, limits=limits, size=backbone.input_size)
    tensor = to_input(image.pixels, backbone.input_size)
    embedding = backbone.embed(tensor[np.newaxis])[0]
    # Rounded as it will be stored, so that serving and training see the same numbers.
    return EmbeddedImage(
        image, perceptual_hash(image.pixels), embedding.astype(np.float16).astype(np.float32)
    )
