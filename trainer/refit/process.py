"""The training process: ``python -m trainer.refit.process``, one JSON object in, JSON lines out.

It reads labels and stored embeddings, fits a challenger, judges it against the champion and
writes a model version. It never writes to the database: the process that started it records the
result.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.apart.child import end_with_parent
from models.extras import RayMissing
from storage.objects.image_place import ImagePlace
from trainer.cluster.side_by_side import ClusterLost, SideBySide, in_turn, side_by_side
from trainer.data.dataset import read_labelled
from trainer.growth.refit import refit_growth
from trainer.head.recipe import Recipe
from trainer.refit.baseline import Champion
from trainer.refit.challenge import Challenge, Resave, challenge
from trainer.refit.refusals import Refused
from trainer.refit.stored_images import StoredImages
from trainer.refit.tracking import TrackedRun, TrackingFailed, figures_of, track
from trainer.refit.write_version import metrics_of, write

REFUSED_STATUS = 3


@dataclass(frozen=True, slots=True)
class Task:
    """What the parent process asks for."""

    database_url: str
    models_root: Path
    backbone: str
    #: The backbone that serves, where ``backbone`` has to beat it.
    serving_backbone: str | None = None
    champion: Champion | None = None
    min_labels: int = 60
    seed: int = 1
    #: Whether a person asked for a version of labels that the champion knows, too.
    by_hand: bool = False
    #: Whether it is to have a say beside the version that serves, and not to serve in its place.
    joins: bool = False
    #: Where images and backbones are, to try images saved in other ways; None: that is not tried.
    images: ImagePlace | None = None
    backbones_root: Path | None = None
    #: Of a Ray cluster that fits folds and contenders side by side; None: this process does.
    ray_address: str | None = None
    #: Communities whose labels teach nobody else.
    without: tuple[int, ...] = ()
    #: The communities of a server whose own labels alone are learned from; None: all others.
    only: tuple[int, ...] | None = None
    #: Where the run is noted besides, by the name of the tool.
    trackers: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, line: str) -> "Task":
        """Read the JSON object of the parent; unknown keys are an error."""
        given = json.loads(line)
        champion = given.pop("champion", None)
        images, backbones = given.pop("images", None), given.pop("backbones_root", None)
        return cls(
            **{
                **given,
                "models_root": Path(given["models_root"]),
                "without": tuple(given.get("without", ())),
                "only": None if given.get("only") is None else tuple(given["only"]),
            },
            champion=Champion.parse(champion) if champion else None,
            images=ImagePlace.from_json(images) if images else None,
            backbones_root=Path(backbones) if backbones else None,
        )


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def run(task: Task) -> dict[str, Any]:
    """Do the task; the last line for the parent.

    Raises:
        Refused: there is nothing honest to learn or to judge by.
    """
    _say(stage="reading")
    posts = asyncio.run(
        read_labelled(
            task.database_url,
            task.backbone,
            serving_backbone=task.serving_backbone,
            without=frozenset(task.without),
            only=None if task.only is None else frozenset(task.only),
        )
    )
    options = dict(task.options)
    comparisons = options.pop("comparisons", None)
    with _side_by_side(task.ray_address) as side_by_side:
        outcome = challenge(
            posts,
            recipe=Recipe.from_options(options, len(posts)),
            comparisons=comparisons,
            champion=task.champion,
            min_labels=task.min_labels,
            seed=task.seed,
            say=_say,
            by_hand=task.by_hand,
            joins=task.joins,
            resave=_resave(task),
            side_by_side=side_by_side,
        )
    _say(stage="writing")
    name, folder = write(
        task.models_root, outcome, backbone=task.backbone, created_at=datetime.now(UTC)
    )
    metrics = metrics_of(outcome)
    if task.trackers:
        _track(task, name, outcome, metrics)
    growth = asyncio.run(
        refit_growth(
            task.database_url, task.models_root, seed=task.seed, without=frozenset(task.without)
        )
    )
    return {
        "version": name,
        "folder": str(folder),
        "promote": outcome.verdict.promote,
        "reason": outcome.verdict.reason,
        "evidence": outcome.verdict.evidence | {"growth": growth},
        "trained_until": outcome.trained_until.isoformat(),
        "labels": outcome.labels,
        "metrics": metrics,
    }


def _track(task: Task, version: str, made: Challenge, metrics: dict[str, Any]) -> None:
    """Note the run for other people's tools; a version is none the worse without."""
    chosen = {
        **{name: str(value) for name, value in asdict(made.plan.recipe).items()},
        "backbone": task.backbone,
        "seed": str(task.seed),
        "champion": task.champion.name if task.champion else "none",
        "promoted": str(made.verdict.promote),
    }
    try:
        track(TrackedRun(version, made.labels, figures_of(metrics), chosen), task.trackers)
    except TrackingFailed as failed:
        _say(stage=f"going on without noting the run ({failed})")


@contextmanager
def _side_by_side(address: str | None) -> Iterator[SideBySide]:
    """The cluster, or this process where there is none just now."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(side_by_side(address))
        except (ClusterLost, RayMissing) as away:
            _say(stage=f"training without the cluster ({away})")
            found = in_turn
        yield found


def _resave(task: Task) -> Resave | None:
    """What tries images saved in other ways; None where the task does not say where they lie."""
    if task.images is None or task.backbones_root is None:
        return None
    return StoredImages(
        task.database_url,
        task.images.open(),
        task.backbones_root,
        task.backbone,
        task.seed,
    ).resave


def main() -> int:
    """Run the task on standard input; 0 when a version was written, 3 when refused."""
    task = Task.parse(sys.stdin.readline())
    end_with_parent()
    try:
        _say(result=run(task))
    except Refused as refusal:
        _say(refused=str(refusal))
        return REFUSED_STATUS
    except ClusterLost as lost:
        # The parent tells the last line of what stands here.
        sys.stderr.write(f"{lost}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
