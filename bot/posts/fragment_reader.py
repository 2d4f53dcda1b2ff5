"""Attributes and texts of stored images, read on the cluster by fragments while there is one."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Row, exists, select
from sqlalchemy.orm import Session

from bot.cluster.outcomes import NOT_INSTALLED, FarReading, Outcome, Quarantined, Refused, Work
from bot.posts.reading_pass import ReadingPass
from bot.runtime.clock import Clock
from models.backbone import Backbone
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.files.image_store import ImageStore
from storage.queries.batch_jobs import quarantine
from storage.tables import Image, QuarantinedImage

log = logging.getLogger(__name__)

#: Images that are sent, and stored, together; fewer are read sooner by this process.
FRAGMENT: Final = 32

#: A row of an image, its SHA-256 among the rest; and what became of it, None without a file.
Waiting: TypeAlias = Row[*tuple[Any, ...]]
Found: TypeAlias = Sequence[tuple[Waiting, Outcome | None]]
#: Stores what was read; how many images it was.
Write: TypeAlias = Callable[[Session], int]


class FragmentReader:
    """Has images read elsewhere, fragment by fragment; each is stored by itself.

    An image that ends the processes which work on it is quarantined, and left alone from then on.

    Args:
        far: where they are read.
        images: the files.
        database: holds what was read, what was quarantined, and how far it is.
        work: what is read.
    """

    def __init__(
        self, far: FarReading, images: ImageStore, database: Database, work: Work, *, clock: Clock
    ) -> None:
        self._far = far
        self._images = images
        self._database = database
        self._work = work
        self._clock = clock
        self._is_able = True
        #: How far this work is, whoever does it: in the cluster's batches, or between them here.
        self.progress = ReadingPass(database, work, clock=clock)

    @property
    def size(self) -> int:
        """Images that are worth being looked for at once; 0: nobody there can read them."""
        return FRAGMENT * self._far.at_once if self._is_able else 0

    async def read(
        self,
        waiting: Sequence[Waiting],
        backbone: Backbone,
        packed: Callable[[Waiting, bytes], Any],
        store: Callable[[Found], Write | None],
        *,
        subject: str,
        count: Callable[[Session], int],
    ) -> int | None:
        """Have images read, and each fragment stored; how many, or None: not all was done there.

        Args:
            waiting: the images.
            backbone: that the nodes are given.
            packed: what is sent of an image.
            store: what stores a fragment; None where the nodes do not read as we do.
            subject: what reads, for the pass.
            count: how many images wait in all.
        """
        fragments = [
            waiting[start : start + FRAGMENT] for start in range(0, len(waiting), FRAGMENT)
        ]
        done = await asyncio.gather(
            *(
                self._read(fragment, backbone, packed, store, subject, count)
                for fragment in fragments
            )
        )
        return None if None in done else sum(each or 0 for each in done)

    async def settle(self) -> None:
        """Note the end of a pass that is complete, or that somebody cancelled: before the next."""
        if self.progress.is_cancelled:
            self._is_able = False
            await self.progress.cancel()
        elif self.progress.is_complete:
            await self.progress.finish()

    async def close(self) -> None:
        """Note that this process ends."""
        await self.progress.stop()

    async def _read(
        self,
        fragment: Sequence[Waiting],
        backbone: Backbone,
        packed: Callable[[Waiting, bytes], Any],
        store: Callable[[Found], Write | None],
        subject: str,
        count: Callable[[Session], int],
    ) -> int | None:
        files = await asyncio.gather(*(self._file(row.sha256) for row in fragment))
        there = [(row, data) for row, data in zip(fragment, files, strict=True) if data is not None]
        outcomes: Sequence[Outcome] | None = []
        if there:
            sent = [packed(row, data) for row, data in there]
            outcomes = await self._far.read(self._work, sent, backbone)
        if outcomes is None:
            return None
        write = None
        if not any(isinstance(each, Refused) and each.reason == NOT_INSTALLED for each in outcomes):
            found = [*zip((row for row, _ in there), outcomes, strict=True)]
            missing = [row for row, data in zip(fragment, files, strict=True) if data is None]
            write = store(
                [
                    *((row, each) for row, each in found if not isinstance(each, Quarantined)),
                    *((row, None) for row in missing),
                ]
            )
        if write is None:
            if self._is_able:
                self._is_able = False
                log.warning(
                    "Nodes of the Ray cluster cannot do what this process does (%s): install the"
                    " same extras there. It is done here until the next start.", self._work,
                )  # fmt: skip
            return None
        ended = [(row, each) for row, each in found if isinstance(each, Quarantined)]
        await self.progress.begin(subject, count)
        return await self._database.run_write(
            lambda session: self._note(session, len(fragment), write, ended), alone_in=ITS_ROWS
        )

    def _note(
        self,
        session: Session,
        size: int,
        write: Write,
        ended: Sequence[tuple[Waiting, Quarantined]],
    ) -> int:
        """Store a fragment, and leave alone what ended its processes; how many were read."""
        read = write(session)
        for row, each in ended:
            quarantine(session, row.id, self._work, each.deaths, self._clock())
            log.warning(
                "Image %s ended %s processes that worked on it: it is left alone.",
                row.sha256[:12], each.deaths,
            )  # fmt: skip
        self.progress.advance(
            session, done=size, skipped=size - read - len(ended), quarantined=len(ended)
        )
        return read

    async def _file(self, sha256: str) -> bytes | None:
        """An image's bytes; None: dropped after its retention time, or damaged."""
        try:
            return await self._images.on_thread(self._images.get, sha256)
        except FileNotFoundError:
            return None


def not_quarantined(work: Work) -> ColumnElement[bool]:
    """Whether an image never ended two processes that did this work with it."""
    return ~exists(
        select(QuarantinedImage.image_id).where(
            QuarantinedImage.image_id == Image.id, QuarantinedImage.work == work
        )
    )
