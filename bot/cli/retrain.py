"""main.py retrain: what the schedule, the board's button and /retrain do."""

from typing import Annotated

import typer

from bot.audit import COMMAND_LINE, Action
from bot.cli.console import err, progress, run, show_steps
from bot.cli.train import STARTING, Ended, read_ended, report
from bot.core import open_core
from bot.settings import load_settings


def retrain(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit a new model version on all labels; where a run is under way already, wait for that one.

    The same as the nightly run, the board's button and /retrain on Discord: the gate decides, and
    the admins are told. Exit status 1 when the run failed or was refused.
    """
    report(run(_retrain()), as_json=as_json)


async def _retrain() -> Ended:
    async with open_core(load_settings()) as core:
        asked = await core.training.start_or_join(asked_by="command")
        if asked.joined:
            err.print("A training run is under way already; this waits for it.")
        about = {"run": asked.run_id}
        await core.audit.note(COMMAND_LINE, Action.RETRAIN, details=about)
        with progress() as bar:
            ended = await core.training.wait_for(
                asked.run_id, on_progress=show_steps(bar, STARTING)
            )
        return await read_ended(core, ended)
