"""Restores a backup, killed at every step in turn.

``python -m tests.fakes.killed_restore DATA BACKUP WORK`` copies the data folder DATA into WORK for
each step, restores BACKUP there in a forked child that kills itself at that step, and prints what
is found afterwards: one JSON line per step. A run that was not killed has a ``killed`` of false.
"""

import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.operations.restore import restore
from bot.settings import Settings
from storage.engine.migrate import known_revisions
from storage.swap import finish_swap

#: What a kill can come before.
STEPS = ("rename", "replace", "fsync", "mkdir", "unlink", "rmdir")


def kill_at(number: int) -> None:
    """Kill this process before the step of a number."""
    count = 0

    def counted(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return step(*args, **options)

        return run

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def restored(data: Path, backup: Path, number: int) -> bool:
    """Restore in a child; whether it was killed."""
    child = os.fork()
    if child == 0:
        kill_at(number)
        settings = Settings(_env_file=None, data_dir=data)  # type: ignore[call-arg]
        restore(settings, backup, now=datetime(2026, 3, 1, tzinfo=UTC))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert status == 0, "the restore failed"
    return False


def found(folder: Path) -> dict[str, Any]:
    """What a data folder holds: who is in its database, its key, its versions."""
    with closing(sqlite3.connect(folder / "peoria.db")) as database:
        names = database.execute("SELECT name FROM communities").fetchall()
    return {
        "communities": [name for (name,) in names],
        "key": (folder / "people.key").read_text(),
        "versions": sorted(path.name for path in (folder / "models").iterdir()),
    }


def main() -> None:
    data, backup, work = map(Path, sys.argv[1:])
    # Once, before the forks.
    known_revisions()
    number, killed = 0, True
    while killed:
        number += 1
        copy = shutil.copytree(data, work / str(number))
        killed = restored(copy, backup, number)
        ready = (copy / ".restore" / "ready").exists()
        finish_swap(copy)
        kept = [found(each) for each in copy.glob("before-restore-*")]
        print(json.dumps({"killed": killed, "ready": ready, "now": found(copy), "kept": kept}))
        # Whatever was left is no hindrance.
        if number % 7 == 0:
            assert not restored(copy, backup, 10**6)
        shutil.rmtree(copy)


if __name__ == "__main__":
    main()
