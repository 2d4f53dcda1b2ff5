"""Peorias as processes of their own for `benchmarks.roles`: started, killed, paused, stopped.

    python -m benchmarks.roles_child

reads one line of JSON for each start from standard input, forks from itself (everything is
imported once, so that a start costs no more than what Peoria does then), and answers with the
process number.
"""

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parent.parent


class Starter:
    """Starts Peorias, each in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.roles_child"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip

    def start(self, settings: dict[str, Any], log: Path) -> int:
        """Start one; return its process number.

        Args:
            settings: what it is set to, as JSON takes it.
            log: file that its log is added to.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = json.dumps({"settings": settings, "log": str(log)})
        self._process.stdin.write(f"{line}\n")
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """No more starts."""
        with suppress(BrokenPipeError):
            self._process.communicate()


def is_running(pid: int) -> bool:
    """Whether one that was started has not ended; the dead are taken away at once."""
    return psutil.pid_exists(pid)


def _live(settings: dict[str, Any], log: str) -> None:
    from bot.cli.run import _run
    from bot.runtime.log import set_up_logging
    from bot.settings import ENV_PREFIX, load_settings
    from storage.engine.faults import is_outage

    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    # As variables: credentials are read anew from there.
    os.environ |= {f"{ENV_PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    os.chdir(Path(log).parent)
    values = load_settings()
    set_up_logging(values.log_format, values.log_level, says_it_all=is_outage)
    asyncio.run(_run(values))


def main() -> None:
    """Fork at every line."""
    import bot.cli.run
    import bot.discord.platform
    import bot.reddit.platform  # noqa: F401 - imported before the forks

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child:
            print(child, flush=True)
            continue
        life = json.loads(line)
        try:
            _live(life["settings"], life["log"])
        except BaseException:
            logging.getLogger(__name__).exception("A Peoria ended.")
            os._exit(1)
        os._exit(0)


if __name__ == "__main__":
    main()
