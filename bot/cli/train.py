"""main.py train: one training run, now, with a seed of its own."""

from dataclasses import dataclass
from typing import Annotated

import typer

from bot.cli.console import print_json, progress, run, say, show_steps
from bot.core import Core, open_core
from bot.settings import load_settings
from bot.training.summary import change_text
from bot.training.versions import version_of_run
from models.extras import require_train
from storage.tables import ModelVersion, TrainingRun
from storage.types import RunState

#: Shown before the training process reports its first step.
STARTING = "Starting the training process"


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended, and the version that it made; None: it made none."""

    run: TrainingRun
    version: ModelVersion | None


def train(
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit a new model version on all labels; the gate decides whether it serves.

    A running bot loads the new champion by itself. Exit status 1 when the run failed or was
    refused.
    """
    require_train("Training")
    report(run(_train(seed)), as_json=as_json)


async def _train(seed: int) -> Ended:
    async with open_core(load_settings()) as core:
        with progress() as bar:
            ended = await core.training.run(
                asked_by="command", seed=seed, by_hand=True, on_progress=show_steps(bar, STARTING)
            )
        return await read_ended(core, ended)


async def read_ended(core: Core, ended: TrainingRun) -> Ended:
    """A run that ended, with the version that it made."""
    return Ended(ended, await version_of_run(core.database, ended))


def report(ended: Ended, *, as_json: bool) -> None:
    """Print the result of a run; exit with status 1 when it made nothing."""
    result, version = ended.run, ended.version
    if as_json:
        print_json(
            {
                "state": result.state.value,
                "reason": result.reason,
                "model_version": version.name if version else None,
                "labels": version.labels if version else None,
                "metrics": version.metrics if version else None,
                "evidence": result.evidence,
            }
        )
    else:
        _show(result, version)
    if result.state in (RunState.FAILED, RunState.REFUSED):
        raise typer.Exit(1)


def _show(result: TrainingRun, version: ModelVersion | None) -> None:
    if version is not None:
        say(f"Made {version.name} from {version.labels:,} labels.")
    words = {
        RunState.PROMOTED: "Promoted",
        RunState.KEPT: "Kept, not promoted",
        RunState.REFUSED: "Refused",
        RunState.FAILED: "Failed",
    }
    say(f"{words[result.state]}: {result.reason}")
    change = change_text(result.evidence)
    if change is not None:
        say(change)
