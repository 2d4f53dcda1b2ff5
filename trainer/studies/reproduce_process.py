"""The studies: ``python -m trainer.studies.reproduce_process``, JSON object in, JSON lines out.

The last line holds the study's table beside ours, as Markdown and as data.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from models.backbone import Backbone
from models.ocr import TextReader
from trainer.data.file_posts import FilePosts, read_file_posts
from trainer.evaluation import plots
from trainer.evaluation.figure_names import BUCKETS
from trainer.evaluation.metrics import class_report
from trainer.refit.report import table
from trainer.studies import dufour, lu


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
    posts = read_file_posts(
        task.file, task.images, Backbone.load(task.backbone), now=datetime.now(UTC),
        read_text=reader.read if reader else None,
        progress=lambda done, total: _say(stage="looking at images", done=done, total=total),
    )  # fmt: skip
    studies: dict[str, Callable[[Task, FilePosts], dict[str, Any]]] = {"lu": _lu, "dufour": _dufour}
    return studies[task.study](task, posts)


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def _lu(task: Task, posts: FilePosts) -> dict[str, Any]:
    if task.weights is None:
        raise ValueError("reproduce lu needs the backbone's Keras weights")
    split, classes, results = lu.reproduce(
        posts, task.images, weights=task.weights, seeds=task.seeds, progress=_progress
    )
    names = list(dict.fromkeys(result.name for result in results))
    by_name = {name: [r for r in results if r.name == name] for name in names}
    score = np.array([posts.posts[number].score for number in sorted(posts.seen)])
    quantiles = np.quantile(score, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1])
    text = [
        f"# r/memes from pixels, and ours: {task.file.name}\n",
        (f"{len(classes)} posts with an image; {len(split.train)} trained on, "
        f"{len(split.validate)} validated on (the first fifth of each class by file name); "
        f"{task.seeds} seeds, mean ± sd.\n"),
        "## Upvotes\n",
        table(
            ("class", "trained on", "validated on"),
            [
                (name, str(int((classes[split.train] == k).sum())),
                 str(int((classes[split.validate] == k).sum())))
                for k, name in enumerate(BUCKETS)
            ],
        ),
        table(
            ("least", "10%", "25%", "median", "75%", "90%", "most"),
            [[f"{q:,.0f}" for q in quantiles]],
        ),
        "## Side by side\n",
        table(
            ("contender", *lu.SHOWN, "seconds"),
            [
                (name, *(_spread([r.figures[key] for r in found]) for key in lu.SHOWN),
                 f"{np.mean([r.seconds for r in found]):.0f}")
                for name, found in by_name.items()
            ],
        ),
        ("The study's seconds are the backbone's pass over every image in every epoch plus its "
        "top; ours are two fits from stored embeddings.\n"),
        (f"*{lu.OURS}*: no score of a validation post is known. *{lu.FOLLOWED}*: the same head; an "
        "author's record counts their earlier validation posts whose score was final when the "
        "post appeared, as for a bot that follows the community. Fitted on training posts "
        "alone, both.\n"),
    ]  # fmt: skip
    for name in ("study, 224 px, 10 epochs", lu.OURS, lu.FOLLOWED):
        confusion = np.sum([r.confusion for r in by_name[name]], axis=0)
        report = class_report(confusion)
        text += [
            f"## Classes: {name} (all seeds together)\n",
            table(
                ("class", "precision", "recall", "F1", *(f"as {b}" for b in BUCKETS)),
                [
                    (bucket, f"{report.precision[k]:.3f}", f"{report.recall[k]:.3f}",
                     f"{report.f1[k]:.3f}", *(str(int(c)) for c in confusion[k]))
                    for k, bucket in enumerate(BUCKETS)
                ],
            ),
        ]  # fmt: skip
    shown = by_name["study, 224 px, 10 epochs"][0]
    text += [
        "## The study's accuracy by epoch (first seed, 224 px)\n",
        table(
            ("epoch", "training", "validation"),
            [
                (str(epoch + 1), f"{a:.3f}", f"{b:.3f}")
                for epoch, (a, b) in enumerate(
                    zip(shown.train_accuracy, shown.validate_accuracy, strict=True)
                )
            ],
        ),
    ]
    if task.report:
        task.report.mkdir(parents=True, exist_ok=True)
        plots.upvotes(score, (2000, 20000), task.report / "upvotes.png")
        plots.accuracy_by_epoch(
            shown.train_accuracy, shown.validate_accuracy,
            float(np.mean([r.figures["accuracy"] for r in by_name[lu.OURS]])),
            task.report / "accuracy.png",
        )  # fmt: skip
        text.append("![Upvotes](upvotes.png) ![Accuracy](accuracy.png)\n")
    data = [
        {
            "contender": r.name, "seed": r.seed, "figures": r.figures,
            "confusion": r.confusion.tolist(), "seconds": r.seconds,
        }
        for r in results
    ]  # fmt: skip
    return {"markdown": "\n".join(text), "data": data}


def _dufour(task: Task, posts: FilePosts) -> dict[str, Any]:
    measures = dufour.measures_of(task.file)
    found = dufour.reproduce(
        posts.labelled(), seeds=task.seeds, threshold=task.threshold, progress=_progress
    )
    text = [
        f"# Three tasks of popularity, and ours: {task.file.name}\n",
        (f"{found.removed} post{'s' * (found.removed != 1)} beyond six standard deviations "
        f"removed; {found.trained_on} older posts trained on, the newest {found.judged_on} "
        f"judged; {task.seeds} seeds, mean ± sd. A yes is a score above {found.threshold:g}.\n"),
        "## Popularity measures\n",
        table(
            ("measure", "mean", "deviation", *(f"r with {name}" for name in measures.names)),
            [
                (name, f"{measures.means[i]:,.1f}", f"{measures.deviations[i]:,.1f}",
                 *(f"{r:.3f}" for r in measures.correlations[i]))
                for i, name in enumerate(measures.names)
            ],
        ),
        f"Not in this file, or the same for every post: {', '.join(measures.missing) or 'none'}.\n",
    ]  # fmt: skip
    tasks = list(dict.fromkeys(outcome.task for outcome in found.outcomes))
    for name in tasks:
        outcomes = [outcome for outcome in found.outcomes if outcome.task == name]
        keys = list(outcomes[0].figures)
        contenders = list(dict.fromkeys(outcome.contender for outcome in outcomes))
        rows = []
        for contender in contenders:
            of_it = [o.figures for o in outcomes if o.contender == contender]
            cells = [
                _spread([f[k] for f in of_it]) if len(of_it) > 1 else f"{of_it[0][k]:.3f}"
                for k in keys
            ]
            rows.append((contender, *cells))
        text += [f"## {name.capitalize()}\n", table(("contender", *keys), rows)]
    text.append("Chance is 4.125 where the ten bins are equally full among the judged posts.\n")
    return {"markdown": "\n".join(text), "data": [asdict(o) for o in found.outcomes]}


def main() -> int:
    """Run the task on standard input."""
    task = Task.parse(sys.stdin.readline())
    found = run(task)
    if task.report:
        task.report.mkdir(parents=True, exist_ok=True)
        (task.report / "report.md").write_text(found["markdown"], "utf-8")
    _say(result=found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
