"""When a bot in this process has nothing left to do."""

import asyncio
from pathlib import Path
from typing import Any

_BOT_CODE = str(Path(__file__).parents[3] / "bot") + "/"
#: Coroutines in which a task waits for something new, and not for something under way.
_RESTING = {("tasks.py", "sleep"), ("locks.py", "wait"), ("queues.py", "get")}


async def turn() -> None:
    """Let what is ready to run, run."""
    for _ in range(3):
        await asyncio.sleep(0)


def busy() -> list["asyncio.Task[Any]"]:
    """Tasks of the bot that have work under way."""
    current = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not current and _at_work(task)]


def _at_work(task: "asyncio.Task[Any]") -> bool:
    ours = task.get_name().startswith(("discord.py: ", "discord-ui-", "CommandTree"))
    place = ("", "")
    inner: Any = task.get_coro()
    while inner is not None:
        code = next(
            (c for n in ("cr_code", "gi_code", "ag_code") if (c := getattr(inner, n, None))), None
        )
        if code is None:
            break
        ours = ours or code.co_filename.startswith(_BOT_CODE)
        place = (code.co_filename.rpartition("/")[2], code.co_name)
        if place[1] == "poll_event":
            return False
        inner = next(
            (a for n in ("cr_await", "gi_yieldfrom", "ag_await")
             if (a := getattr(inner, n, None)) is not None),
            None,
        )  # fmt: skip
    return ours and place not in _RESTING
