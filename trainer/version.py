"""Writing what a challenge made as a model version."""

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from models.features import FEATURES_VERSION
from models.registry import Manifest, write_version
from trainer.challenge import Challenge


def write(
    root: Path, outcome: Challenge, *, backbone: str, created_at: datetime
) -> tuple[str, Path]:
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
        trained_until=outcome.trained_until,
        labels=outcome.labels,
        metrics=outcome.metrics,
    )

    def fill(folder: Path) -> None:
        outcome.head.save(folder)
        evidence = {
            "promote": outcome.verdict.promote,
            "reason": outcome.verdict.reason,
            "evidence": outcome.verdict.evidence,
            "recipe": asdict(outcome.recipe),
            "seed": outcome.seed,
            "losses": outcome.judged.losses,
            "stop_losses": outcome.judged.stop_losses,
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
