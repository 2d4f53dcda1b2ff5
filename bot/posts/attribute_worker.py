"""Reading the attributes of stored images that have none yet, in the background.

Replies and imports do not wait for them, and images that were stored before there were attributes
have none, either. What other networks read than those that serve now is read again: a Peoria that
is ended goes on where it was, as each image says what read it. Nothing that is predicted goes by
attributes.
"""

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import ColumnElement, Row, bindparam, select, update
from sqlalchemy.orm import Session

from bot.cluster.outcomes import Refused
from bot.posts.fragment_reader import FRAGMENT, Found, FragmentReader, Waiting, not_quarantined
from bot.posts.images import attribute_columns
from bot.serving.champion import AttributesVersion, ChampionServer
from models.attributes.read import Attributes
from models.backbone import Backbone
from models.decoding import ImageRefused, ImageUnread
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.files.image_store import ImageStore
from storage.tables import Embedding, Image

log = logging.getLogger(__name__)

#: Of an image: its id, SHA-256, embedding, and what read its attributes.
_Waiting: TypeAlias = Row[int, str, bytes, str | None]

#: Images whose attributes are stored together.
BATCH = 8

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
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        server: ChampionServer,
        *,
        seconds: float = 0,
        far: FragmentReader | None = None,
    ) -> None:
        self._far = far
        #: Images whose attributes others have read for us.
        self._read_there = 0
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
        machines take. Nothing is read while
        all threads that run models are busy: nobody waits for this.

        Raises:
            NoChampion: no model version serves.
        """
        until = time.monotonic() + self._seconds
        read = found = await self._read_batch()
        while found >= BATCH and time.monotonic() < until:
            found = await self._read_batch()
            read += found
        return read

    async def _read_batch(self) -> int:
        if not self._server.has_free_thread:
            return 0
        backbone = (await self._server.champion()).backbone
        version = await self._server.attributes_version()
        there = self._far.size if self._far else 0
        waiting = await self._find(backbone.fingerprint, version, there or BATCH)
        if not waiting and self._put_off:
            self._put_off.clear()
            waiting = await self._find(backbone.fingerprint, version, there or BATCH)
        if self._far and len(waiting) >= FRAGMENT:
            before = self._read_there
            if await self._far.read(waiting, backbone, _packed, partial(self._store, version)):
                return self._read_there - before
        read = []
        for image_id, sha256, vector, read_by in waiting[:BATCH]:
            if not self._server.has_free_thread:
                break
            attributes = await self._read(image_id, sha256, vector, backbone)
            if attributes is not None:
                read.append(_row(image_id, read_by, attributes))
        await self._note(read)
        return len(read)

    async def _store(self, version: AttributesVersion, found: Found) -> bool:
        """Store a fragment that was read elsewhere; whether that was done as it is here."""
        read = []
        for row, each in found:
            if isinstance(each, Attributes):
                if each.read_by != version.name:
                    return False
                read.append(_row(row.id, row.attributes_by, each))
            else:
                for_now = isinstance(each, Refused) and each.for_now
                (self._put_off if for_now else self._given_up).add(row.id)
        await self._note(read)
        self._read_there += len(read)
        return True

    async def _note(self, read: list[dict[str, Any]]) -> None:
        if not read:
            return
        # In the order of their ids, as whoever else changes several rows at once.
        read.sort(key=lambda row: row["image"])
        await self._database.run_write(
            lambda session: session.execute(_NOTE, read), alone_in=ITS_ROWS
        )

    async def _read(
        self, image_id: int, sha256: str, vector: bytes, backbone: Backbone
    ) -> Attributes | None:
        try:
            data = await self._images.on_thread(self._images.get, sha256)
            embedding = np.frombuffer(vector, "<f2").astype(np.float32)
            return await self._server.read_attributes(data, embedding, backbone)
        except (FileNotFoundError, ImageRefused) as error:
            log.info("The attributes of image %s cannot be read (%s).", sha256[:12], error)
            (self._put_off if isinstance(error, ImageUnread) else self._given_up).add(image_id)
            return None

    async def _find(
        self, backbone: str, version: AttributesVersion, limit: int
    ) -> Sequence[_Waiting]:
        def find(session: Session) -> Sequence[_Waiting]:
            unread = self._waiting(session, backbone, Image.attributes.is_(None), limit)
            # A machine that finds no faces does not take away those that another one found.
            if unread or not version.finds_faces:
                return unread
            return self._waiting(session, backbone, _read_by_another(version.name), limit)

        return await self._database.run_read(find)

    def _waiting(
        self, session: Session, backbone: str, which: ColumnElement[bool], limit: int
    ) -> Sequence[_Waiting]:
        query = (
            select(Image.id, Image.sha256, Embedding.vector, Image.attributes_by)
            .join(Embedding, Embedding.image_id == Image.id)
            .where(
                Embedding.backbone == backbone,
                which,
                Image.dropped_at.is_(None),
                Image.id.not_in(self._given_up | self._put_off),
                not_quarantined("read_attributes"),
            )
            .order_by(Image.id.desc())
            .limit(limit)
        )
        return session.execute(query).all()


def _row(image_id: int, read_by: str | None, attributes: Attributes) -> dict[str, Any]:
    return {"image": image_id, "before": read_by, **attribute_columns(attributes)}


def _packed(row: Waiting, data: bytes) -> tuple[bytes, bytes]:
    return data, row.vector


def _read_by_another(version: str) -> ColumnElement[bool]:
    # Not "differs from": an index finds each of these three.
    by = Image.attributes_by
    return by.is_(None) | (by < version) | (by > version)
