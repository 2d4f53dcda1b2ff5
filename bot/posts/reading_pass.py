"""How far the reading of stored images is once the cluster takes part: a pass (`batch_jobs`)."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session

from bot.cluster.outcomes import Work
from bot.posts.passes import begin_pass
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.engine.faults import DATABASE_ERRORS, fault_sentence, may_pass
from storage.engine.scopes import ITS_ROWS
from storage.queries.batch_jobs import advance_job, end_job, is_complete
from storage.types import BatchState

log = logging.getLogger(__name__)

CANCELLED: Final = (
    "It was cancelled; what was read stays, and the rest is read without the cluster."
)
_STOPPED: Final = "The process that ran it was stopped."


class ReadingPass:
    """The pass of one kind of work that is under way, if one is.

    Args:
        database: holds it.
        work: what is read.
        clock: the time.
    """

    def __init__(self, database: Database, work: Work, *, clock: Clock) -> None:
        self._database = database
        self._work = work
        self._clock = clock
        self._job: int | None = None
        self._beginning = asyncio.Lock()
        #: Whether somebody asked to end it, and whether as many were read as waited.
        self.is_cancelled = self.is_complete = False

    async def begin(self, subject: str, count: Callable[[Session], int]) -> None:
        """Note that it has begun, unless it has.

        Args:
            subject: what reads.
            count: how many images wait.
        """

        async with self._beginning:
            if self._job is None:
                self.is_cancelled = self.is_complete = False
                # Not in the write: on SQLite everybody would wait until all are counted.
                total = await self._database.run_read(count)
                self._job = await self._database.run_write(
                    lambda session: begin_pass(
                        session, work=self._work, subject=subject, total=total, now=self._clock()
                    ),
                    alone_in=ITS_ROWS,
                )

    def advance(
        self, session: Session, *, done: int, skipped: int = 0, quarantined: int = 0
    ) -> None:
        """Add images to it, in the transaction that stores what was read; nothing without one."""
        if self._job is not None:
            self.is_cancelled |= advance_job(
                session, self._job,
                done=done, skipped=skipped, quarantined=quarantined, now=self._clock(),
            )  # fmt: skip
            self.is_complete = is_complete(session, self._job)

    async def finish(self) -> None:
        """Note that nothing more waits for it."""
        await self._end(BatchState.DONE, None)

    async def cancel(self) -> None:
        """Note that somebody ended it."""
        await self._end(BatchState.CANCELLED, CANCELLED)

    async def stop(self) -> None:
        """Note that this process ends, which ends a pass that is not complete.

        Where the database is away, that is said, and the process ends all the same: the next pass
        finds that this one's process is gone (`bot.posts.passes`).
        """
        try:
            if self.is_complete:
                await self.finish()
            else:
                await self._end(BatchState.CANCELLED, _STOPPED)
        except DATABASE_ERRORS as error:
            if not may_pass(error):
                raise
            log.warning(
                "How far the reading of images (%s) had come could not be noted: %s",
                self._work, fault_sentence(error),
            )  # fmt: skip

    async def _end(self, state: BatchState, reason: str | None) -> None:
        job, self._job = self._job, None
        if job is not None:
            await self._database.run_write(
                lambda session: end_job(session, job, state, reason, self._clock()),
                alone_in=ITS_ROWS,
            )
