"""main.py run: the bot itself."""

import asyncio
import contextlib
import signal

from bot.app import build, running
from bot.commands.console import err, run
from bot.core import open_core
from bot.log import set_up_logging
from bot.settings import Settings, load_settings


def serve() -> None:
    """Run Peoria: the local board, every platform that is set up, and the jobs. Ctrl-C stops it."""
    settings = load_settings()
    set_up_logging(settings.log_format, settings.log_level)
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers on its loop; there Ctrl-C still raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with open_core(settings) as core, running(build(core)):
        await stop.wait()
        err.print("Stopping.")
