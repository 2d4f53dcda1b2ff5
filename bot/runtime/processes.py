"""Which process this is, and whether another one is gone."""

import contextlib
import hashlib
import os
import platform
import uuid
from functools import cache
from pathlib import Path

import psutil

from bot.runtime.subprocesses import is_running


def this_process() -> str:
    """A name of this process that no other has: where it runs, its number, its start."""
    return _name_of(os.getpid())


def is_gone(process: str) -> bool | None:
    """Whether a process has ended; None: it runs elsewhere, so nobody can tell.

    Args:
        process: what `this_process` gave there.
    """
    place, pid, started = process.split(" ")
    if place != _place():
        return None
    return not is_running(int(pid), float(started))


@cache
def _name_of(pid: int) -> str:
    return f"{_place()} {pid} {psutil.Process(pid).create_time():.1f}"


@cache
def _place() -> str:
    """This machine since it was started, and the container: where process numbers mean the same."""
    parts = [platform.node(), str(uuid.getnode())]
    for file in ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"):
        path = Path(file)
        with contextlib.suppress(OSError):
            parts.append(str(path.readlink()) if path.is_symlink() else path.read_text("ascii"))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16]
