"""The process that is connected to Ray: ``python -m bot.cluster.process ADDRESS``.

A process that is connected to a cluster is ended by Ray's own code when the cluster's head is lost
for long. So it is never the bot itself, only this child: the bot reads that its pipe has closed,
and works on by itself.
"""

import asyncio
import os
import sys
import traceback
from typing import BinaryIO

from bot.cluster.messages import Answer, Request, packed, read_message
from bot.cluster.pool import CannotRun, WorkerPool
from bot.cluster.worker import Kit
from models.ray_cluster import connect, disconnect, processors


class _Service:
    """Answers requests; holds the workers of one kit at a time."""

    def __init__(self) -> None:
        self._pools: dict[str, WorkerPool] = {}

    async def carry_out(self, request: Request) -> object:
        """What a request gives.

        Raises:
            CannotRun: it cannot be done.
        """
        match request.name, request.arguments:
            case "prepare", (str(name), Kit() as kit):
                return await self._prepare(name, kit)
            case "run", (str(name), work, batch):
                return await self._pools[name].run(work, batch)
            case "processors", ():
                return processors()
        raise CannotRun(f"There is no request {request.name}.")

    async def _prepare(self, name: str, kit: Kit) -> int:
        """Start workers for a kit in place of those for another; how many."""
        if name not in self._pools:
            self.close()
            count = processors()
            if count < 1:
                raise CannotRun("The cluster has no processors: start a node.")
            self._pools[name] = WorkerPool(kit, count)
        return self._pools[name].workers

    def close(self) -> None:
        """End all workers."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()


async def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), requests)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, answers)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    service = _Service()

    tasks: set[asyncio.Task[None]] = set()

    async def answer(request: Request) -> None:
        try:
            done = Answer(request.number, await service.carry_out(request))
        except CannotRun as error:
            done = Answer(request.number, why_not=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, the bot has to be told
            traceback.print_exc()
            why = f"The process that is connected to Ray failed ({type(error).__name__}: {error})."
            done = Answer(request.number, why_not=why)
        writer.write(packed(done))
        await writer.drain()

    writer.write(packed(Answer(0)))
    while (request := await read_message(reader)) is not None:
        task = asyncio.create_task(answer(request))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    # The bot has closed the pipe: what is under way is given up.
    for task in tasks:
        task.cancel()
    service.close()


def main() -> int:
    """Connect, and answer until the bot closes the pipe."""
    (address,) = sys.argv[1:]
    # What libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    try:
        connect(address)
    except ConnectionError as error:
        answers.write(packed(Answer(0, why_not=str(error))))
        return 1
    try:
        asyncio.run(_serve(requests, answers))
    finally:
        disconnect()
    return 0


if __name__ == "__main__":
    sys.exit(main())
