"""Reading text in stored images, once per image, in the background (extra ``ocr``)."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeAlias

from PIL import Image as Picture
from sqlalchemy import ColumnElement, func, select, update

from models.attributes.text_layout import TextLayout
from models.decoding import DecodeLimits, ImageRefused, ImageUnread, decode
from models.ocr import READ_SIZE, ReadText
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.files.image_store import ImageStore
from storage.tables import Image

log = logging.getLogger(__name__)

Read: TypeAlias = Callable[[Picture.Image], ReadText]

#: Of an image that cannot be read: it would otherwise be tried again and again.
_NO_TEXT = ReadText("", TextLayout(0.0, 0.0, 0.0, 0))


class OcrWorker:
    """Finds images whose text was not read, and reads it.

    Args:
        database: holds the text of each image.
        images: the files.
        make_reader: makes the reader; called on the first image, because its models take seconds
            and memory to load.
        limits: how large an image may be.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        make_reader: Callable[[], Read],
        limits: DecodeLimits,
    ) -> None:
        self._database = database
        self._images = images
        self._make_reader = make_reader
        self._limits = limits
        self._reader: Read | None = None
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="reading")
        #: Images that this machine could not read just now: their turn comes after all others.
        self._put_off: set[int] = set()

    async def waiting(self) -> int:
        """How many images wait for their text to be read, but for those that were put off."""
        async with self._database.read() as session:
            query = select(func.count(Image.id)).where(self._is_next())
            return (await session.scalars(query)).one()

    async def read_next(self, limit: int = 1) -> int:
        """Read the text of up to ``limit`` images, the newest first; return how many were read.

        One that cannot be read just now is put off until no other waits.

        Raises:
            OcrMissing: the extra is not installed.
        """
        async with self._database.read() as session:
            query = (
                select(Image.id, Image.sha256)
                .where(self._is_next())
                .order_by(Image.id.desc())
                .limit(limit)
            )
            batch = (await session.execute(query)).all()
        if not batch:
            self._put_off.clear()
        read = 0
        for image_id, sha256 in batch:
            found = await asyncio.get_running_loop().run_in_executor(
                self._executor, self._read, sha256
            )
            if found is None:
                self._put_off.add(image_id)
                continue
            read += 1
            async with self._database.write(alone_in=ITS_ROWS) as session:
                # Not of an image that was erased meanwhile.
                await session.execute(
                    update(Image)
                    .where(Image.id == image_id, _unread())
                    .values(text=found.text, text_layout=found.layout.as_json())
                )
        return read

    def close(self) -> None:
        """End the thread; calls that have not begun are cancelled."""
        self._executor.shutdown(cancel_futures=True)

    def _is_next(self) -> ColumnElement[bool]:
        return _unread() & Image.id.not_in(self._put_off)

    def _read(self, sha256: str) -> ReadText | None:
        """The text in an image; None where it could not be read just now."""
        if self._reader is None:
            self._reader = self._make_reader()
        try:
            image = decode(self._images.get(sha256), limits=self._limits, size=READ_SIZE)
        except ImageUnread:
            return None
        except (FileNotFoundError, ImageRefused) as error:
            log.info("The text of image %s cannot be read (%s).", sha256[:12], error)
            return _NO_TEXT
        found = self._reader(image.pixels)
        # PostgreSQL cannot store this character.
        return replace(found, text=found.text.replace("\x00", ""))


def _unread() -> ColumnElement[bool]:
    return Image.text.is_(None) & Image.dropped_at.is_(None)
