"""Writes the result of a challenge as a model version."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from models.experts import TAUGHT, TAUGHT_CHAMPION
from models.features import FEATURES_VERSION
from models.registry import Manifest, write_version
from trainer.evaluation.figures import told
from trainer.refit.challenge import Challenge
from trainer.refit.version_report import write_version_report


def metrics_of(made: Challenge) -> dict[str, Any]:
    """What the manifest keeps: the figures, their intervals, and what was left out."""
    return {
        **made.evaluation.to_json(),
        "ece_by_chance": made.evaluation.figures["ece_by_chance"],
        "average_precision_top10": made.evaluation.figures["average_precision_top10"],
        "notes": made.evaluation.notes,
        "dropped": dict(made.dropped),
        "temperature": made.head.temperature,
        "seed": made.seed,
        TAUGHT: {str(community): weights for community, weights in made.taught.items()},
        TAUGHT_CHAMPION: {
            str(community): weights for community, weights in made.taught_champion.items()
        },
    }


def write(root: Path, made: Challenge, *, backbone: str, created_at: datetime) -> tuple[str, Path]:
    """Write a new model version; its name and folder.

    Raises:
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    name = _free_name(root, created_at)
    manifest = Manifest(
        name=name,
        created_at=created_at,
        backbone=backbone,
        features_version=FEATURES_VERSION,
        trained_until=made.trained_until,
        labels=made.labels,
        metrics=metrics_of(made),
    )

    def fill(folder: Path) -> None:
        made.head.save(folder)
        made.reference.save(folder)
        made.fitted_on.save(folder)
        write_version_report(folder, made, name)
        evidence = {
            "promote": made.verdict.promote,
            "reason": made.verdict.reason,
            "evidence": made.verdict.evidence,
            "recipe": asdict(made.plan.recipe),
            "seed": made.seed,
            "epochs": made.plan.first.epochs,
            "linear_share": made.plan.first.linear_share,
            "losses": made.plan.first.losses,
            "stop_losses": made.plan.first.stop_losses,
            "hidden": {
                source: {name: told(value) for name, value in found.items()}
                for source, found in made.hidden.items()
            },
        }
        (folder / "training.json").write_text(json.dumps(evidence, indent=2) + "\n", "utf-8")

    return name, write_version(root, manifest, fill)


def _free_name(root: Path, created_at: datetime) -> str:
    stem = f"v{created_at:%Y%m%d-%H%M%S}"
    name, number = stem, 1
    while (root / name).exists():
        number += 1
        name = f"{stem}-{number}"
    return name
