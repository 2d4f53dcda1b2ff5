"""main.py train: one training run, now, with a seed of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.progress import Progress

from bot.cli.console import print_json, progress, run, say
from bot.core import Core, open_core
from bot.settings import load_settings
from bot.training.summary import change_text
from models.extras import require_train
from storage.tables import ModelVersion, TrainingRun
from storage.types import RunState


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that ended, and what it made."""

    run: TrainingRun
    version: ModelVersion | None


def train(
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit a new model version on all labels; the gate decides whether it serves.

    A running bot takes the new champion up by itself. Exit status 1 when the run failed or was
    refused.
    """
    require_train("Training")
    report(run(_train(seed)), as_json=as_json)


async def _train(seed: int) -> Ended:
    async with open_core(load_settings()) as core:
        with progress() as bar:
            ended = await core.training.run(asked_by="command", seed=seed, on_progress=follow(bar))
        return await read_made(core, ended)


def follow(bar: Progress) -> Callable[[dict[str, Any]], None]:
    """Shows the steps of a run on a progress bar."""
    task = bar.add_task("Starting the training process", total=None)

    def show(step: dict[str, Any]) -> None:
        loss = step.get("loss")
        note = f" (loss {loss:.4f})" if isinstance(loss, float) else ""
        bar.update(
            task,
            description=f"{str(step['stage']).capitalize()}{note}",
            completed=step.get("done") or 0,
            total=step.get("total"),
        )

    return show


async def read_made(core: Core, ended: TrainingRun) -> Ended:
    """A run with the version that it made."""
    if ended.model_version_id is None:
        return Ended(ended, None)
    async with core.database.read() as session:
        return Ended(ended, await session.get(ModelVersion, ended.model_version_id))


def report(ended: Ended, *, as_json: bool) -> None:
    """Print what came of a run; exit with status 1 when it made nothing."""
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
