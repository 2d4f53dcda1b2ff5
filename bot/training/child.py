"""The training process: started, followed, and stopped when it takes too much.

Its task is one JSON object on standard input. It writes JSON lines: how far it is, and at the end
the version that it made or the reason why there is none.
"""

import asyncio
import contextlib
import json
import logging
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from bot.runtime.subprocesses import ROOT, child_environment
from bot.training.steps import OnStep, StepLog
from storage.errors import ExpectedError

log = logging.getLogger(__name__)

_REFUSED_STATUS = 3
#: A child's lines are short; a longer one is not from our trainer.
_MAX_LINE = 16 * 2**20
#: Priority of the process on Unix: 0 is everybody's, 19 the lowest.
_NICE = 15
#: Small matrices on several threads wait for one another: a run on 4,000 labels spent 34 s of
#: processor time instead of 20, and was no faster for it beside other work.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

#: What Ray's own code writes before it ends a process whose cluster it has lost.
_HEAD_LOST = "Failed to connect to GCS"


class RunFailed(ExpectedError):
    """The training process gave no result; the message says why."""


@dataclass(frozen=True, slots=True)
class TrainingLimits:
    """What a run may take, and the fewest labels worth a run.

    Attributes:
        seconds: longest time; then the process is stopped.
        memory_mb: most memory of the process and its children, MB; then it is stopped.
        min_labels: with fewer labels the trainer refuses.
    """

    seconds: float
    memory_mb: int
    min_labels: int


async def train_in_child(
    command: Sequence[str], task: dict[str, Any], limits: TrainingLimits, on_step: OnStep
) -> dict[str, Any]:
    """Run the training process to its end; return its last line: ``refused``, or ``result``.

    Args:
        command: what to start.
        task: written to its standard input as one JSON object.
        limits: at which it is stopped.
        on_step: called with every step, before the next line is read.

    Raises:
        RunFailed: it failed, took too much, was killed, or wrote nothing that could be used.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**_ONE_THREAD, **child_environment()},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=_MAX_LINE,
    )  # fmt: skip
    _lower_priority(process)
    memory = asyncio.create_task(_watch_memory(process, limits.memory_mb))
    try:
        async with asyncio.timeout(limits.seconds):
            last, status, words = await _listen(process, task, on_step)
    except TimeoutError as error:
        raise RunFailed(
            f"Stopped after {limits.seconds / 60:g} minutes, the most that a run may take"
            " (PEORIA_TRAIN_MINUTES)."
        ) from error
    finally:
        memory.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
    if memory.done() and not memory.cancelled() and memory.result():
        raise RunFailed(
            f"Stopped when it took more than {limits.memory_mb} MB (PEORIA_TRAIN_MEMORY_MB)."
        )
    if status in (0, _REFUSED_STATUS) and last:
        return last
    log.error("The training process failed:\n%s", "\n".join(words[-30:]))
    if any(_HEAD_LOST in line for line in words):
        raise RunFailed("The head of the Ray cluster was lost (PEORIA_RAY_ADDRESS).")
    raise RunFailed(_why_it_ended(status, words[-1] if words else "no message"))


def _lower_priority(process: Process) -> None:
    """Let the bot go first: people wait for it, nobody waits for a training run."""
    with contextlib.suppress(psutil.Error):
        # Before it starts threads: each begins with the priority of the one that started it.
        psutil.Process(process.pid).nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", _NICE))


async def _listen(
    process: Process, task: dict[str, Any], on_step: OnStep
) -> tuple[dict[str, Any], int, list[str]]:
    """Its last line, its exit status, and what it wrote on standard error."""
    assert process.stdin is not None  # noqa: S101 - all three were asked for
    assert process.stdout is not None  # noqa: S101
    assert process.stderr is not None  # noqa: S101
    errors = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(json.dumps(task).encode() + b"\n")
        with contextlib.suppress(ConnectionError):
            # If the child is gone already, its exit status below says how it ended.
            await process.stdin.drain()
        last: dict[str, Any] = {}
        in_log = StepLog()
        async for line in _lines(process.stdout):
            if _is_result(line):
                last = line
            if "stage" in line:
                in_log.note(line)
                await on_step(line)
        status = await process.wait()
        return last, status, (await errors).decode(errors="replace").strip().splitlines()
    finally:
        errors.cancel()


async def _watch_memory(process: Process, limit_mb: int) -> bool:
    """Kill the child when its memory, with its children's, passes ``limit_mb``; True if it did."""
    try:
        watched = psutil.Process(process.pid)
        while process.returncode is None:
            family = [watched, *watched.children(recursive=True)]
            if sum(map(_memory, family)) > limit_mb * 2**20:
                process.kill()
                return True
            await asyncio.sleep(1)
    except psutil.NoSuchProcess:
        # It ended between two checks.
        pass
    return False


def _memory(process: psutil.Process) -> int:
    """Bytes of a process; none where it has ended: a child may, and the rest is watched on."""
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _why_it_ended(status: int, last_words: str) -> str:
    """Why a training process failed, from how it ended and the last line that it wrote."""
    if status == -signal.SIGKILL:
        return (
            "The training process was killed. The system does that when memory runs out:"
            " PEORIA_TRAIN_MEMORY_MB is the most that a run may take."
        )
    if status < 0:
        return f"The training process was ended by signal {-status}: {last_words}"
    if "No space left on device" in last_words:
        return f"The disk is full: {last_words}. Make room in the data folder."
    if last_words.startswith("MemoryError"):
        return f"Memory ran out in the training process: {last_words}"
    return f"The training process ended with status {status}: {last_words}"


async def _lines(output: asyncio.StreamReader) -> AsyncIterator[dict[str, Any]]:
    try:
        async for line in output:
            yield _parse(line)
    except ValueError as error:
        raise RunFailed("The training process wrote a line without end.") from error


def _is_result(line: dict[str, Any]) -> bool:
    result = line.get("result")
    return "refused" in line or (
        isinstance(result, dict) and {"version", "promote", "reason", "evidence"} <= result.keys()
    )


def _parse(line: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(line)
    except ValueError:
        # Something that a library printed.
        return {}
    return parsed if isinstance(parsed, dict) else {}
