"""What is simulated, and the folder that a simulation lives in."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.simulation.errors import SimulationRefused
from storage.files.atomic import replacing


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated.

    Attributes:
        posts: how many are made.
        days: over how many simulated days.
        seed: of everything random.
        retrain_labels: labels that must be new before a night's training.
        trainer: the training process in place of the real one; None: the real one.
    """

    posts: int
    days: int
    seed: int
    retrain_labels: int
    trainer: Sequence[str] | None = None


def prepare(folder: Path, plan: Plan, *, resume: bool) -> None:
    """Make a simulation's own folder, or check that a run with the same plan was begun there.

    Raises:
        SimulationRefused: it holds something else.
    """
    wanted = json.loads(json.dumps(asdict(plan)))
    path = folder / "plan.json"
    if path.exists():
        if not resume:
            raise SimulationRefused(
                f"There is a simulation in {folder} already. Go on with it with --resume, or name"
                " another folder."
            )
        begun = json.loads(path.read_text("utf-8"))
        if begun != wanted:
            raise SimulationRefused(
                f"The simulation in {folder} was begun with other options: {begun}."
            )
        return
    with replacing(path) as file:
        if {*folder.iterdir()} - {file}:
            raise SimulationRefused(
                f"{folder} holds something else. Name an empty or a new folder."
            )
        file.write_text(json.dumps(wanted), "utf-8")
