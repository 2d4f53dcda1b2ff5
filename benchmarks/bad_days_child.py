"""Peoria in a process of its own for the bad days, to be killed (SIGKILL) at any instant.

    python -m benchmarks.bad_days_child

reads one line of JSON for each life from standard input, forks from itself (everything is imported
once), answers with the process number, and waits for its end at the next line. The world with its
loopback platform stays in the process that started this one; the time stands still meanwhile.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.platform import PlatformUnavailable
from bot.settings import Settings

ROOT = Path(__file__).parent.parent


class Nursery:
    """Starts and kills Peorias."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bad_days_child"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        self._child: int | None = None

    def start(self, settings: dict[str, Any], *, wall: float, steady: float) -> None:
        """Start a Peoria.

        Args:
            settings: what it is set to, as JSON takes it.
            wall: what its machine takes for the time, seconds since 1970.
            steady: its clock that never goes back.
        """
        life = {"settings": settings, "wall": wall, "steady": steady}
        self._child = int(self._ask(json.dumps(life)))

    def kill(self) -> None:
        """Kill it, wherever it is, and wait until it is gone."""
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.kill(self._child, signal.SIGKILL)

    async def gone(self) -> None:
        """Wait until it is gone."""
        if self._child is not None:
            await asyncio.to_thread(self._ask, "wait")
            self._child = None

    def close(self) -> None:
        """Kill what is left."""
        self.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n")
        return self._process.stdout.readline()


def settings_of(values: dict[str, Any]) -> Settings:
    """Settings from what JSON takes."""
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


async def live(settings: Settings, wall: float, steady: float) -> None:
    """Do everything that is due, again and again, until this process is killed."""
    from prawcore.sessions import FiniteRetryStrategy

    from bot.app import build
    from bot.core import open_core
    from bot.discord.gateway import client
    from bot.discord.platform import DiscordPlatform
    from bot.reddit.platform import RedditPlatform
    from bot.runtime.system_clock import SystemClock

    # Nobody waits for servers that are not there, nor before a token is replaced.
    client._GUILDS_SECONDS = 0.01  # noqa: SLF001
    FiniteRetryStrategy._sleep_seconds = lambda _: None  # type: ignore[method-assign]  # noqa: SLF001
    is_discord = settings.discord_token is not None
    now = datetime.fromtimestamp(wall, UTC)
    clock = SystemClock(lambda: wall, lambda: steady) if is_discord else (lambda: now)
    async with open_core(settings, clock=clock) as core:
        app = build(core)
        (platform,) = app.platforms.values()
        if is_discord:
            await platform.start()
        while True:
            with contextlib.suppress(PlatformUnavailable):
                if isinstance(platform, RedditPlatform):
                    await platform.tick()
                elif isinstance(platform, DiscordPlatform):
                    await platform.close_guessing()
            await app.jobs.run_due()
            await app.jobs.remove_replies()
            await asyncio.sleep(0.02)


def nurse() -> None:
    """Fork at every line; at ``wait``, wait for the end of the last one."""
    from bot.app import build  # noqa: F401 - imported before the forks
    from bot.discord import platform as discord  # noqa: F401
    from bot.reddit import platform as reddit  # noqa: F401

    child = 0
    for line in sys.stdin:
        if line == "wait\n":
            print(os.waitpid(child, 0)[1], flush=True)
            continue
        child = os.fork()
        if child:
            print(child, flush=True)
            continue
        life = json.loads(line)
        logging.disable(logging.CRITICAL)
        asyncio.run(live(settings_of(life["settings"]), life["wall"], life["steady"]))
        os._exit(0)


if __name__ == "__main__":
    nurse()
