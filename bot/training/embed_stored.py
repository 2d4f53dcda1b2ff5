"""Embedding the stored images with another backbone, before it may serve.

The images are gone through by fragments. A fragment's embeddings, its place in the count and its
quarantined images are written in one transaction: whatever is lost on the way (this process, a
node of the cluster), no more than the fragments under way are done again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from bot.cluster.outcomes import Embedded, ImageBatches, Outcome, Quarantined, Refused
from bot.posts.passes import begin_pass
from bot.runtime.clock import Clock
from bot.runtime.supervisor import describe
from models.backbone import Backbone
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.engine.upsert import insert_new
from storage.errors import ExpectedError
from storage.files.image_store import ImageStore
from storage.queries.batch_jobs import advance_job, end_job, quarantine
from storage.tables import Embedding, Image, QuarantinedImage
from storage.types import BatchState

log = logging.getLogger(__name__)

#: Images of a fragment: embedded between two writes.
BATCH = 32
#: Fragments whose ids are read at once.
_PAGE = 64

_WORK: Final = "embed"
#: What ends the processes that fine-tune on it ends those that embed it.
_LEFT_ALONE_BY: Final = (_WORK, "finetune")

#: Told what is being done, how far it is, and of how much (None: not known).
OnAdvance: TypeAlias = Callable[[str, int, int | None], None]
_Fragment: TypeAlias = Sequence[Row[int, str]]


class BatchCancelled(ExpectedError):
    """Somebody ended the pass; what was embedded stays."""


async def embed_stored_images(
    database: Database,
    images: ImageStore,
    batches: ImageBatches,
    backbone: Backbone,
    on_advance: OnAdvance,
    *,
    clock: Clock,
) -> tuple[int, int]:
    """Embed every stored image that ``backbone`` has not embedded yet.

    Interrupted, it goes on where it stopped when it is called again. An image that ends the
    processes which work on it is quarantined and left out from then on.

    Args:
        database: holds the embeddings.
        images: the files.
        batches: embeds them.
        backbone: embeds with this.
        on_advance: told how far it is.
        clock: the time.

    Returns:
        how many were embedded, and how many were skipped: their file was dropped after its
        retention time, or cannot be decoded any more, or they are quarantined.

    Raises:
        BatchCancelled: somebody asked to end it (`main.py cluster cancel`).
    """
    total = await database.run_read(lambda session: _count(session, backbone.fingerprint))
    if not total:
        return 0, 0
    one = _Pass(database, images, batches, backbone, clock)
    return await one.run(total, on_advance)


class _Pass:
    """One pass over the images that are missing."""

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        batches: ImageBatches,
        backbone: Backbone,
        clock: Clock,
    ) -> None:
        self._database = database
        self._images = images
        self._batches = batches
        self._backbone = backbone
        self._clock = clock
        self._job = 0
        self._done = self._embedded = 0
        self._is_cancelled = False

    async def run(self, total: int, on_advance: OnAdvance) -> tuple[int, int]:
        self._job = await self._database.run_write(
            lambda session: self._begin(session, total), alone_in=ITS_ROWS
        )
        try:
            await self._go_through(total, on_advance)
        except BatchCancelled as cancelled:
            await self._end(BatchState.CANCELLED, str(cancelled))
            raise
        except asyncio.CancelledError:
            await self._end(BatchState.CANCELLED, "The process that ran it was stopped.")
            raise
        except Exception as error:
            # One line: what follows in a database's error is what was to be stored.
            await self._end(BatchState.FAILED, describe(error))
            raise
        await self._end(BatchState.DONE, None)
        return self._embedded, self._done - self._embedded

    def _begin(self, session: Session, total: int) -> int:
        name = self._backbone.info.name
        return begin_pass(session, work=_WORK, subject=name, total=total, now=self._clock())

    async def _go_through(self, total: int, on_advance: OnAdvance) -> None:
        """Keep as many fragments under way as there are workers, and no more."""
        running: set[asyncio.Task[None]] = set()
        try:
            async for fragment in self._fragments():
                running.add(asyncio.create_task(self._embed(fragment)))
                while len(running) >= self._batches.at_once:
                    running = await _one_less(running)
                on_advance("Embedding stored images", self._done, total)
                if self._is_cancelled:
                    break
            while running:
                running = await _one_less(running)
                on_advance("Embedding stored images", self._done, total)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
        if self._is_cancelled:
            raise BatchCancelled("It was cancelled; what was embedded stays.")

    async def _fragments(self) -> AsyncIterator[_Fragment]:
        after = 0
        while True:
            query = _missing(self._backbone.fingerprint, after).limit(BATCH * _PAGE)
            async with self._database.read() as session:
                page = (await session.execute(query)).all()
            if not page:
                return
            after = page[-1].id
            for start in range(0, len(page), BATCH):
                yield page[start : start + BATCH]

    async def _embed(self, fragment: _Fragment) -> None:
        files = await asyncio.gather(*(self._file(row.sha256) for row in fragment))
        there = [(row, data) for row, data in zip(fragment, files, strict=True) if data is not None]
        outcomes: list[Outcome] = []
        if there:
            outcomes = await self._batches.embed([data for _, data in there], self._backbone)
        found = [(row, each) for (row, _), each in zip(there, outcomes, strict=True)]
        self._is_cancelled |= await self._database.run_write(
            lambda session: self._store(session, len(fragment), found), alone_in=ITS_ROWS
        )
        self._done += len(fragment)
        self._embedded += sum(isinstance(each, Embedded) for _, each in found)

    async def _file(self, sha256: str) -> bytes | None:
        """An image's bytes; None: dropped after its retention time, or damaged."""
        try:
            return await self._images.on_thread(self._images.get, sha256)
        except FileNotFoundError:
            return None

    def _store(
        self, session: Session, size: int, found: Sequence[tuple[Row[int, str], Outcome]]
    ) -> bool:
        """Write a fragment; whether somebody has asked to end the pass."""
        now = self._clock()
        rows: list[dict[str, Any]] = []
        quarantined = 0
        for row, each in found:
            if isinstance(each, Embedded):
                rows.append(
                    {
                        "image_id": row.id,
                        "backbone": self._backbone.fingerprint,
                        "vector": each.embedding.astype("<f2").tobytes(),
                    }
                )
            elif isinstance(each, Quarantined):
                quarantined += 1
                quarantine(session, row.id, _WORK, each.deaths, now)
                log.warning(
                    "Image %s ended %s processes that worked on it: it is left alone.",
                    row.sha256[:12], each.deaths,
                )  # fmt: skip
            elif isinstance(each, Refused):
                log.info("Image %s is not embedded: %s", row.sha256[:12], each.sentence)
        insert_new(session, Embedding, rows)
        return advance_job(
            session, self._job,
            done=size, skipped=size - len(rows) - quarantined, quarantined=quarantined, now=now,
        )  # fmt: skip

    async def _end(self, state: BatchState, reason: str | None) -> None:
        now = self._clock()
        await self._database.run_write(
            lambda session: end_job(session, self._job, state, reason, now), alone_in=ITS_ROWS
        )


async def _one_less(running: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Wait until a fragment is done; those that are still under way."""
    ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.result()
    return running


def _missing(fingerprint: str, after: int) -> Select[int, str]:
    """Id and SHA-256 of the images that a backbone has not embedded, by their ids."""
    return (
        select(Image.id, Image.sha256)
        .outerjoin(
            Embedding, (Embedding.image_id == Image.id) & (Embedding.backbone == fingerprint)
        )
        .outerjoin(
            QuarantinedImage,
            (QuarantinedImage.image_id == Image.id) & QuarantinedImage.work.in_(_LEFT_ALONE_BY),
        )
        .where(Embedding.image_id.is_(None), QuarantinedImage.image_id.is_(None), Image.id > after)
        .order_by(Image.id)
    )


def _count(session: Session, fingerprint: str) -> int:
    missing = _missing(fingerprint, 0).order_by(None).subquery()
    return session.execute(select(func.count()).select_from(missing)).scalar_one()
