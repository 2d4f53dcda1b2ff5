"""A Peoria of `benchmarks.roles` that is ended and started again."""

import asyncio
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchmarks.roles_child import Starter, is_running


class Process:
    """One Peoria that is started again and again."""

    def __init__(self, starter: Starter, settings: dict[str, Any], log: Path) -> None:
        self._starter = starter
        self._settings = settings
        self._log = log
        self.port: int | None = settings.get("web_port")
        self.pid = 0
        self.starts = 0
        #: How long it took to stop whenever it was asked to, seconds.
        self.stops: list[float] = []

    def start(self) -> None:
        """Start it."""
        self.pid = self._starter.start(self._settings, self._log)
        self.starts += 1

    async def end(self, number: signal.Signals) -> None:
        """Send it a signal that ends it, and wait until it is gone; one that hangs is killed."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        began = time.monotonic()
        until, asked = began + 60, number is signal.SIGTERM
        while is_running(self.pid):
            if time.monotonic() > until:
                print(f"process {self.pid} did not stop", file=sys.stderr)
                number, until = signal.SIGKILL, time.monotonic() + 60
                os.kill(self.pid, number)
            await asyncio.sleep(0.05)
        if asked:
            self.stops.append(time.monotonic() - began)
