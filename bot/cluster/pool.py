"""Workers on the nodes of a Ray cluster: as many as it has processors, one batch each at a time.

Only the process that is connected to Ray imports this (`bot.cluster.process`).
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
from ray.exceptions import (
    ActorDiedError,
    ActorUnavailableError,
    GetTimeoutError,
    ObjectLostError,
    ObjectStoreFullError,
    OutOfDiskError,
    RayActorError,
    RaySystemError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from bot.cluster.outcomes import Outcome, Quarantined, Work
from bot.cluster.worker import ImageWorker, Kit
from models.ray_cluster import STORE_IS_FULL

#: A worker that has not begun by then has no node to run on, seconds.
START_SECONDS = 90.0
#: A node that does not answer a call that does nothing by then is lost, seconds.
PING_SECONDS = 20.0
#: What a batch may take: so much, and so much more for each image, seconds.
BATCH_SECONDS, IMAGE_SECONDS = 60.0, 20.0
#: After so many lost nodes in a row a batch is given back.
NODES = 4

#: What Ray raises where the worker or its node is gone.
_GONE = (
    RayActorError, ActorDiedError, ActorUnavailableError, ObjectLostError, WorkerCrashedError,
    RaySystemError,
)  # fmt: skip


class CannotRun(Exception):
    """The cluster cannot do this; the message is a sentence."""


@dataclass(slots=True, eq=False)
class _Slot:
    actor: Any
    node: str = ""


@dataclass(frozen=True, slots=True)
class _Died:
    """The worker ended and its node did not: the batch holds what ended it."""


class WorkerPool:
    """Hands batches to workers, replaces those that end, and finds the image that ends them.

    Back-pressure: a batch waits until a worker is free, and whoever sends more than there are
    workers waits with it.

    Args:
        kit: what each worker needs.
        workers: how many.
    """

    def __init__(self, kit: Kit, workers: int) -> None:
        self.workers = workers
        try:
            self._kit = ray.put(kit)
        except (ObjectStoreFullError, OutOfDiskError) as error:
            raise CannotRun(STORE_IS_FULL) from error
        self._free: asyncio.Queue[_Slot | Exception] = asyncio.Queue()
        self._starts: set[asyncio.Task[None]] = set()
        self._slots: set[_Slot] = set()
        for _ in range(workers):
            self._begin()

    async def run(self, work: Work, batch: Sequence[Any]) -> list[Outcome]:
        """An outcome for each image, in their order.

        Where a worker ends over a batch, each of its images is tried alone; one that ends a second
        worker is quarantined.

        Raises:
            CannotRun: the object store is full, nodes are lost again and again, no worker can be
                started, or the work itself failed.
        """
        found = await self._attempt(work, batch)
        if not isinstance(found, _Died):
            return found
        outcomes: list[Outcome] = []
        for data in batch:
            alone = await self._attempt(work, [data])
            outcomes += [Quarantined(2)] if isinstance(alone, _Died) else alone
        return outcomes

    def close(self) -> None:
        """End the workers."""
        for task in self._starts:
            task.cancel()
        for slot in self._slots:
            _end(slot)

    async def _attempt(self, work: Work, batch: Sequence[Any]) -> list[Outcome] | _Died:
        """Try a batch on one worker after another for as long as it is their nodes that end."""
        for _ in range(NODES):
            slot = await self._take()
            try:
                async with asyncio.timeout(BATCH_SECONDS + IMAGE_SECONDS * len(batch)):
                    found: list[Outcome] = await slot.actor.run.remote(work, await _put(batch))
            except RayTaskError as error:
                self._free.put_nowait(slot)
                raise CannotRun(f"A worker of the cluster failed: {_words(error)}") from error
            except (*_GONE, TimeoutError):
                node = slot.node
                self._replace(slot)
                if not await _is_lost(node):
                    return _Died()
            except BaseException:
                # The batch may still be under way there.
                self._replace(slot)
                raise
            else:
                self._free.put_nowait(slot)
                return found
        raise CannotRun(f"{NODES} nodes of the cluster were lost, one after the other.")

    async def _take(self) -> _Slot:
        """A worker that is free.

        Raises:
            CannotRun: none could be started.
        """
        found = await self._free.get()
        if isinstance(found, Exception):
            # The others are told the same.
            self._free.put_nowait(found)
            raise found
        return found

    def _replace(self, slot: _Slot) -> None:
        _end(slot)
        self._slots.discard(slot)
        self._begin()

    def _begin(self) -> None:
        actor = (
            ray.remote(ImageWorker)
            .options(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")
            .remote(self._kit)
        )
        slot = _Slot(actor)
        self._slots.add(slot)
        task = asyncio.get_running_loop().create_task(self._start(slot))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    async def _start(self, slot: _Slot) -> None:
        """Wait until a worker runs; where that fails, only the last one left says so."""
        why = None
        try:
            async with asyncio.timeout(START_SECONDS):
                slot.node = await slot.actor.node.remote()
        except TimeoutError:
            why = f"No node of the cluster had a processor free within {START_SECONDS:.0f} s."
        except (*_GONE, RayTaskError) as error:
            why = f"A worker could not be started: {_words(error)}"
        if why is None:
            self._free.put_nowait(slot)
            return
        _end(slot)
        self._slots.discard(slot)
        if not self._slots:
            self._free.put_nowait(CannotRun(why))


async def _put(batch: Sequence[Any]) -> Any:
    try:
        # Where the store is full, Ray waits a while for room: not on the event loop.
        return await asyncio.to_thread(ray.put, list(batch))
    except (ObjectStoreFullError, OutOfDiskError) as error:
        raise CannotRun(STORE_IS_FULL) from error


async def _is_lost(node: str) -> bool:
    """Whether a node is gone, by a call there that does nothing."""
    ping = ray.remote(_nothing).options(
        num_cpus=0, max_retries=0,
        scheduling_strategy=NodeAffinitySchedulingStrategy(node_id=node, soft=False),
    )  # fmt: skip
    try:
        async with asyncio.timeout(PING_SECONDS):
            await ping.remote()
    except Exception:  # noqa: BLE001 - whatever it is, the node did not answer
        return True
    return False


def _nothing() -> None:
    """What a node is asked to do, to see whether it is there."""


def _end(slot: _Slot) -> None:
    with contextlib.suppress(*_GONE, ValueError, GetTimeoutError):
        ray.kill(slot.actor, no_restart=True)


def _words(error: Exception) -> str:
    """The last line of what Ray tells, which is the worker's own exception."""
    cause = getattr(error, "cause", None)
    lines = [line for line in str(cause or error).strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__
