import asyncio
from pathlib import Path
from typing import Any

import psutil
import pytest

from bot.runtime.json_child import run_json_child

CHILD = """
import json, os, sys, time
task = json.loads(sys.stdin.readline())
print(json.dumps({"stage": "adding", "done": 1, "total": 2}))
print(json.dumps({"stage": "adding", "done": 2, "total": 2}))
if "hang" in task:
    print(json.dumps({"stage": "hanging", "pid": os.getpid()}))
    time.sleep(600)
secret = os.environ.get("PEORIA_SECRET_KEY")
print(json.dumps({"result": sum(task["numbers"]), "secret": secret}))
sys.exit(task.get("status", 0))
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that adds numbers, in the current folder."""
    (tmp_path / "adder.py").write_text(CHILD)
    monkeypatch.chdir(tmp_path)


async def test_steps_are_passed_on_and_the_last_line_is_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PEORIA_SECRET_KEY", "hunter2")
    steps: list[dict[str, Any]] = []
    status, last = await run_json_child("adder", {"numbers": [1, 2, 3]}, steps.append)
    assert (status, last) == (0, {"result": 6, "secret": None})
    assert [step["done"] for step in steps] == [1, 2]


async def test_a_child_that_fails_has_a_status_and_maybe_no_line() -> None:
    status, last = await run_json_child("adder", {"numbers": [1], "status": 3}, lambda _: None)
    assert (status, last["result"]) == (3, 1)
    status, last = await run_json_child("adder", {}, lambda _: None)
    assert (status, last) == (1, {})


async def test_a_child_that_nobody_waits_for_any_more_is_ended() -> None:
    pids: asyncio.Queue[int] = asyncio.Queue()

    def note(step: dict[str, Any]) -> None:
        if step["stage"] == "hanging":
            pids.put_nowait(step["pid"])

    running = asyncio.create_task(run_json_child("adder", {"hang": True}, note))
    pid = await pids.get()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not psutil.pid_exists(pid)
