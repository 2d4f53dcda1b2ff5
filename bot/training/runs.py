"""Training runs: a child process makes a model version, this records what came of it.

The child has a time limit and a memory limit and never writes to the database. Whatever happens
to it (it fails, hangs, is killed), the champion stays what it was and the run says why.

At most one run is under way, whichever process started it: the table says so. Who asks for one
meanwhile gets that one.
"""

import asyncio
import logging
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import psutil
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.notices import NoticeKind, add_notice
from bot.runtime.clock import Clock
from bot.training.child import OnStep, RunFailed, train_in_child
from bot.training.child import TrainingLimits as TrainingLimits
from bot.training.summary import outcome_text
from bot.training.versions import add_version, make_champion
from models.head import Head, HeadUnusable
from models.registry import VersionUnusable, read_version
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.tables import Label, ModelVersion, TrainingRun
from storage.types import RunState

log = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[dict[str, Any]], None]

#: How often progress is written to the database, seconds.
_PROGRESS_SECONDS = 2.0
#: How often a run of another process is looked at by who waits for it, seconds.
_LOOK_SECONDS = 1.0
#: Two readings of when a process was started may differ by so much, seconds.
_START_SLACK = 5.0


class RunUnderWay(ExpectedError):
    """A training run is under way already.

    Attributes:
        run_id: which.
    """

    def __init__(self, run_id: int) -> None:
        super().__init__(
            "A training run is under way already. It takes up every label there is; wait for it"
            " to end."
        )
        self.run_id = run_id


@dataclass(frozen=True, slots=True)
class Requested:
    """The run that a request led to; ``joined`` when it was under way already."""

    run_id: int
    joined: bool


class TrainingRuns:
    """Starts training runs, one at a time, and records how they end.

    Args:
        command: the training process; it is told what to do on standard input.
    """

    #: Runs that this process carries out, by database and id: a run in the table that bears this
    #: process's number and is not here has ended without being able to say so.
    _here: ClassVar[set[tuple[str, int]]] = set()

    def __init__(
        self,
        database: Database,
        versions_dir: Path,
        limits: TrainingLimits,
        *,
        clock: Clock,
        command: Sequence[str] = (sys.executable, "-m", "trainer.refit.process"),
    ) -> None:
        self._database = database
        self._versions_dir = versions_dir
        self._limits = limits
        self._clock = clock
        self._command = command
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._listeners: defaultdict[int, list[Progress]] = defaultdict(list)

    async def request(self, *, asked_by: str, seed: int = 1) -> Requested:
        """Have a run started that goes on by itself, or join the one that is under way.

        Returns at once; `outcome` waits for the end. Contenders are not compared, which would take
        most of the time and decides nothing.

        Args:
            asked_by: who wanted it: ``command``, ``board``, ``schedule``, …
            seed: of everything random in the run.
        """
        try:
            run_id, champion = await self._begin(asked_by)
        except RunUnderWay as other:
            return Requested(other.run_id, joined=True)
        task = asyncio.create_task(
            self._carry_out(run_id, champion, seed=seed, options={"comparisons": "none"}),
            name=f"training run {run_id}",
        )
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))
        task.add_done_callback(_log_fault)
        # Let it begin: a task that is cancelled before that could not end the run.
        await asyncio.sleep(0)
        return Requested(run_id, joined=False)

    async def outcome(self, run_id: int, *, on_progress: Progress | None = None) -> TrainingRun:
        """Wait for a run to end, whichever process carries it out, and return it.

        Args:
            run_id: of a run that was requested.
            on_progress: told its steps as they become known: stage, done, total, epoch, loss.
        """
        task = self._tasks.get(run_id)
        if task is not None:
            if on_progress is not None:
                self._listeners[run_id].append(on_progress)
            # Who waits may give up; the run goes on.
            await asyncio.wait([task])
        seen: dict[str, Any] | None = None
        while True:
            await self.reap_dead_run()
            async with self._database.read() as session:
                run = await session.get_one(TrainingRun, run_id)
            if run.state is not RunState.RUNNING:
                return run
            if on_progress is not None and run.progress and run.progress != seen:
                seen = run.progress
                on_progress(seen)
            await asyncio.sleep(_LOOK_SECONDS)

    async def close(self) -> None:
        """Stop the runs that this object started."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def run(
        self,
        *,
        asked_by: str,
        seed: int = 1,
        options: dict[str, Any] | None = None,
        switch_to: str | None = None,
        only_if_better: bool = False,
        on_progress: Progress | None = None,
    ) -> TrainingRun:
        """Train a challenger, let the gate decide, and return the finished run.

        Args:
            asked_by: who wanted it: ``command``, ``board``, ``schedule``, …
            seed: of everything random in the run.
            options: handed to the trainer.
            switch_to: fingerprint of another backbone to fit a head on. The champion sees with
                other eyes and cannot be judged beside it, so the new version serves whatever the
                gate says: backbone and head change at once.
            only_if_better: with ``switch_to``: let the gate decide after all, between a head on
                the new backbone and one fitted alike on the backbone that serves.
            on_progress: told every step of the child: stage, done, total, epoch, loss.

        Raises:
            RunUnderWay: there is one already.
        """
        run_id, champion = await self._begin(asked_by)
        if on_progress is not None:
            self._listeners[run_id].append(on_progress)
        await self._carry_out(
            run_id, champion,
            seed=seed, options=options, switch_to=switch_to, only_if_better=only_if_better,
        )  # fmt: skip
        async with self._database.read() as session:
            return await session.get_one(TrainingRun, run_id)

    async def _carry_out(
        self,
        run_id: int,
        champion: ModelVersion,
        *,
        seed: int,
        options: dict[str, Any] | None = None,
        switch_to: str | None = None,
        only_if_better: bool = False,
    ) -> None:
        """Take a run that was begun to its end, whatever that is."""
        try:
            task = {
                "database_url": self._database.url,
                "models_root": str(self._versions_dir.resolve()),
                "backbone": switch_to or champion.backbone,
                "rival": champion.backbone if only_if_better else None,
                "champion": None if switch_to else await self._rival(champion),
                "min_labels": self._limits.min_labels,
                "seed": seed,
                "options": options or {},
            }
            last = await train_in_child(self._command, task, self._limits, self._follow(run_id))
            switched = switch_to is not None and not only_if_better
            await self._conclude(run_id, champion.name, last, switched=switched)
        except RunFailed as failure:
            await self._end(run_id, RunState.FAILED, str(failure))
        except (DBAPIError, OSError) as error:
            log.exception("Training run %s could not be seen through.", run_id)
            await self._end(run_id, RunState.FAILED, f"It could not be seen through: {error}.")
        except BaseException:
            await self._end(run_id, RunState.FAILED, "The process that ran it was stopped.")
            raise
        finally:
            self._listeners.pop(run_id, None)
            self._here.discard((self._database.url, run_id))

    async def _begin(self, asked_by: str) -> tuple[int, ModelVersion]:
        """Record the run; return its id and the champion of this moment.

        Raises:
            RunUnderWay: there is one already.
        """
        while True:
            try:
                return await self._try_to_begin(asked_by)
            except IntegrityError:
                # PostgreSQL only: another process recorded one since we looked. Look again.
                log.debug("Another training run was begun at the same moment.")

    async def _try_to_begin(self, asked_by: str) -> tuple[int, ModelVersion]:
        async with self._database.write() as session:
            other = await self._living_run(session)
            if other is not None:
                raise RunUnderWay(other.id)
            champion = (
                await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))
            ).one()
            run = TrainingRun(
                state=RunState.RUNNING,
                asked_by=asked_by,
                started_at=self._clock(),
                pid=os.getpid(),
                pid_started=psutil.Process().create_time(),
            )
            session.add(run)
            await session.flush()
            # Before the row can be seen, or it would look like a dead one.
            self._here.add((self._database.url, run.id))
        log.info("Training run %s begins, asked for by %s.", run.id, asked_by)
        return run.id, champion

    async def _rival(self, champion: ModelVersion) -> dict[str, Any] | None:
        """What the challenger has to beat; None, the base rate, where that cannot be the champion.

        A champion whose files cannot serve is no rival. Nor is one from elsewhere (the starter)
        that is newer than every label here: its own training posts may be among them, as when the
        set that it was made from is imported, and it cannot be judged on those.
        """
        async with self._database.read() as session:
            made_here = await session.scalar(
                select(TrainingRun.id).where(TrainingRun.model_version_id == champion.id)
            )
            newest = await session.scalar(select(func.max(Label.matured_at)))
        from_elsewhere = made_here is None and champion.trained_until is not None
        if from_elsewhere and newest is not None and newest <= champion.trained_until:
            log.info("%s cannot be judged on labels older than itself.", champion.name)
            return None
        return await asyncio.to_thread(self._describe, champion.name)

    def _describe(self, name: str) -> dict[str, Any] | None:
        folder = self._versions_dir / name
        try:
            manifest = read_version(folder)
            Head.load(folder)
        except (VersionUnusable, HeadUnusable) as error:
            log.warning("The champion is left out of the comparison: %s", error)
            return None
        return {
            "name": name,
            "folder": str(folder.resolve()),
            "trained_until": manifest.trained_until and manifest.trained_until.isoformat(),
        }

    async def reap_dead_run(self) -> None:
        """End a run whose process was killed before it could end it itself."""
        async with self._database.read() as session:
            run = await session.scalar(_RUNNING)
        if run is not None and not self._is_alive(run):
            async with self._database.write() as session:
                await self._living_run(session)

    async def _living_run(self, session: AsyncSession) -> TrainingRun | None:
        """The run that is under way; one whose process is gone is ended. Needs a write session."""
        run = await session.scalar(_RUNNING)
        if run is None or self._is_alive(run):
            return run
        await self._note_end(session, run, RunState.FAILED, "The process that ran it was killed.")
        await session.flush()
        return None

    def _is_alive(self, run: TrainingRun) -> bool:
        if run.started_at + timedelta(seconds=2 * self._limits.seconds) < self._clock():
            return False
        if run.pid == os.getpid():
            return (self._database.url, run.id) in self._here
        return process_of_run_lives(run)

    def _follow(self, run_id: int) -> OnStep:
        """Passes steps on to whoever listens, and now and then to the table."""
        written = -_PROGRESS_SECONDS

        async def on_step(step: dict[str, Any]) -> None:
            nonlocal written
            for listener in self._listeners[run_id]:
                listener(step)
            if time.monotonic() - written > _PROGRESS_SECONDS:
                written = time.monotonic()
                await self._note_progress(run_id, step)

        return on_step

    async def _note_progress(self, run_id: int, progress: dict[str, Any]) -> None:
        try:
            async with self._database.write() as session:
                await session.execute(
                    update(TrainingRun).where(TrainingRun.id == run_id).values(progress=progress)
                )
        except DBAPIError as error:
            # Nothing depends on it; what does will fail for itself, and say so.
            log.warning("Progress of training run %s could not be noted: %s", run_id, error.orig)

    async def _conclude(
        self, run_id: int, before: str, last: dict[str, Any], *, switched: bool
    ) -> None:
        """Enter the new version, promote it if the gate says so, end the run: one transaction.

        ``before`` is the champion that it was judged against.
        """
        if "refused" in last:
            await self._end(run_id, RunState.REFUSED, last["refused"])
            return
        result = last["result"]
        try:
            manifest = await asyncio.to_thread(read_version, self._versions_dir / result["version"])
        except VersionUnusable as error:
            await self._end(run_id, RunState.FAILED, str(error))
            return
        now = self._clock()
        async with self._database.write() as session:
            row = add_version(session, manifest)
            await session.flush()
            champion = await session.scalar(
                select(ModelVersion.name).where(ModelVersion.is_champion)
            )
            promote, reason = bool(result["promote"]), str(result["reason"])
            if switched:
                promote, reason = True, f"The backbone was switched. {reason}"
            elif promote and champion != before:
                promote = False
                reason = f"{champion} became champion meanwhile; it was not judged against that."
            if promote:
                await make_champion(session, row, now)
            run = await session.get_one(TrainingRun, run_id)
            run.evidence = result["evidence"]
            run.model_version_id = row.id
            state = RunState.PROMOTED if promote else RunState.KEPT
            await self._note_end(session, run, state, reason, made=manifest.name)
        log.info("Training made %s: %s %s", manifest.name, run.state.value, reason)

    async def _end(self, run_id: int, state: RunState, reason: str) -> None:
        async with self._database.write() as session:
            run = await session.get_one(TrainingRun, run_id)
            await self._note_end(session, run, state, reason)
        log.log(
            logging.ERROR if state is RunState.FAILED else logging.INFO,
            "Training %s: %s", state.value, reason,
        )  # fmt: skip

    async def _note_end(
        self,
        session: AsyncSession,
        run: TrainingRun,
        state: RunState,
        reason: str,
        *,
        made: str | None = None,
    ) -> None:
        """End a run, and have the admins told what came of it."""
        run.state = state
        run.reason = reason
        run.finished_at = self._clock()
        if state is not RunState.REFUSED:
            # A refusal (too few labels yet) changes nothing that anybody has to know of.
            add_notice(session, NoticeKind.TRAINING, outcome_text(run, made), now=self._clock())


#: The run under way: the index lets there be one.
_RUNNING = select(TrainingRun).where(TrainingRun.state == RunState.RUNNING)


def process_of_run_lives(run: TrainingRun) -> bool:
    """Whether the process that carries a run out is still there; asked from another process."""
    return run.pid is not None and _is_running(run.pid, run.pid_started)


def _is_running(pid: int, started: float | None) -> bool:
    """Whether the process that had this number when it was noted is still running."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return started is None or abs(process.create_time() - started) < _START_SLACK
    except psutil.NoSuchProcess:
        return False


def _log_fault(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("The %s ended by a fault.", task.get_name(), exc_info=error)
