"""The table of training runs: at most one is under way, whichever process started it."""

import logging
import os
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any, ClassVar

import psutil
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.leases import Lease, end_lease, has_living_owner
from bot.notices import NoticeKind, add_notice
from bot.runtime.clock import Clock
from bot.runtime.subprocesses import is_running
from bot.servers import server_to_join
from bot.training.summary import run_text
from bot.training.versions import find_champion
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.errors import ExpectedError
from storage.tables import ModelVersion, TrainingRun
from storage.types import RunState

log = logging.getLogger(__name__)

#: The run under way: an index of the table allows one.
_RUNNING = select(TrainingRun).where(TrainingRun.state == RunState.RUNNING)
#: The same, where nobody carries it out yet.
_WAITING = _RUNNING.where(TrainingRun.is_waiting)

_NOT_TAKEN = (
    "No process took it that trains: start one with the role train (main.py run --roles train)."
)


class RunUnderWay(ExpectedError):
    """A training run is under way already.

    Attributes:
        run_id: its id.
    """

    def __init__(self, run_id: int) -> None:
        super().__init__(
            "A training run is under way already. It uses every label there is; wait for it to end."
        )
        self.run_id = run_id


class RunTable:
    """Begins runs, notes how far they are, and ends them.

    Args:
        database: holds the table.
        longest: how long a run may take, seconds; after twice that it counts as dead.
        clock: the time.
    """

    #: Runs that this process carries out, by database and id. A run in the table that bears this
    #: process's number and is not here has ended without being able to say so.
    _here: ClassVar[set[tuple[str, int]]] = set()

    def __init__(self, database: Database, *, longest: float, clock: Clock) -> None:
        self._database = database
        self._longest = timedelta(seconds=longest)
        self._clock = clock
        self._leases: dict[int, Lease] = {}

    async def begin(self, asked_by: str) -> tuple[int, ModelVersion]:
        """Record a run of this process; return its id and the champion of this moment.

        Raises:
            RunUnderWay: there is one already.
        """
        while True:
            try:
                return await self._try_to_begin(asked_by)
            except IntegrityError:
                # PostgreSQL only: another process recorded one since we looked. Look again.
                log.debug("Another training run was begun at the same moment.")

    async def ask(self, asked_by: str) -> int:
        """Record a run that waits for a process to take it; return its id.

        Raises:
            RunUnderWay: there is one already, or one waits.
        """
        while True:
            try:
                async with self._database.write() as session:
                    other = await self._living_run(session)
                    if other is not None:
                        raise RunUnderWay(other.id)
                    run = TrainingRun(
                        state=RunState.RUNNING,
                        asked_by=asked_by,
                        started_at=self._clock(),
                        is_waiting=True,
                    )
                    session.add(run)
                    await session.flush()
                    return run.id
            except IntegrityError:
                log.debug("Another training run was asked for at the same moment.")

    async def take(self) -> tuple[int, ModelVersion] | None:
        """Make a run that waits one of this process; return its id and the champion.

        None where none waits.
        """
        async with self._database.read() as session:
            if await session.scalar(_WAITING) is None:
                return None
        async with self._database.write() as session:
            run = await session.scalar(_WAITING.with_for_update())
            if run is None:
                return None
            run.is_waiting = False
            run.started_at = self._clock()
            champion = await find_champion(session)
            lease = await self._make_ours(session, run)
        await lease.hold()
        log.info("Training run %s, asked for by %s, is carried out here.", run.id, run.asked_by)
        return run.id, champion

    def guarding(self, run_id: int) -> AbstractContextManager[None]:
        """A block in which nothing is written once a run of this process was ended by another."""
        return self._leases[run_id].guarding()

    async def read(self, run_id: int) -> TrainingRun:
        """The run as the table has it."""
        async with self._database.read() as session:
            return await session.get_one(TrainingRun, run_id)

    async def note_progress(self, run_id: int, progress: dict[str, Any]) -> None:
        """Write how far a run is, for those who wait for it in other processes."""
        try:
            async with self._database.write(alone_in=ITS_ROWS) as session:
                await session.execute(
                    update(TrainingRun).where(TrainingRun.id == run_id).values(progress=progress)
                )
        except DBAPIError as error:
            # Nothing depends on it; what does will fail for itself, and say so.
            log.warning("Progress of training run %s could not be noted: %s", run_id, error.orig)

    async def end(self, run_id: int, state: RunState, reason: str) -> None:
        """End a run that made no model version."""
        async with self._database.write() as session:
            await self.end_in(session, await session.get_one(TrainingRun, run_id), state, reason)
        log.log(
            logging.ERROR if state is RunState.FAILED else logging.INFO,
            "Training %s: %s", state.value, reason,
        )  # fmt: skip

    async def end_in(
        self,
        session: AsyncSession,
        run: TrainingRun,
        state: RunState,
        reason: str,
        *,
        made: str | None = None,
    ) -> None:
        """End a run in a write session, and have the admins told its result.

        Args:
            session: a write session.
            run: under way.
            state: how it ended.
            reason: why, one or more sentences.
            made: name of the model version that it made.
        """
        run.state = state
        run.reason = reason
        run.finished_at = self._clock()
        if state is not RunState.REFUSED and server_to_join(run.asked_by) is None:
            # A refusal (too few labels yet) changes nothing that anybody has to know of; what one
            # server's own labels say is nothing for the admins of all others.
            add_notice(session, NoticeKind.TRAINING, run_text(run, made), now=self._clock())

    async def forget(self, run_id: int) -> None:
        """This process no longer carries the run out."""
        self._here.discard((self._database.url, run_id))
        lease = self._leases.pop(run_id, None)
        if lease is not None:
            await lease.release(for_good=True)

    async def reap_dead_run(self) -> None:
        """End a run whose process was killed before it could end it itself."""
        async with self._database.read() as session:
            run = await session.scalar(_RUNNING)
            dead = run is not None and not await session.run_sync(self._is_alive, run)
        if dead:
            async with self._database.write() as session:
                await self._living_run(session)

    async def _try_to_begin(self, asked_by: str) -> tuple[int, ModelVersion]:
        async with self._database.write() as session:
            other = await self._living_run(session)
            if other is not None:
                raise RunUnderWay(other.id)
            champion = await find_champion(session)
            run = TrainingRun(
                state=RunState.RUNNING,
                asked_by=asked_by,
                started_at=self._clock(),
            )
            session.add(run)
            await session.flush()
            lease = await self._make_ours(session, run)
        await lease.hold()
        log.info("Training run %s begins, asked for by %s.", run.id, asked_by)
        return run.id, champion

    async def _make_ours(self, session: AsyncSession, run: TrainingRun) -> Lease:
        """Note in a write session that this process carries a run out."""
        run.pid, run.pid_started = os.getpid(), psutil.Process().create_time()
        # Before the row can be seen, or it would look like a dead one.
        self._here.add((self._database.url, run.id))
        lease = self._leases[run.id] = Lease(self._database, _lease_name(run.id))
        await session.run_sync(lease.take_in)
        return lease

    async def _living_run(self, session: AsyncSession) -> TrainingRun | None:
        """The run that is under way; one whose process is gone is ended. Needs a write session."""
        run = await session.scalar(_RUNNING)
        if run is None or await session.run_sync(self._is_alive, run):
            return run
        reason = _NOT_TAKEN if run.is_waiting else "The process that ran it was killed."
        await self.end_in(session, run, RunState.FAILED, reason)
        # It may only have been paused.
        await session.run_sync(end_lease, _lease_name(run.id))
        await session.flush()
        return None

    def _is_alive(self, session: Session, run: TrainingRun) -> bool:
        if run.started_at + 2 * self._longest < self._clock():
            return False
        if run.is_waiting:
            return True
        if (self._database.url, run.id) in self._here:
            return True
        if run.pid == os.getpid() and has_living_owner(session, _lease_name(run.id)) is None:
            return False
        return has_living_process(session, run)


def has_living_process(session: Session, run: TrainingRun) -> bool:
    """Whether the process that carries a run out is still there, on whatever machine.

    Runs of earlier versions have no lease: these were this machine's.
    """
    alive = has_living_owner(session, _lease_name(run.id))
    if alive is not None:
        return alive
    return run.pid is not None and is_running(run.pid, run.pid_started)


def _lease_name(run_id: int) -> str:
    return f"training run {run_id}"
