"""The report of a model version: its figures, its sources, and what it was compared with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from trainer.evaluation import plots
from trainer.evaluation.attribute_skill import LEAST, Added
from trainer.evaluation.comparison import Row
from trainer.evaluation.robustness import MAX_MOVED, MIN_SKILL, Robustness, Without
from trainer.refit.challenge import Challenge
from trainer.refit.report import (
    COMPARED,
    FILE,
    draw_evaluation,
    evaluation_text,
    left_out,
    shown,
    table,
)


def write_version_report(folder: Path, made: Challenge, name: str) -> None:
    """Write the report of a model version with its plots into its folder, which exists."""
    evaluation = made.evaluation
    first = made.plan.first
    draw_evaluation(folder, evaluation)
    plots.training(first.losses, first.stop_losses, first.epochs, folder / "training.png")
    lost = _lost_without(made)
    plots.bars(
        lost, "What each source is worth", "RPS skill lost without it", folder / "sources.png"
    )
    text = [
        *_heading(made, name),
        left_out(made.dropped),
        "## How good\n",
        evaluation_text(evaluation),
        *_sources(made),
        *_attributes(made.attribute_skill),
        *_robust(made.robustness),
        *_compared_with(made),
        "## Training\n",
        "![Training](training.png)\n",
    ]
    (folder / FILE).write_text("\n".join(text), "utf-8")


def _lost_without(made: Challenge) -> dict[str, float]:
    """RPS skill lost without each source, the largest loss first."""
    whole = made.evaluation.figures["rps_skill"]
    lost = {name: whole - found["rps_skill"] for name, found in made.hidden.items()}
    return dict(sorted(lost.items(), key=lambda item: -item[1]))


def _heading(made: Challenge, name: str) -> list[str]:
    return [
        f"# Model version {name}\n",
        f"{made.labels} labels, seed {made.seed}. {made.verdict.reason}\n",
        (
            "The figures are those of heads that had not seen the posts they are judged on: the "
            "labels that are new since the champion, cut by time, a head fitted without each "
            "part. The head that serves was then fitted as those were, on all labels, for as many "
            f"epochs and at the same temperature ({made.head.temperature:.2f}).\n"
        ),
        table(
            ("posted", "judged", "fitted on"),
            [
                (f"{start:%Y-%m-%d} … {end:%Y-%m-%d}", str(len(fold.judge)), str(len(fold.fit)))
                for fold, (start, end) in zip(made.folds, made.posted_at, strict=True)
            ],
        ),
    ]


def _sources(made: Challenge) -> list[str]:
    return [
        "## What each source is worth\n",
        (
            "The same head with one source hidden from the judged posts: a missing title, text "
            "that was not read or an unknown author as such, anything else by its mean.\n"
        ),
        "![Sources](sources.png)\n",
        table(
            ("hidden", *COMPARED.values()),
            [
                (source, *(shown(found[k]) for k in COMPARED))
                for source, found in {"nothing": made.evaluation.figures, **made.hidden}.items()
            ],
        ),
    ]


def _attributes(found: Sequence[Added]) -> list[str]:
    title = "## What attributes would add\n"
    if not found:
        return [
            title,
            (
                f"Not measured: it takes {LEAST} judged posts whose picture's genre, faces and look"
                " were read.\n"
            ),
        ]
    return [
        title,
        (
            "The head sees none of these. A regression on its forecasts of posts that it had not "
            "seen is given them, too, five folds with near-duplicates together; what that adds is a"
            " share of the squared error of always saying the mean. Intervals: 95%, from "
            "resampling pictures. What would not be told from nothing is not worth a column.\n"
        ),
        table(
            ("attributes", "posts", "skill without", "adds", "95% interval", "so it"),
            [
                (
                    each.kind, str(each.n), shown(each.skill), f"{each.adds:+.4f}",
                    f"{each.low:+.4f} … {each.high:+.4f}", each.verdict,
                )
                for each in found
            ],
        ),
    ]  # fmt: skip


def _robust(found: Robustness) -> list[str]:
    def span(row: Without) -> str:
        return "—" if row.interval is None else f"{row.interval[0]:.3f} … {row.interval[1]:.3f}"

    text = [
        "## Robustness\n",
        (
            "Where posts are not like those it learned from. A source that is missing may not be "
            f"surely worse than a log-loss skill of {MIN_SKILL:g}, and an image saved in another "
            f"way may not move the forecast by more than {MAX_MOVED:g} on average; otherwise the "
            "gate keeps the version back.\n"
        ),
        table(
            ("posts", "log-loss skill", "95% interval", "judged"),
            [
                (row.what, "—" if row.skill is None else shown(row.skill), span(row), str(row.n))
                for row in found.without
            ],
        ),
    ]
    if found.reencoded:
        text.append(
            table(
                ("saved as", "mean change", "99%", "bucket changed", "images"),
                [
                    (row.way, shown(row.mean), shown(row.high), f"{row.changed:.0%}", str(row.n))
                    for row in found.reencoded
                ],
            )
        )
    return text + [f"{sentence}\n" for sentence in found.not_measured]


def _compared_with(made: Challenge) -> list[str]:
    text = ["## Compared with\n"]
    if made.comparisons == "none":
        text.append("Nothing: scheduled runs leave it out, `main.py train` does it.\n")
    if made.compared:
        text += [
            (
                "On a split by time. Everything fitted, stopped and calibrated on the same parts, "
                "judged on the same posts.\n"
            ),
            comparison_table(made.compared),
            _winner(made.compared),
        ]
    if made.by_folds:
        text += [
            "The same by folds, near-duplicates together (mean ± sd over folds):\n",
            folds_table(made.by_folds),
        ]
    return text


def comparison_table(rows: Sequence[Row]) -> str:
    """Contenders on one split."""
    lines = []
    for row in rows:
        found = row.figures
        cells = [row.note] * len(COMPARED) if found is None else [shown(found[k]) for k in COMPARED]
        lines.append((row.name, *cells))
    return table(("contender", *COMPARED.values()), lines)


def folds_table(by_folds: Mapping[str, Sequence[Row]]) -> str:
    """Contenders over folds: mean ± standard deviation."""
    lines = []
    for name, rows in by_folds.items():
        found = [row.figures for row in rows if row.figures is not None]
        cells = [
            f"{np.mean([f[k] for f in found]):.3f} ± {np.std([f[k] for f in found]):.3f}"
            if found
            else rows[0].note
            for k in COMPARED
        ]
        lines.append((name, *cells))
    return table(("contender", *COMPARED.values()), lines)


def _winner(rows: Sequence[Row]) -> str:
    scored = {row.name: row.figures["rps_skill"] for row in rows if row.figures is not None}
    if any(np.isnan(value) for value in scored.values()):
        return "About skill there is nothing to tell yet: these scores cannot be compared.\n"
    best = max(scored, key=lambda name: scored[name])
    if best == "head":
        return "The head does best by ranked probability score; it is what ships.\n"
    return (
        f"By ranked probability score {best} does best ({scored[best]:.3f} against "
        f"{scored['head']:.3f} for the head that ships).\n"
    )
