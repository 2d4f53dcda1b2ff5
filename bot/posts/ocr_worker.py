"""Reading text in stored images, once per image, in the background (extra ``ocr``)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

from PIL import Image as Picture
from sqlalchemy import ColumnElement, func, select, update
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
from bot.serving.champion import ChampionServer
from models.attributes.text_layout import TextLayout
from models.decoding import ImageRefused, ImageUnread
from models.ocr import ReadText
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.files.image_store import ImageStore
from storage.tables import Image

log = logging.getLogger(__name__)

Read: TypeAlias = Callable[[Picture.Image], ReadText]

#: What reads, for a pass.
_READS: Final = "RapidOCR"

#: Of an image that cannot be read: it would otherwise be tried again and again.
_NO_TEXT = ReadText("", TextLayout(0.0, 0.0, 0.0, 0))


class OcrWorker:
    """Finds images whose text was not read, and reads it.

    Args:
        database: holds the text of each image.
        images: the files.
        make_reader: makes the reader; called on the first image, because its models take seconds
            and memory to load.
        decoded: gives an image's pixels, decoded for `models.ocr.READ_SIZE`.
        far: has images read by other machines, while there are any; None: never.
        server: knows the backbone that these are given.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        make_reader: Callable[[], Read],
        decoded: Callable[[bytes], Awaitable[Picture.Image]],
        *,
        far: FragmentReader | None = None,
        server: ChampionServer | None = None,
    ) -> None:
        self._far = far
        self._server = server
        self._database = database
        self._images = images
        self._make_reader = make_reader
        self._decoded = decoded
        self._reader: Read | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="reading")
        #: Images that this machine could not read just now: their turn comes after all others.
        self._put_off: set[int] = set()

    async def waiting(self) -> int:
        """How many images wait for their text to be read, but for those that were put off."""
        return await self._database.run_read(self._count)

    async def read_next(self, limit: int = 1) -> int:
        """Read the text of up to ``limit`` images, the newest first; return how many were read.

        As many as they take where other machines read. One that cannot be read just now is put off
        until no other waits.

        Raises:
            OcrMissing: the extra is not installed.
        """
        if self._far:
            await self._far.settle()
        there = self._far.size if self._far else 0
        async with self._database.read() as session:
            query = (
                select(Image.id, Image.sha256)
                .where(self._is_next())
                .order_by(Image.id.desc())
                .limit(max(there, limit))
            )
            batch = (await session.execute(query)).all()
        if not batch:
            self._put_off.clear()
            if self._far:
                await self._far.progress.finish()
        elif self._far and self._server and len(batch) >= FRAGMENT:
            champion = await self._server.champion()
            read_there = await self._far.read(
                batch, champion.backbone, _sent, self._store, subject=_READS, count=self._count
            )
            if read_there is not None:
                return read_there
        read = 0
        for image_id, sha256 in batch[:limit]:
            found = await self._read(sha256)
            if found is None:
                self._put_off.add(image_id)
                continue
            read += 1
            await self._database.run_write(
                partial(self._note_here, {image_id: found}), alone_in=ITS_ROWS
            )
        return read

    def _store(self, found: Found) -> Write:
        """What stores a fragment that was read elsewhere."""
        texts: dict[int, ReadText] = {}
        for row, each in found:
            if isinstance(each, Refused) and each.for_now:
                self._put_off.add(row.id)
            else:
                texts[row.id] = _storable(each) if isinstance(each, ReadText) else _NO_TEXT
        return partial(_note, texts)

    def _note_here(self, texts: Mapping[int, ReadText], session: Session) -> None:
        _note(texts, session)
        if self._far:
            self._far.progress.advance(session, done=len(texts))

    def _count(self, session: Session) -> int:
        return session.scalars(select(func.count(Image.id)).where(self._is_next())).one()

    def close(self) -> None:
        """End the thread; calls that have not begun are cancelled."""
        self._executor.shutdown(cancel_futures=True)

    def _is_next(self) -> ColumnElement[bool]:
        return _unread() & Image.id.not_in(self._put_off)

    async def _read(self, sha256: str) -> ReadText | None:
        """The text in an image; None where it could not be read just now."""
        on_thread = asyncio.get_running_loop().run_in_executor
        if self._reader is None:
            self._reader = await on_thread(self._executor, self._make_reader)
        try:
            data = await self._images.on_thread(self._images.get, sha256)
            pixels = await self._decoded(data)
        except ImageUnread:
            return None
        except (FileNotFoundError, ImageRefused) as error:
            log.info("The text of image %s cannot be read (%s).", sha256[:12], error)
            return _NO_TEXT
        return _storable(await on_thread(self._executor, self._reader, pixels))


def _note(texts: Mapping[int, ReadText], session: Session) -> int:
    """Store what was read; how many it was."""
    for image_id, found in sorted(texts.items()):
        # Not of an image that was erased meanwhile.
        session.execute(
            update(Image)
            .where(Image.id == image_id, _unread())
            .values(text=found.text, text_layout=found.layout.as_json())
        )
    return len(texts)


def _storable(found: ReadText) -> ReadText:
    # PostgreSQL cannot store this character.
    return replace(found, text=found.text.replace("\x00", ""))


def _sent(_: Waiting, data: bytes) -> bytes:
    return data


def _unread() -> ColumnElement[bool]:
    return Image.text.is_(None) & Image.dropped_at.is_(None) & not_quarantined("read_text")
