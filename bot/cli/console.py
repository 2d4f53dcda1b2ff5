"""What every command does the same way: printing, progress, and failing with a sentence."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from storage.errors import ExpectedError

out = Console()
err = Console(stderr=True)

T = TypeVar("T")


class CommandFailed(ExpectedError):
    """A command cannot do what it was asked; the message says why."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's coroutine to its end."""
    return asyncio.run(work)


def say(text: str) -> None:
    """Print a sentence on standard output. The terminal wraps it; a pipe gets one line."""
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def print_json(data: Any) -> None:
    """Print ``data`` as JSON on standard output, the same on a terminal and in a pipe."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def progress() -> Progress:
    """A progress bar on standard error, so that output can be piped."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
    )


def show_steps(bar: Progress, starting: str = "Starting") -> Callable[[dict[str, Any]], None]:
    """Shows the steps of a child process on a progress bar: stage, done, total, loss.

    Args:
        bar: the progress bar.
        starting: stands there before the first step.
    """
    task = bar.add_task(starting, total=None)

    def show(step: dict[str, Any]) -> None:
        loss = step.get("loss")
        note = f" (loss {loss:.4f})" if isinstance(loss, float) else ""
        bar.update(
            task,
            description=f"{str(step['stage']).capitalize()}{note}",
            completed=step.get("done") or 0,
            total=step.get("total"),
        )

    return show
