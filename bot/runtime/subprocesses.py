"""Where our own child processes run, and what they are told of this one."""

import os
from pathlib import Path

#: The folder of main.py, where ``python -m trainer.…`` finds its modules.
ROOT = Path(__file__).parents[2]


def child_environment() -> dict[str, str]:
    """This process's environment without Peoria's own settings.

    A child process is told what it needs; tokens and passwords are not passed on.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PEORIA_")}
    return kept | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
