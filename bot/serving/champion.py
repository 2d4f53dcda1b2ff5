"""What serves predictions: the champion's head and the backbone it was fitted on.

The champion is looked up in the database for every prediction and loaded when it changed. So a
version that another process promoted or rolled back to serves without a restart.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image as PixelImage
from sqlalchemy import ColumnElement, FromClause, and_, bindparam, select
from sqlalchemy.orm import Session

from bot.serving.embed import (
    EmbeddedImage,
    UndescribedImage,
    embed_image,
    embed_undescribed,
    feature_map,
    read_attributes,
)
from bot.serving.picture_answers import Answer
from bot.serving.picture_frames import Asked
from bot.serving.picture_pool import PicturePool
from models.attributes.read import AttributeReader, Attributes
from models.attributes.serving_genres import GENRE_HEADS
from models.backbone import Backbone
from models.backbone_files import load_backbone
from models.decoding import DecodeLimits, ImageUnread, decode
from models.head import Head
from models.registry import Manifest, read_version
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.objects.faults import ObjectStoreFault
from storage.tables import Community, ModelVersion, OwnHead, Server

log = logging.getLogger(__name__)

T = TypeVar("T")

_VERSIONS = table_of(ModelVersion)
_SERVERS, _OWN_HEADS = table_of(Server), table_of(OwnHead)
_CHAMPION = select(_VERSIONS.c.id, _VERSIONS.c.name).where(_VERSIONS.c.is_champion)
_CHOSEN, _OWN = _VERSIONS.alias(), _VERSIONS.alias()


def _usable(version: FromClause) -> ColumnElement[bool]:
    """Whether a version's files are there, and it was fitted on the champion's backbone.

    After a switch of the backbone what was fitted on the one before would go on embedding images
    with that, and nobody could learn from its posts.
    """
    return and_(version.c.dropped_at.is_(None), version.c.backbone == _VERSIONS.c.backbone)


#: The champion, and what a server has besides: in one statement, so that most posts need no more.
_SERVES = (
    select(
        _VERSIONS.c.id,
        _VERSIONS.c.name,
        _CHOSEN.c.id.label("chosen_id"),
        _CHOSEN.c.name.label("chosen_name"),
        _OWN.c.id.label("own_id"),
        _OWN.c.name.label("own_name"),
    )
    .select_from(_VERSIONS)
    .outerjoin(
        _SERVERS,
        and_(
            _SERVERS.c.platform == bindparam("platform"),
            _SERVERS.c.source_id == bindparam("server"),
        ),
    )
    .outerjoin(
        _CHOSEN,
        and_(_CHOSEN.c.id == _SERVERS.c.model_version_id, ~_CHOSEN.c.is_champion, _usable(_CHOSEN)),
    )
    .outerjoin(_OWN_HEADS, and_(_OWN_HEADS.c.server_id == _SERVERS.c.id, _OWN_HEADS.c.is_on))
    .outerjoin(_OWN, and_(_OWN.c.id == _OWN_HEADS.c.model_version_id, _usable(_OWN)))
    .where(_VERSIONS.c.is_champion)
)
#: Versions besides the champion that are kept loaded: servers chose them, or they are servers' own.
_MOST_CHOSEN = 32


class NoChampion(ExpectedError):
    """No model version is champion; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ChampionRef:
    """Which model version serves; its files may not be loaded yet.

    Attributes:
        chosen: whether a server's admins chose it in place of the champion.
        own: the version that was fitted on the server's labels alone and has a say beside this one;
            None: there is none.
    """

    version_id: int
    name: str
    chosen: bool = False
    own: "ChampionRef | None" = None


@dataclass(frozen=True, slots=True)
class Champion:
    """The model version that serves, with its backbone.

    Attributes:
        own: the head that was fitted on one server's labels alone, where it serves that server and
            such a head has a say; else None.
    """

    version_id: int
    head: Head
    backbone: Backbone
    manifest: Manifest
    own: Head | None = None

    @property
    def name(self) -> str:
        """The version's name."""
        return self.manifest.name


@dataclass(frozen=True, slots=True)
class AttributesVersion:
    """What reads attributes on a machine (`models.attributes.read.AttributeReader`)."""

    name: str
    finds_faces: bool


def version_of(session: Session, community: Community) -> ChampionRef | None:
    """What serves in one community where that is not the champion alone; None: it is.

    Either its server's admins chose another version, or a head of the server's own has a say.
    """
    found = _serving(session, community)
    return found if found is not None and (found.chosen or found.own is not None) else None


def _serving(session: Session, community: Community) -> ChampionRef | None:
    row = session.execute(
        _SERVES, {"platform": community.platform, "server": community.server_or_self}
    ).first()
    if row is None:
        return None
    chosen = row.chosen_id is not None
    version_id, name = (row.chosen_id, row.chosen_name) if chosen else (row.id, row.name)
    # One that serves in place of the champion has its say already.
    own = None
    if row.own_id not in (None, version_id):
        own = ChampionRef(row.own_id, row.own_name, chosen=True)
    return ChampionRef(version_id, name, chosen, own)


class ChampionServer:
    """Loads the champion, and runs models on threads of its own.

    Args:
        database: knows which version is champion.
        versions_dir: holds a folder for each model version.
        backbones_dir: holds a folder for each backbone that was exported on this machine.
        limits: how large an image may be.
        bring: makes sure that a version's files are here, if it can; None: nothing does.
        threads: calls of models in parallel; a thread that reads images keeps about 40 MB.
        pictures: processes that read images; None: the threads do.
    """

    def __init__(
        self,
        database: Database,
        *,
        versions_dir: Path,
        backbones_dir: Path,
        limits: DecodeLimits,
        bring: Callable[[str], None] | None = None,
        threads: int = 2,
        pictures: PicturePool | None = None,
    ) -> None:
        self._database = database
        self._versions_dir = versions_dir
        self._backbones_dir = backbones_dir
        self.limits = limits
        self._bring = bring
        self._pictures = pictures
        self._attributes = AttributeReader(versions_dir / GENRE_HEADS)
        self._attributes_version: AttributesVersion | None = None
        self._champion: Champion | None = None
        #: What servers chose or have of their own, by its id, the one that was not asked for
        #: longest first; None: it cannot be loaded.
        self._chosen: OrderedDict[int, Champion | None] = OrderedDict()
        self._loading = asyncio.Lock()
        self._threads = threads
        #: Calls that are on a thread or wait for one.
        self._calls = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="model")
        #: For those who ask heads: pictures wait for the threads that run networks, and names of
        #: hosts that do not answer keep those that the event loop has for all.
        self.expert_thread = ThreadPoolExecutor(1, thread_name_prefix="experts")

    async def champion(self, chosen: ChampionRef | None = None) -> Champion:
        """The model version that serves now.

        When a newly promoted version cannot be loaded, the one before it goes on serving.

        Args:
            chosen: what serves in a community (`version_of`); None: the champion.

        Raises:
            NoChampion: there is none in the database.
            VersionUnusable, HeadUnusable, BackboneUnusable: its files are missing or damaged, and
                no other was loaded before.
            ObjectStoreFault: its files have to be fetched, which cannot be done now.
        """
        if chosen is not None:
            return await self.load(chosen)
        return await self.load(await self._database.run_read(self.find_champion))

    def find_champion(self, session: Session, community: Community | None = None) -> ChampionRef:
        """Which model version serves; `load` loads it, after the session has ended.

        Args:
            session: a read session.
            community: for which; its server may have chosen another than the champion, and may
                have a head of its own.

        Raises:
            NoChampion: there is none in the database.
        """
        if community is not None:
            found = _serving(session, community)
        else:
            row = session.execute(_CHAMPION).first()
            found = None if row is None else ChampionRef(row.id, row.name)
        if found is None:
            raise NoChampion(
                "No model version is champion. Choose one with `main.py models promote NAME`."
            )
        return found

    async def load(self, ref: ChampionRef) -> Champion:
        """A version with its files loaded; raises what `champion` raises.

        Where one that a server chose cannot be loaded, the champion serves there; where its own
        head cannot, that has no say.
        """
        if ref.own is not None:
            champion = await self.load(replace(ref, own=None))
            own = await self._load_chosen(ref.own)
            if own is None or own.backbone.fingerprint != champion.backbone.fingerprint:
                return champion
            return replace(champion, own=own.head)
        if ref.chosen:
            found = await self._load_chosen(ref)
            return found if found is not None else await self.champion()
        async with self._loading:
            if self._champion is None or self._champion.version_id != ref.version_id:
                try:
                    self._champion = await asyncio.to_thread(self._load, ref)
                except Exception:
                    if self._champion is None:
                        raise
                    log.exception(
                        "The champion %s cannot be loaded; %s goes on serving.",
                        ref.name, self._champion.name,
                    )  # fmt: skip
            return self._champion

    async def _load_chosen(self, ref: ChampionRef) -> Champion | None:
        async with self._loading:
            if ref.version_id not in self._chosen:
                try:
                    self._chosen[ref.version_id] = await asyncio.to_thread(self._load, ref)
                except ObjectStoreFault as fault:
                    # It will be there again.
                    log.warning("%s, which one server has, waits: %s", ref.name, fault)
                    return None
                except Exception:
                    # Once: each post would try it again.
                    self._chosen[ref.version_id] = None
                    log.exception("%s, which one server has, cannot be loaded.", ref.name)
                if len(self._chosen) > _MOST_CHOSEN:
                    self._chosen.popitem(last=False)
            self._chosen.move_to_end(ref.version_id)
            return self._chosen[ref.version_id]

    def _load(self, ref: ChampionRef) -> Champion:
        folder = self._versions_dir / ref.name
        if self._bring is not None:
            self._bring(ref.name)
        manifest = read_version(folder)
        backbone = (
            self._champion.backbone
            if self._champion and self._champion.backbone.fingerprint == manifest.backbone
            else load_backbone(self._backbones_dir, manifest.backbone)
        )
        champion = Champion(ref.version_id, Head.load(folder), backbone, manifest)
        log.info("Serving model version %s on backbone %s.", ref.name, backbone.info.name)
        if manifest.untrained:
            log.warning("%s learned from nothing: to it every outcome is as likely.", ref.name)
        return champion

    async def warm_up(self) -> None:
        """Load the champion and embed once wherever images are: the first call takes longest."""
        backbone = (await self.champion()).backbone
        if self._pictures is not None:
            # It has said so where none can be started: the rest of the bot runs meanwhile.
            with suppress(ImageUnread):
                await self._pictures.warm_up(backbone.fingerprint)
            return
        blank = np.zeros((1, backbone.input_size, backbone.input_size, 3), np.float32)
        await asyncio.gather(*(self.on_thread(backbone.embed, blank) for _ in range(self._threads)))

    async def embed(self, data: bytes, backbone: Backbone) -> EmbeddedImage:
        """Decode an image safely, embed it and read its attributes, off the event loop.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        if self._pictures is None:
            return await self.on_thread(embed_image, data, backbone, self._attributes, self.limits)
        return await self._pictures.ask(
            Asked("embed", data, backbone.fingerprint),
            lambda told: told.embedded(backbone.info.dim),
        )

    async def embed_undescribed(self, data: bytes, backbone: Backbone) -> UndescribedImage:
        """The same without attributes.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        if self._pictures is None:
            return await self.on_thread(embed_undescribed, data, backbone, self.limits)
        return await self._pictures.ask(
            Asked("embed_undescribed", data, backbone.fingerprint),
            lambda told: told.undescribed(backbone.info.dim),
        )

    async def read_attributes(
        self, data: bytes, embedding: NDArray[np.float32], backbone: Backbone
    ) -> Attributes:
        """The attributes of an image that was embedded before, off the event loop.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        if self._pictures is None:
            return await self.on_thread(
                read_attributes, data, embedding, backbone, self._attributes, self.limits
            )
        known = np.ascontiguousarray(embedding, np.float32).tobytes()
        return await self._pictures.ask(
            Asked("read_attributes", data, backbone.fingerprint, embedding=known), Answer.attributes
        )

    async def pixels(self, data: bytes, *, size: int) -> PixelImage:
        """An image's pixels, RGB, as `models.decoding.decode` gives them, off the event loop.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        if self._pictures is None:
            return await self.on_thread(lambda: decode(data, limits=self.limits, size=size).pixels)
        return await self._pictures.ask(Asked("pixels", data, size=size), Answer.pixels)

    async def feature_map(
        self, data: bytes, backbone: Backbone, *, size: int
    ) -> tuple[PixelImage, NDArray[np.float32] | None]:
        """An image's pixels as above, and what `Backbone.feature_map` makes of it.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        if self._pictures is None:
            return await self.on_thread(feature_map, data, backbone, self.limits, size)
        return await self._pictures.ask(
            Asked("feature_map", data, backbone.fingerprint, size),
            lambda told: (told.pixels(), told.features()),
        )

    async def try_canvas(self, data: bytes) -> None:
        """Make sure that an image can be opened here to be drawn on, where processes read images.

        Raises:
            ImageRefused: the bytes are not an image that can be used; the message says why.
        """
        if self._pictures is not None:
            await self._pictures.ask(Asked("canvas", data), lambda _: None)

    async def attributes_version(self) -> AttributesVersion:
        """What reads attributes here."""
        if self._attributes_version is None:
            if self._pictures is None:
                reader = self._attributes
                # Read from files the first time.
                found = await self.on_thread(lambda: (reader.version, reader.finds_faces))
            else:
                found = await self._pictures.ask(Asked("version"), Answer.version)
            self._attributes_version = AttributesVersion(*found)
        return self._attributes_version

    @property
    def has_free_thread(self) -> bool:
        """Whether a thread is free, so that optional work delays nothing that people wait for.

        The same of the processes that read images, if there are any.
        """
        is_idle = self._pictures is None or self._pictures.is_idle
        return is_idle and self._calls < self._threads

    async def on_thread(self, work: Callable[..., T], *args: Any) -> T:
        """What ``work`` returns, computed on one of the threads that run models."""
        loop = asyncio.get_running_loop()
        self._calls += 1
        try:
            return await loop.run_in_executor(self._executor, work, *args)
        finally:
            self._calls -= 1

    async def close(self) -> None:
        """End the threads and the processes; calls that have not begun are cancelled."""
        if self._pictures is not None:
            await self._pictures.close()
        self._executor.shutdown(cancel_futures=True)
        self.expert_thread.shutdown(cancel_futures=True)
