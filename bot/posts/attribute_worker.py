"""Reading the attributes of stored images that have none yet, in the background.

Replies and imports do not wait for them, and images that were stored before there were attributes
have none, either. What other networks read than those that serve now is read again: a Peoria that
is ended goes on where it was, as each image says what read it. Nothing that is predicted goes by
attributes.
"""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from bot.cluster.outcomes import Refused
from bot.posts.fragment_reader import (
    FRAGMENT,
    Found,
    FragmentReader,
    Waiting,
    Write,
    not_quarantined,
)
from bot.posts.images import attribute_columns
from bot.runtime.clock import Clock
from bot.runtime.traffic import Traffic
from bot.serving.champion import AttributesVersion, ChampionServer
from bot.serving.picture_pool import DEATHS, EndsProcesses
from models.attributes.read import Attributes
from models.backbone import Backbone
from models.decoding import ImageRefused, ImageUnread
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.files.image_store import ImageStore
from storage.queries.batch_jobs import quarantine
from storage.tables import Embedding, Image

log = logging.getLogger(__name__)

#: Of an image: its id, SHA-256, embedding, and what read its attributes.
_Waiting: TypeAlias = Row[int, str, bytes, str | None]

#: Images whose attributes are stored together.
BATCH = 8
#: For so long an image waits for posts that are under way, seconds. Where they never rest, so much
#: lies between two images, and at least one is read at each tick.
PATIENCE = 1.0

_WORK: Final = "read_attributes"

_IMAGES = table_of(Image)
#: Not of an image that was erased, or read by another process, meanwhile.
_NOTE = (
    update(_IMAGES)
    .where(
        _IMAGES.c.id == bindparam("image"),
        _IMAGES.c.attributes_by.is_not_distinct_from(bindparam("before")),
        _IMAGES.c.dropped_at.is_(None),
    )
    .values({name: bindparam(name) for name in attribute_columns(None)})
)


class AttributeWorker:
    """Finds images whose attributes were never read, or by other networks, and reads them.

    Args:
        seconds: for how long it goes on when more and more are waiting.
        far: has images read by other machines, while there are any; None: never.
        traffic: whom it lets pass; None: nobody.
        patience: for how long, at each image, seconds.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        server: ChampionServer,
        *,
        seconds: float = 0,
        far: FragmentReader | None = None,
        clock: Clock,
        traffic: Traffic | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._far = far
        self._clock = clock
        self._traffic = traffic or Traffic()
        self._patience = patience
        self._database = database
        self._images = images
        self._server = server
        self._seconds = seconds
        #: Images whose file is gone or cannot be read: not tried again while Peoria runs.
        self._given_up: set[int] = set()
        #: Images that this machine could not read just now: their turn comes after all others.
        self._put_off: set[int] = set()

    async def read_next(self) -> int:
        """Read the attributes of images; return how many.

        Those that have none come first, and of these the newest.

        It goes on until none is left or its time is over, `BATCH` at a time, or as many as other
        machines take. Nobody waits for this: each image lets posts that are under way pass, and
        nothing is read while all threads that run models are busy.

        Raises:
            NoChampion: no model version serves.
        """
        until = time.monotonic() + self._seconds
        read = 0
        # What reads pictures may not be there to say what it is; it has told so.
        with suppress(ImageUnread):
            read = found = await self._read_batch(until)
            while found >= BATCH and time.monotonic() < until:
                found = await self._read_batch(until)
                read += found
        return read

    async def _read_batch(self, until: float) -> int:
        """Read some; fewer where posts held them up and the time is over (`time.monotonic`)."""
        held_up = await self._traffic.let_pass(self._patience)
        if not self._may_read(held_up):
            return 0
        backbone = (await self._server.champion()).backbone
        version = await self._server.attributes_version()
        waiting = await self._next(backbone.fingerprint, version)
        if self._far and len(waiting) >= FRAGMENT:
            found = await self._far.read(
                waiting, backbone, _packed, partial(self._store, version),
                subject=version.name, count=partial(self._count, backbone.fingerprint, version),
            )  # fmt: skip
            if found is not None:
                return found
        read: list[dict[str, Any]] = []
        for image_id, sha256, vector, read_by in waiting[:BATCH]:
            if read:
                held_up = await self._traffic.let_pass(self._patience)
                if held_up and time.monotonic() > until:
                    break
            if not self._may_read(held_up):
                break
            attributes = await self._read(image_id, sha256, vector, backbone)
            if attributes is not None:
                read.append(_row(image_id, read_by, attributes))
        if read:
            await self._database.run_write(partial(self._note_here, read), alone_in=ITS_ROWS)
        return len(read)

    def _may_read(self, held_up: bool) -> bool:
        # Where posts never rest no thread ever is free, and it is this image's turn all the same.
        return held_up or self._server.has_free_thread

    async def _next(self, backbone: str, version: AttributesVersion) -> Sequence[_Waiting]:
        """Images that wait, as many as are read at once; what is put off comes last."""
        if self._far:
            await self._far.settle()
        limit = (self._far.size if self._far else 0) or BATCH
        waiting = await self._find(backbone, version, limit)
        if not waiting and self._put_off:
            self._put_off.clear()
            waiting = await self._find(backbone, version, limit)
        if self._far and not waiting:
            await self._far.progress.finish()
        return waiting

    def _store(self, version: AttributesVersion, found: Found) -> Write | None:
        """What stores a fragment that was read elsewhere; None: it was not as it is done here."""
        read = []
        for row, each in found:
            if isinstance(each, Attributes):
                if each.read_by != version.name:
                    return None
                read.append(_row(row.id, row.attributes_by, each))
            else:
                for_now = isinstance(each, Refused) and each.for_now
                (self._put_off if for_now else self._given_up).add(row.id)
        return partial(_note, read)

    def _note_here(self, read: list[dict[str, Any]], session: Session) -> None:
        _note(read, session)
        if self._far:
            self._far.progress.advance(session, done=len(read))

    async def _read(
        self, image_id: int, sha256: str, vector: bytes, backbone: Backbone
    ) -> Attributes | None:
        try:
            data = await self._images.on_thread(self._images.get, sha256)
            embedding = np.frombuffer(vector, "<f2").astype(np.float32)
            return await self._server.read_attributes(data, embedding, backbone)
        except EndsProcesses as error:
            log.warning("Image %s is left alone from now on: %s", sha256[:12], error)
            await self._database.run_write(
                lambda session: quarantine(session, image_id, _WORK, DEATHS, self._clock()),
                alone_in=ITS_ROWS,
            )
            return None
        except (FileNotFoundError, ImageRefused) as error:
            log.info("The attributes of image %s cannot be read (%s).", sha256[:12], error)
            (self._put_off if isinstance(error, ImageUnread) else self._given_up).add(image_id)
            return None

    async def _find(
        self, backbone: str, version: AttributesVersion, limit: int
    ) -> Sequence[_Waiting]:
        def find(session: Session) -> Sequence[_Waiting]:
            found: Sequence[_Waiting] = []
            for which in _unread(version):
                query = self._waiting(backbone, which).order_by(Image.id.desc()).limit(limit)
                found = found or session.execute(query).all()
            return found

        return await self._database.run_read(find)

    def _count(self, backbone: str, version: AttributesVersion, session: Session) -> int:
        """How many images wait in all."""
        each = (self._waiting(backbone, which) for which in _unread(version))
        counts = (select(func.count()).select_from(query.subquery()) for query in each)
        return sum(session.execute(query).scalar_one() for query in counts)

    def _waiting(
        self, backbone: str, which: ColumnElement[bool]
    ) -> Select[int, str, bytes, str | None]:
        return (
            select(Image.id, Image.sha256, Embedding.vector, Image.attributes_by)
            .join(Embedding, Embedding.image_id == Image.id)
            .where(
                Embedding.backbone == backbone,
                which,
                Image.dropped_at.is_(None),
                Image.id.not_in(self._given_up | self._put_off),
                not_quarantined(_WORK),
            )
        )


def _unread(version: AttributesVersion) -> Sequence[ColumnElement[bool]]:
    """Which images are read: the first that there are any of."""
    never = Image.attributes.is_(None)
    # A machine that finds no faces does not take away those that another one found.
    if not version.finds_faces:
        return [never]
    return [never, Image.attributes.is_not(None) & _read_by_another(version.name)]


def _note(read: list[dict[str, Any]], session: Session) -> int:
    """Store what was read; how many it was."""
    if read:
        # In the order of their ids, as whoever else changes several rows at once.
        session.execute(_NOTE, sorted(read, key=lambda row: int(row["image"])))
    return len(read)


def _row(image_id: int, read_by: str | None, attributes: Attributes) -> dict[str, Any]:
    return {"image": image_id, "before": read_by, **attribute_columns(attributes)}


def _packed(row: Waiting, data: bytes) -> tuple[bytes, bytes]:
    return data, row.vector


def _read_by_another(version: str) -> ColumnElement[bool]:
    # Not "differs from": an index finds each of these three.
    by = Image.attributes_by
    return by.is_(None) | (by < version) | (by > version)
