"""The studies: ``python -m trainer.studies.reproduce_process``, JSON object in, JSON lines out.

The last line holds the study's table beside ours, as Markdown and as data.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from models.backbone import Backbone
from models.ocr import TextReader
from storage.errors import ExpectedError
from storage.files.post_columns import SCORE_KEYS
from trainer.data.file_posts import FilePosts, read_file_posts
from trainer.evaluation.figures import told
from trainer.studies import dufour, dufour_report, lu, lu_report

REFUSED_STATUS = 3


@dataclass(frozen=True, slots=True)
class Task:
    """What the parent process asks for."""

    study: str
    file: Path
    images: Path
    backbone: Path
    weights: Path | None = None
    seeds: int = 5
    threshold: float | None = None
    measure: str | None = None
    text: bool = False
    report: Path | None = None

    @classmethod
    def parse(cls, line: str) -> "Task":
        """Read the JSON object of the parent; unknown keys are an error."""
        given = json.loads(line)
        for name in ("file", "images", "backbone", "weights", "report"):
            given[name] = Path(given[name]) if given.get(name) else None
        return cls(**given)


def _say(**line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _progress(stage: str, done: int, total: int) -> None:
    _say(stage=stage, done=done, total=total)


def run(task: Task) -> dict[str, Any]:
    """Do the task: ``markdown`` and ``data``."""
    reader = TextReader() if task.text else None
    score_keys: tuple[str, ...] = SCORE_KEYS
    if task.study == "dufour":
        measure = dufour.measure_to_study(dufour.measures_of(task.file), task.measure, task.file)
        task, score_keys = replace(task, measure=measure), dufour.MEASURES[measure]
    posts = read_file_posts(
        task.file, task.images, Backbone.load(task.backbone), now=datetime.now(UTC),
        read_text=reader.read if reader else None,
        progress=lambda done, total: _say(stage="looking at images", done=done, total=total),
        score_keys=score_keys,
    )  # fmt: skip
    studies: dict[str, Callable[[Task, FilePosts], dict[str, Any]]] = {"lu": _lu, "dufour": _dufour}
    return studies[task.study](task, posts)


def _lu(task: Task, posts: FilePosts) -> dict[str, Any]:
    if task.weights is None:
        raise ValueError("reproduce lu needs the backbone's Keras weights")
    split, classes, results = lu.reproduce(
        posts, task.images, weights=task.weights, seeds=task.seeds, progress=_progress
    )
    scores = np.array([posts.posts[number].score for number in sorted(posts.seen)])
    text = lu_report.markdown(task.file.name, scores, split, classes, results)
    if task.report:
        text += "\n" + lu_report.draw(task.report, scores, results)
    data = [
        {
            "contender": r.name, "seed": r.seed, "figures": _told(r.figures),
            "confusion": r.confusion.tolist(), "seconds": r.seconds,
        }
        for r in results
    ]  # fmt: skip
    return {"markdown": text, "data": data}


def _dufour(task: Task, posts: FilePosts) -> dict[str, Any]:
    found = dufour.reproduce(
        posts.labelled(), seeds=task.seeds, threshold=task.threshold, progress=_progress
    )
    text = dufour_report.markdown(
        task.file.name,
        dufour.measures_of(task.file),
        task.measure or "score",
        found,
        seeds=task.seeds,
    )
    data = [
        asdict(each) | {"measure": task.measure, "figures": _told(each.figures)}
        for each in found.outcomes
    ]
    return {"markdown": text, "data": data}


def _told(found: dict[str, float]) -> dict[str, float | None]:
    """Figures for JSON."""
    return {name: told(value) for name, value in found.items()}


def main() -> int:
    """Run the task on standard input; 0 when it was done, 3 when the posts do not allow it."""
    task = Task.parse(sys.stdin.readline())
    try:
        found = run(task)
    except ExpectedError as refusal:
        _say(refused=str(refusal))
        return REFUSED_STATUS
    if task.report:
        task.report.mkdir(parents=True, exist_ok=True)
        (task.report / "report.md").write_text(found["markdown"], "utf-8")
    _say(result=found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
