"""The bot's side of the process that is connected to Ray."""

import asyncio
import contextlib
import itertools
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Sequence
from typing import Any

from bot.cluster.messages import Answer, Request, packed, read_message
from bot.runtime.subprocesses import ROOT, child_environment, python_module

#: Connecting takes seconds; a cluster that is not there is told within this, seconds.
CONNECT_SECONDS = 120.0
#: How long the process may take to end its workers, seconds.
_CLOSE_SECONDS = 20.0
#: A batch of large images with all that is around it.
_BUFFER = 4 * 2**20

COMMAND = python_module("bot.cluster.process")


class ClusterAway(Exception):
    """The cluster cannot be used now; the message is a sentence that says why."""


class ClusterConnection:
    """A connection that was made; `ClusterConnection.open` makes one."""

    def __init__(self, address: str, process: Process) -> None:
        self._address = address
        self._process = process
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._words: deque[str] = deque(maxlen=20)
        self._sending = asyncio.Lock()
        self._tasks = [
            asyncio.create_task(self._listen(), name="answers of the Ray process"),
            asyncio.create_task(self._overhear(), name="words of the Ray process"),
        ]

    @classmethod
    async def open(
        cls, address: str, *, command: Sequence[str] = COMMAND, seconds: float = CONNECT_SECONDS
    ) -> "ClusterConnection":
        """Connect to a cluster.

        Raises:
            ClusterAway: there is none at the address, or the extra is not installed.
        """
        process = await asyncio.create_subprocess_exec(
            *command, address,
            cwd=ROOT, env=child_environment(), limit=_BUFFER,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        connection = cls(address, process)
        try:
            async with asyncio.timeout(seconds):
                await connection._answer(0)
        except TimeoutError as error:
            await connection.close()
            raise ClusterAway(
                f"The Ray cluster at {address} did not answer within {seconds:.0f} s."
            ) from error
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def is_open(self) -> bool:
        """Whether the process still runs and answers."""
        return not self._tasks[0].done()

    async def request(self, name: str, *arguments: Any) -> Any:
        """What the process answers.

        Raises:
            ClusterAway: it cannot be done, or the connection was lost.
        """
        number = next(self._numbers)
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(ConnectionError):
            # Where the process is gone, the answer below says why.
            async with self._sending:
                self._process.stdin.write(packed(Request(number, name, arguments)))
                await self._process.stdin.drain()
        return await self._answer(number)

    async def close(self) -> None:
        """End the process and what it has started; requests that wait are told."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await asyncio.gather(*self._tasks)

    async def _answer(self, number: int) -> Any:
        if not self.is_open and number not in self._waiting:
            raise ClusterAway(self._why_lost())
        waits = self._waiting.setdefault(number, asyncio.get_running_loop().create_future())
        try:
            answer = await waits
        finally:
            self._waiting.pop(number, None)
        if answer.why_not is not None:
            raise ClusterAway(answer.why_not)
        return answer.value

    async def _listen(self) -> None:
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        try:
            while (answer := await read_message(self._process.stdout)) is not None:
                waits = self._waiting.get(answer.number)
                if answer.number == 0:
                    waits = self._waiting.setdefault(0, asyncio.get_running_loop().create_future())
                # Nobody waits any more for what was cancelled.
                if waits is not None and not waits.done():
                    waits.set_result(answer)
        finally:
            for number, waits in [*self._waiting.items()]:
                if not waits.done():
                    waits.set_result(Answer(number, why_not=self._why_lost()))

    async def _overhear(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(ValueError):
            async for line in self._process.stderr:
                if words := line.decode(errors="replace").strip():
                    self._words.append(words)

    def _why_lost(self) -> str:
        said = next(
            (line for line in reversed(self._words) if "GCS" in line or "Error" in line), None
        )
        because = f" Its last words: {said[:300]}" if said else ""
        return f"The connection to the Ray cluster at {self._address} was lost.{because}"
