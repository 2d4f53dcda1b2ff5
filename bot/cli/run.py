"""main.py run: the bot itself."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Annotated

import typer

from bot.app import build, running
from bot.cli import console
from bot.core import open_core
from bot.runtime.build import peoria_version
from bot.runtime.garbage import leave_in_place
from bot.runtime.log import set_up_logging
from bot.runtime.roles import MEANING, Role, parse_roles
from bot.runtime.shards import shard_choices
from bot.settings import Settings, load_settings
from storage.engine.faults import is_outage


def run(
    roles: Annotated[
        str | None,
        typer.Option(
            help="What this process does, such as web,jobs: "
            + "; ".join(f"{role} {MEANING[role]}" for role in Role)
            + ". Without it, all of that (PEORIA_ROLES).",
            metavar="ROLE,…",
        ),
    ] = None,
    shards: Annotated[
        str | None,
        typer.Option(
            help="Shards of the Discord bot that this process serves, such as 0-3/8; the other"
            " processes serve the rest. Or how many: '4 of 8' are any four that nobody serves."
            " Without it, all of them.",
            metavar="FIRST-LAST/COUNT",
        ),
    ] = None,
) -> None:
    """Run Peoria: the local board, every platform that is set up, and the jobs. Ctrl-C stops it."""
    settings = load_settings()
    if shards is not None:
        try:
            shard_choices(shards)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--shards") from error
        settings = settings.model_copy(update={"discord_shards": shards})
    if roles is not None:
        try:
            settings = settings.model_copy(update={"roles": parse_roles(roles.split(","))})
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--roles") from error
    set_up_logging(settings.log_format, settings.log_level, says_it_all=is_outage)
    with _told_to_others(settings):
        console.run(_run(settings))


@contextlib.contextmanager
def _told_to_others(settings: Settings) -> Iterator[None]:
    """Sentry and a collector are told what happens, where that is set."""
    with contextlib.ExitStack() as stack:
        if settings.sentry_dsn is not None:
            from bot.telemetry.errors import report_errors

            dsn = settings.sentry_dsn.get_secret_value()
            stack.callback(report_errors(dsn, release=peoria_version()))
        if settings.telemetry_url is not None:
            from bot.telemetry.spans import collect_spans

            roles = ",".join(settings.roles)
            spans = collect_spans(settings.telemetry_url, release=peoria_version(), roles=roles)
            stack.callback(spans.close)
        yield


async def _run(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no signal handlers on its loop; there Ctrl-C still raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with open_core(settings, reread=load_settings) as core, running(build(core)):
        leave_in_place()
        await stop.wait()
        console.err.print("Stopping.")
