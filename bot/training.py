"""Training runs: a child process makes a model version, this records what came of it.

The child has a time limit and a memory limit and never writes to the database. Whatever happens
to it (it fails, hangs, is killed), the champion stays what it was and the run says why.
"""

import asyncio
import contextlib
import json
import logging
import os
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import psutil
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.backbones import ROOT, child_environment
from bot.clock import Clock
from bot.versions import add_version, make_champion
from models.head import Head, HeadUnusable
from models.registry import VersionUnusable, read_version
from storage.database import Database
from storage.tables import Label, ModelVersion, TrainingRun
from storage.types import RunState

log = logging.getLogger(__name__)

Progress: TypeAlias = Callable[[dict[str, Any]], None]

_REFUSED_STATUS = 3
#: A child's lines are short; a longer one is not from our trainer.
_MAX_LINE = 16 * 2**20
#: How often progress is written to the database, seconds.
_PROGRESS_SECONDS = 2.0


class RunUnderWay(Exception):
    """A training run is under way already; the message says since when."""


class _RunFailed(Exception):
    """The run failed; the message says how."""


@dataclass(frozen=True, slots=True)
class TrainingLimits:
    """What a run may take, and the fewest labels worth a run."""

    seconds: float
    memory_mb: int
    min_labels: int


class Training:
    """Starts training runs, one at a time, and records how they end.

    Args:
        command: the training process; it is told what to do on standard input.
    """

    def __init__(
        self,
        database: Database,
        versions_dir: Path,
        limits: TrainingLimits,
        *,
        clock: Clock,
        command: Sequence[str] = (sys.executable, "-m", "trainer.run"),
    ) -> None:
        self._database = database
        self._versions_dir = versions_dir
        self._limits = limits
        self._clock = clock
        self._command = command

    async def run(
        self,
        *,
        asked_by: str,
        seed: int = 1,
        options: dict[str, Any] | None = None,
        switch_to: str | None = None,
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
            on_progress: told every step of the child: stage, done, total, epoch, loss.

        Raises:
            RunUnderWay: there is one already.
        """
        run_id, champion = await self._begin(asked_by)
        try:
            task = {
                "database_url": self._database.url,
                "models_root": str(self._versions_dir.resolve()),
                "backbone": switch_to or champion.backbone,
                "champion": None if switch_to else await self._rival(champion),
                "min_labels": self._limits.min_labels,
                "seed": seed,
                "options": options or {},
            }
            last = await self._supervise(run_id, task, on_progress)
            await self._conclude(run_id, champion.name, last, switched=switch_to is not None)
        except _RunFailed as failure:
            await self._end(run_id, RunState.FAILED, str(failure))
        except BaseException:
            await self._end(run_id, RunState.FAILED, "The process that ran it was stopped.")
            raise
        async with self._database.read() as session:
            return await session.get_one(TrainingRun, run_id)

    async def _begin(self, asked_by: str) -> tuple[int, ModelVersion]:
        """Record the run; return its id and the champion of this moment."""
        now = self._clock()
        try:
            async with self._database.write() as session:
                await self._bury_dead_run(session)
                champion = (
                    await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))
                ).one()
                run = TrainingRun(
                    state=RunState.RUNNING, asked_by=asked_by, started_at=now, pid=os.getpid()
                )
                session.add(run)
                await session.flush()
                run_id = run.id
        except IntegrityError as error:
            raise RunUnderWay(
                "A training run is under way already. It takes up every label there is; wait for"
                " it to end."
            ) from error
        return run_id, champion

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

    async def _bury_dead_run(self, session: AsyncSession) -> None:
        """End a run whose process was killed before it could end it itself."""
        run = await session.scalar(select(TrainingRun).where(TrainingRun.state == RunState.RUNNING))
        if run is None:
            return
        alive = run.pid is not None and psutil.pid_exists(run.pid)
        over_time = run.started_at + timedelta(seconds=2 * self._limits.seconds) < self._clock()
        if alive and not over_time:
            return
        run.state = RunState.FAILED
        run.finished_at = self._clock()
        run.reason = "The process that ran it was killed."
        await session.flush()

    async def _supervise(
        self, run_id: int, task: dict[str, Any], on_progress: Progress | None
    ) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *self._command,
            cwd=ROOT,
            env=child_environment(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=_MAX_LINE,
        )  # fmt: skip
        memory = asyncio.create_task(_watch_memory(process, self._limits.memory_mb))
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._listen(run_id, process, task, on_progress, memory)
        except TimeoutError as error:
            minutes = self._limits.seconds / 60
            raise _RunFailed(
                f"Stopped after {minutes:g} minutes, the most that a run may take"
                " (PEORIA_TRAIN_MINUTES)."
            ) from error
        finally:
            memory.cancel()
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _listen(
        self,
        run_id: int,
        process: Process,
        task: dict[str, Any],
        on_progress: Progress | None,
        memory: "asyncio.Task[bool]",
    ) -> dict[str, Any]:
        assert process.stdin is not None  # noqa: S101 - all three were asked for
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        process.stdin.write(json.dumps(task).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            # A child that is gone already is asked below how it ended.
            await process.stdin.drain()
        errors = asyncio.create_task(process.stderr.read())
        last: dict[str, Any] = {}
        written = 0.0
        stage = None
        async for line in _lines(process.stdout):
            if _is_outcome(line):
                last = line
            if "stage" not in line:
                continue
            if line["stage"] != stage:
                stage = line["stage"]
                log.info("Training: %s.", stage)
            if on_progress is not None:
                on_progress(line)
            if time.monotonic() - written > _PROGRESS_SECONDS:
                written = time.monotonic()
                await self._note_progress(run_id, line)
        status = await process.wait()
        if memory.done() and not memory.cancelled() and memory.result():
            raise _RunFailed(
                f"Stopped when it took more than {self._limits.memory_mb} MB"
                " (PEORIA_TRAIN_MEMORY_MB)."
            )
        if status in (0, _REFUSED_STATUS) and last:
            return last
        words = (await errors).decode(errors="replace").strip().splitlines()
        log.error("The training process failed:\n%s", "\n".join(words[-30:]))
        raise _RunFailed(
            f"The training process ended with status {status}: {words[-1] if words else 'no word'}"
        )

    async def _note_progress(self, run_id: int, progress: dict[str, Any]) -> None:
        async with self._database.write() as session:
            await session.execute(
                update(TrainingRun).where(TrainingRun.id == run_id).values(progress=progress)
            )

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
            run.state = RunState.PROMOTED if promote else RunState.KEPT
            run.reason = reason
            run.evidence = result["evidence"]
            run.model_version_id = row.id
            run.finished_at = now
        log.info("Training made %s: %s %s", manifest.name, run.state.value, reason)

    async def _end(self, run_id: int, state: RunState, reason: str) -> None:
        async with self._database.write() as session:
            run = await session.get_one(TrainingRun, run_id)
            run.state = state
            run.reason = reason
            run.finished_at = self._clock()
        log.log(
            logging.ERROR if state is RunState.FAILED else logging.INFO,
            "Training %s: %s", state.value, reason,
        )  # fmt: skip


async def _watch_memory(process: Process, limit_mb: int) -> bool:
    """Kill the child when its memory, with its children's, passes ``limit_mb``; True if it did."""
    try:
        watched = psutil.Process(process.pid)
        while process.returncode is None:
            family = [watched, *watched.children(recursive=True)]
            if sum(each.memory_info().rss for each in family) > limit_mb * 2**20:
                process.kill()
                return True
            await asyncio.sleep(1)
    except psutil.NoSuchProcess:
        # It ended between two looks.
        pass
    return False


async def _lines(output: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    try:
        async for line in output:
            yield _parse(line)
    except ValueError as error:
        raise _RunFailed("The training process wrote a line without end.") from error


def _is_outcome(line: dict[str, Any]) -> bool:
    result = line.get("result")
    return "refused" in line or (
        isinstance(result, dict) and {"version", "promote", "reason", "evidence"} <= result.keys()
    )


def _parse(line: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(line)
    except ValueError:
        # A library's chatter on standard output.
        return {}
    return parsed if isinstance(parsed, dict) else {}
