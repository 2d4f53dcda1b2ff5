"""What a child process of ours does to end with the one that started it, and to answer it."""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def end_with_parent() -> None:
    """End this process within a second of the one that started it: nobody would use its work."""
    threading.Thread(target=_watch, args=[os.getppid()], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def questions_and_answers() -> tuple[BinaryIO, BinaryIO]:
    """Where this process reads what it is asked, and where it answers.

    What libraries print goes to standard error. It ends with whoever started it: Ctrl-C, and the
    signal that stops a service, are for that one; what is under way meanwhile is no poison.
    """
    end_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, answers


def ended_after(seconds: int, work: Callable[P, T]) -> Callable[P, T]:
    """``work``, at which this process ends when it takes longer; on Windows it does not.

    So does one in a decoder that holds the interpreter, which then sees no end of its parent.
    """
    if sys.platform == "win32":
        return work

    def limited(*args: P.args, **kwargs: P.kwargs) -> T:
        signal.alarm(seconds)
        try:
            return work(*args, **kwargs)
        finally:
            signal.alarm(0)

    return limited


def end_first() -> None:
    """Where memory runs out, have Linux end this process before the one that started it."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")


def allow_memory(more: int | None) -> None:
    """Let this process take no more memory than now and so much; on Linux.

    Args:
        more: bytes; None: as much as there is.
    """
    if sys.platform != "linux":
        return
    import resource

    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if more is None:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
        return
    lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
    (taken,) = (int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
    most = taken + more
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
