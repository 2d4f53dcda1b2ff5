"""A child process that reads one JSON object and writes JSON lines."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.runtime.subprocesses import ROOT, child_environment, python_module

#: The longest line that is read, bytes: the last one holds the whole result.
_MAX_LINE = 64 * 2**20


async def run_json_child(
    module: str, task: Mapping[str, Any], on_step: Callable[[dict[str, Any]], None]
) -> tuple[int, dict[str, Any]]:
    """Run ``python -m module`` in the current folder, to its end.

    Its standard error is ours, so that people see what it writes there.

    Args:
        module: what to run, by its name in the repository.
        task: written to its standard input as one JSON object.
        on_step: called with every line that has a ``stage``.

    Returns:
        its exit status, and its last line that has no ``stage``; empty if there was none.
    """
    child = await asyncio.create_subprocess_exec(
        *python_module(module),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env=child_environment() | {"PYTHONPATH": str(ROOT)}, limit=_MAX_LINE,
    )  # fmt: skip
    assert child.stdin is not None  # noqa: S101 - both were asked for
    assert child.stdout is not None  # noqa: S101
    last: dict[str, Any] = {}
    try:
        child.stdin.write(json.dumps(task).encode() + b"\n")
        child.stdin.close()
        async for line in child.stdout:
            parsed = json.loads(line)
            if "stage" in parsed:
                on_step(parsed)
            else:
                last = parsed
        return await child.wait(), last
    finally:
        # Nobody waits for it any more: it took too long, or Peoria ends.
        if child.returncode is None:
            child.kill()
            await child.wait()
