"""main.py train: one training run, now."""

from typing import Annotated, Any

import typer

from bot.commands.console import print_json, progress, run, say
from bot.core import open_core
from bot.settings import load_settings
from storage.tables import ModelVersion, TrainingRun
from storage.types import RunState


def train(
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit a new model version on all labels; the gate decides whether it serves.

    A running bot takes the new champion up by itself. Exit status 1 when the run failed or was
    refused.
    """
    result, version = run(_train(seed))
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


async def _train(seed: int) -> tuple[TrainingRun, ModelVersion | None]:
    async with open_core(load_settings()) as core:
        with progress() as bar:
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

            result = await core.training.run(asked_by="command", seed=seed, on_progress=show)
        version = None
        if result.model_version_id is not None:
            async with core.database.read() as session:
                version = await session.get(ModelVersion, result.model_version_id)
        return result, version


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
