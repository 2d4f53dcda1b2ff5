"""Training runs: a child process makes a model version, and the database records the result.

The child has a time limit and a memory limit and never writes to the database. Whatever happens
to it (it fails, hangs, is killed), the champion stays what it was and the run says why.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from bot.leases import LeaseLost
from bot.runtime.clock import Clock
from bot.runtime.subprocesses import python_module
from bot.servers import (
    communities_kept_apart,
    communities_of_server,
    server_of_request,
    server_to_join,
)
from bot.training.champion_to_beat import champion_to_beat
from bot.training.child import RunFailed, TrainingLimits, train_in_child
from bot.training.run_result import record_result
from bot.training.run_table import RunTable, RunUnderWay
from bot.training.shared_models import SharedModels
from bot.training.steps import OnStep
from models.extras import require_train, train_is_installed
from storage.engine.database import Database
from storage.engine.faults import DATABASE_ERRORS, fault_sentence
from storage.engine.guard import unguarded
from storage.objects.faults import ObjectStoreFault
from storage.objects.image_place import ImagePlace
from storage.tables import ModelVersion, Server, TrainingRun
from storage.types import PlatformName, RunState

log = logging.getLogger(__name__)

#: Told the steps of a run as they become known: stage, and often done, total, epoch, loss.
OnProgress: TypeAlias = Callable[[dict[str, Any]], None]

#: How often progress is written to the database, seconds.
_PROGRESS_SECONDS = 2.0
#: How often who waits for a run of another process reads the table, seconds.
_POLL_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RequestedRun:
    """The run that a request led to.

    Attributes:
        run_id: its id.
        joined: whether it was under way already.
    """

    run_id: int
    joined: bool


class TrainingRuns:
    """Starts training runs, one at a time, and waits for them.

    Args:
        database: holds labels, versions and the table of runs.
        versions_dir: the child writes the new version's folder into it.
        limits: what a run may take.
        clock: the time.
        command: starts the training process; its task is written to its standard input.
        images: where images are, to try images saved in other ways; None: that is not tried.
        backbones_dir: holds the backbones, for the same.
        ray_address: of a Ray cluster that fits what can be fitted side by side; None: the child
            does all.
        shared: what other machines find versions in; None: there are none.
        trackers: where a run is noted besides, by the name of the tool.
    """

    def __init__(
        self,
        database: Database,
        versions_dir: Path,
        limits: TrainingLimits,
        *,
        clock: Clock,
        command: Sequence[str] = python_module("trainer.refit.process"),
        images: ImagePlace | None = None,
        backbones_dir: Path | None = None,
        ray_address: str | None = None,
        shared: SharedModels | None = None,
        trackers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._trackers = dict(trackers)
        self._database = database
        self._versions_dir = versions_dir
        self._limits = limits
        self._clock = clock
        self._command = command
        self._images = images
        self._backbones_dir = backbones_dir
        self._ray_address = ray_address
        self._shared = shared
        self._table = RunTable(database, longest=limits.seconds, clock=clock)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._listeners: defaultdict[int, list[OnProgress]] = defaultdict(list)
        self._carries_out = True

    def leave_to_others(self) -> None:
        """Only ask for runs from now on: a process with the role train carries them out."""
        self._carries_out = False

    async def start_or_join(self, *, asked_by: str, seed: int = 1) -> RequestedRun:
        """Start a run in the background, or join the one that is under way.

        Returns at once; `wait_for` waits for the end. Contenders are not compared, which would take
        most of the time and decides nothing.

        Args:
            asked_by: who wanted it: ``command``, ``board``, ``schedule``, …
            seed: of everything random in the run.

        Raises:
            TrainMissing: the extra `train` is not installed.
        """
        try:
            if not self._carries_out:
                return RequestedRun(await self._table.ask(asked_by), joined=False)
            require_train("Training")
            run_id, champion = await self._table.begin(asked_by)
        except RunUnderWay as other:
            if self._carries_out:
                # It may be one that waits.
                await self.take_asked()
            return RequestedRun(other.run_id, joined=True)
        await self._start(run_id, champion, seed=seed)
        return RequestedRun(run_id, joined=False)

    async def take_asked(self) -> bool:
        """Start a run that a process without the role train asked for; return whether one was."""
        taken = await self._table.take() if self._carries_out and train_is_installed() else None
        if taken is None:
            return False
        await self._start(*taken, seed=1)
        return True

    async def _start(self, run_id: int, champion: ModelVersion, *, seed: int) -> None:
        # By right of the run's own lease, not of whatever asked for it.
        with unguarded():
            task = asyncio.create_task(
                self._carry_out(run_id, champion, seed=seed, options={"comparisons": "none"}),
                name=f"training run {run_id}",
            )
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(run_id, None))
        task.add_done_callback(_log_fault)
        # Let it begin: a task that is cancelled before that could not end the run.
        await asyncio.sleep(0)

    async def wait_for(self, run_id: int, *, on_progress: OnProgress | None = None) -> TrainingRun:
        """Wait until a run has ended, whichever process carries it out, and return it.

        Args:
            run_id: of a run that was begun.
            on_progress: told its steps as they become known.
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
            run = await self._table.read(run_id)
            if run.state is not RunState.RUNNING:
                return run
            if on_progress is not None and run.progress and run.progress != seen:
                seen = run.progress
                on_progress(seen)
            await asyncio.sleep(_POLL_SECONDS)

    async def run(
        self,
        *,
        asked_by: str,
        seed: int = 1,
        options: dict[str, Any] | None = None,
        switch_to: str | None = None,
        only_if_better: bool = False,
        by_hand: bool = False,
        on_progress: OnProgress | None = None,
    ) -> TrainingRun:
        """Train a challenger, let the gate decide, and return the finished run.

        Args:
            asked_by: who wanted it: ``command``, ``switch``, …
            seed: of everything random in the run.
            options: passed to the trainer.
            switch_to: fingerprint of another backbone to fit a head on. The champion's head reads
                other embeddings and cannot be judged beside it, so the new version serves whatever
                the gate says: backbone and head change at the same moment.
            only_if_better: with ``switch_to``: let the gate decide after all, between a head on
                the new backbone and one fitted alike on the backbone that serves.
            on_progress: told every step of the child.

        Raises:
            RunUnderWay: there is one already.
            TrainMissing: the extra `train` is not installed.
        """
        require_train("Training")
        run_id, champion = await self._table.begin(asked_by)
        if on_progress is not None:
            self._listeners[run_id].append(on_progress)
        await self._carry_out(
            run_id, champion,
            seed=seed, options=options, switch_to=switch_to, only_if_better=only_if_better,
            by_hand=by_hand,
        )  # fmt: skip
        return await self._table.read(run_id)

    async def reap_dead_run(self) -> None:
        """End a run whose process was killed before it could end it itself."""
        await self._table.reap_dead_run()

    async def close(self) -> None:
        """Stop the runs that this object started."""
        tasks = [*self._tasks.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _carry_out(
        self,
        run_id: int,
        champion: ModelVersion,
        *,
        seed: int,
        options: dict[str, Any] | None = None,
        switch_to: str | None = None,
        only_if_better: bool = False,
        by_hand: bool = False,
    ) -> None:
        """Train in a child and record the result; whatever happens, the run is ended."""
        try:
            with self._table.guarding(run_id):
                await self._train(
                    run_id, champion,
                    seed=seed, options=options, switch_to=switch_to, only_if_better=only_if_better,
                    by_hand=by_hand,
                )  # fmt: skip
        except LeaseLost:
            log.warning("Training run %s was ended meanwhile; its result is dropped.", run_id)
        finally:
            self._listeners.pop(run_id, None)
            await self._table.forget(run_id)

    async def _train(
        self,
        run_id: int,
        champion: ModelVersion,
        *,
        seed: int,
        options: dict[str, Any] | None,
        switch_to: str | None,
        only_if_better: bool,
        by_hand: bool,
    ) -> None:
        try:
            if self._shared is not None:
                await asyncio.to_thread(self._shared.bring, champion.name)
            server, joins = await self._server_of(run_id)
            task = {
                "database_url": self._database.url,
                "models_root": str(self._versions_dir.resolve()),
                "backbone": switch_to or champion.backbone,
                "serving_backbone": champion.backbone if only_if_better else None,
                # What has a say beside the champion has not to beat it.
                "champion": (
                    None
                    if switch_to or joins
                    else await champion_to_beat(self._database, self._versions_dir, champion)
                ),
                "min_labels": self._limits.min_labels,
                "seed": seed,
                # A server's own labels are known to the champion, too.
                "by_hand": by_hand or server is not None,
                "joins": joins,
                "images": self._images.as_json() if self._images else None,
                "backbones_root": str(self._backbones_dir) if self._backbones_dir else None,
                "ray_address": self._ray_address,
                **await self._whose_labels(server),
                "trackers": self._trackers,
                "options": options or {},
            }
            last = await train_in_child(self._command, task, self._limits, self._follow(run_id))
            await record_result(
                self._database,
                self._table,
                self._versions_dir,
                run_id,
                last,
                judged_against=champion.name,
                server=server,
                joins=joins,
                switched=switch_to is not None and not only_if_better,
                now=self._clock(),
                put=self._shared.put if self._shared else None,
            )
        except (RunFailed, ObjectStoreFault) as failure:
            await self._table.end(run_id, RunState.FAILED, str(failure))
        except DATABASE_ERRORS as error:
            log.exception("Training run %s could not be finished.", run_id)
            await self._table.end(run_id, RunState.FAILED, fault_sentence(error))
        except LeaseLost:
            raise
        except BaseException:
            await self._table.end(run_id, RunState.FAILED, "The process that ran it was stopped.")
            raise

    def _follow(self, run_id: int) -> OnStep:
        """Passes steps on to the listeners, and every two seconds to the table."""
        written = -_PROGRESS_SECONDS

        async def on_step(step: dict[str, Any]) -> None:
            nonlocal written
            for listener in self._listeners[run_id]:
                listener(step)
            if time.monotonic() - written > _PROGRESS_SECONDS:
                written = time.monotonic()
                await self._table.note_progress(run_id, step)

        return on_step

    async def _server_of(self, run_id: int) -> tuple[tuple[PlatformName, str] | None, bool]:
        """The server whose labels alone a run is on, if any; whether it is to have a say there."""
        asked_by = (await self._table.read(run_id)).asked_by
        row = server_to_join(asked_by)
        if row is None:
            return server_of_request(asked_by), False
        async with self._database.read() as session:
            server = await session.get_one(Server, row)
        return (server.platform, server.source_id), True

    async def _whose_labels(self, server: tuple[PlatformName, str] | None) -> dict[str, list[int]]:
        """The part of a task that says which communities are learned from."""
        async with self._database.read() as session:
            # Curves of growth are learned for all, whoever asked for the run.
            whose = {"without": [*await communities_kept_apart(session)]}
            if server is not None:
                whose["only"] = [*await communities_of_server(session, *server)]
            return whose


def _log_fault(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("The %s ended by a fault.", task.get_name(), exc_info=error)
