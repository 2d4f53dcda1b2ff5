"""Reading the attributes of stored images that have none yet, in the background.

An import does not wait for them, and images that were stored before there were attributes have
none, either. Nothing that is predicted goes by them.
"""

import logging
from collections.abc import Sequence

import numpy as np
from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from bot.posts.images import attribute_columns
from bot.serving.champion import ChampionServer
from models.decoding import ImageRefused, ImageUnread
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.files.image_store import ImageStore
from storage.tables import Embedding, Image

log = logging.getLogger(__name__)

#: Images read with each call.
BATCH = 8


class AttributeWorker:
    """Finds images whose attributes were never read, and reads them."""

    def __init__(self, database: Database, images: ImageStore, server: ChampionServer) -> None:
        self._database = database
        self._images = images
        self._server = server
        #: Images whose file is gone or cannot be read: not tried again while Peoria runs.
        self._given_up: set[int] = set()
        #: Images that this machine could not read just now: their turn comes after all others.
        self._put_off: set[int] = set()

    async def read_next(self) -> int:
        """Read the attributes of up to `BATCH` images, the newest first; return how many.

        Nothing is read while all threads that run models are busy: nobody waits for this.

        Raises:
            NoChampion: no model version serves.
        """
        if not self._server.has_free_thread:
            return 0
        backbone = (await self._server.champion()).backbone
        waiting = await self._find(backbone.fingerprint)
        if not waiting and self._put_off:
            self._put_off.clear()
            waiting = await self._find(backbone.fingerprint)
        read = 0
        for image_id, sha256, vector in waiting:
            try:
                data = await self._images.on_thread(self._images.get, sha256)
                embedding = np.frombuffer(vector, "<f2").astype(np.float32)
                attributes = await self._server.read_attributes(data, embedding, backbone)
            except (FileNotFoundError, ImageRefused) as error:
                log.info("The attributes of image %s cannot be read (%s).", sha256[:12], error)
                (self._put_off if isinstance(error, ImageUnread) else self._given_up).add(image_id)
                continue
            read += 1
            # Not of an image that was erased meanwhile.
            change = update(Image).where(
                Image.id == image_id, Image.attributes.is_(None), Image.dropped_at.is_(None)
            )
            async with self._database.write(alone_in=ITS_ROWS) as session:
                await session.execute(change.values(attribute_columns(attributes)))
        return read

    async def _find(self, backbone: str) -> Sequence[Row[int, str, bytes]]:
        return await self._database.run_read(lambda session: self._waiting(session, backbone))

    def _waiting(self, session: Session, backbone: str) -> Sequence[Row[int, str, bytes]]:
        query = (
            select(Image.id, Image.sha256, Embedding.vector)
            .join(Embedding, Embedding.image_id == Image.id)
            .where(
                Embedding.backbone == backbone,
                Image.attributes.is_(None),
                Image.dropped_at.is_(None),
                Image.id.not_in(self._given_up | self._put_off),
            )
            .order_by(Image.id.desc())
            .limit(BATCH)
        )
        return session.execute(query).all()
