"""Child processes of ours: where they run, what they inherit, whether they are alive."""

import os
import sys
from pathlib import Path

import psutil

#: What stands before the names of our modules: nothing in the repository, ``peoria.`` in the wheel.
_PREFIX = __name__.removesuffix("bot.runtime.subprocesses")
#: The folder that Python finds our modules in: that of main.py, or the one of installed packages.
ROOT = Path(__file__).parents[2 + _PREFIX.count(".")]

#: Two readings of when a process was started may differ by so much, seconds.
_START_SLACK = 5.0


def python_module(module: str) -> tuple[str, ...]:
    """The command that runs a module of ours, as ``python -m``, by this Python.

    Args:
        module: its name in the repository, for example ``trainer.refit.process``.
    """
    return (sys.executable, "-m", f"{_PREFIX}{module}")


def child_environment() -> dict[str, str]:
    """This process's environment without Peoria's own settings.

    A child process is told what it needs; tokens and passwords are not passed on.
    """
    # Settings are read whatever case their names are in.
    kept = {
        name: value for name, value in os.environ.items() if not name.upper().startswith("PEORIA_")
    }
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}


def is_running(pid: int, started: float | None) -> bool:
    """Whether the process that had this number when it was noted is still running.

    Args:
        pid: the process's number.
        started: when it was started, seconds since 1970, so that another process which was given
            the same number later is told apart; None: not known.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return started is None or abs(process.create_time() - started) < _START_SLACK
    except psutil.NoSuchProcess:
        return False
