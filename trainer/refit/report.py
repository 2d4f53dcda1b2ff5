"""The report of a model version, or of an evaluation: Markdown beside its plots."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from trainer.evaluation import plots
from trainer.evaluation.comparison import Row
from trainer.evaluation.figure_names import BUCKETS, FIGURE_NAMES
from trainer.evaluation.figures import Evaluation
from trainer.refit.challenge import Challenge

FILE = "report.md"

_COMPARED = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "log_loss_skill": "log-loss skill",
    "rps_skill": "RPS skill",
    "spearman": "Spearman",
    "pair_accuracy": "pairs",
    "ordinal_loss_reduction": "ordinal reduction",
    "ece": "ECE",
}


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def figures_table(evaluation: Evaluation) -> str:
    """Every figure with its interval."""
    rows = []
    for key, name in FIGURE_NAMES.items():
        low, high = evaluation.intervals[key]
        rows.append((name, f"{evaluation.figures[key]:.3f}", f"{low:.3f} … {high:.3f}"))
    return table(("figure", "value", "95% interval"), rows)


def classes_table(evaluation: Evaluation) -> str:
    """Precision, recall and F1 of each bucket."""
    classes = evaluation.classes

    def share(value: float) -> str:
        return "—" if np.isnan(value) else f"{value:.3f}"

    return table(
        ("bucket", "precision", "recall", "F1", "posts"),
        [
            (name, share(p), share(r), share(f), str(int(n)))
            for name, p, r, f, n in zip(
                BUCKETS, classes.precision, classes.recall, classes.f1, classes.support,
                strict=True,
            )
        ],
    )  # fmt: skip


def comparison_table(rows: Sequence[Row]) -> str:
    """Contenders on one split."""
    lines = []
    for row in rows:
        found = row.figures
        cells = (
            [row.note] * len(_COMPARED) if found is None else [f"{found[k]:.3f}" for k in _COMPARED]
        )
        lines.append((row.name, *cells))
    return table(("contender", *_COMPARED.values()), lines)


def folds_table(by_folds: Mapping[str, Sequence[Row]]) -> str:
    """Contenders over folds: mean ± standard deviation."""
    lines = []
    for name, rows in by_folds.items():
        found = [row.figures for row in rows if row.figures is not None]
        cells = [
            f"{np.mean([f[k] for f in found]):.3f} ± {np.std([f[k] for f in found]):.3f}"
            if found
            else rows[0].note
            for k in _COMPARED
        ]
        lines.append((name, *cells))
    return table(("contender", *_COMPARED.values()), lines)


def _left_out(dropped: Counter[str]) -> str:
    if not dropped:
        return "Nothing was left out.\n"
    return "Left out:\n\n" + table(
        ("reason", "posts"), [(reason, str(count)) for reason, count in dropped.most_common()]
    )


def _winner(rows: Sequence[Row]) -> str:
    scored = {row.name: row.figures["rps_skill"] for row in rows if row.figures is not None}
    best = max(scored, key=lambda name: scored[name])
    if best == "head":
        return "The head does best by ranked probability score; it is what ships.\n"
    return (
        f"By ranked probability score {best} does best ({scored[best]:.3f} against "
        f"{scored['head']:.3f} for the head that ships).\n"
    )


def write_evaluation(
    folder: Path, evaluation: Evaluation, *, title: str, intro: str, dropped: Counter[str]
) -> None:
    """Write the report of an evaluation with its plots into ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    plots.confusion(evaluation, folder / "confusion.png")
    plots.calibration(evaluation, folder / "calibration.png")
    plots.percentiles(evaluation, folder / "percentiles.png")
    text = [f"# {title}\n", intro, _body(evaluation), _left_out(dropped)]
    (folder / FILE).write_text("\n".join(text), "utf-8")


def _body(evaluation: Evaluation) -> str:
    base = evaluation.figures
    return "\n".join(
        [
            figures_table(evaluation),
            (
                f"Always saying the likeliest bucket of the training labels is right "
                f"{base['base_rate_accuracy']:.1%} of the time; quoting their shares loses "
                f"{base['base_rate_log_loss']:.3f} nats. Skill is the share of such a loss that is "
                "saved. Intervals come from resampling the posts.\n"
            ),
            (
                "![Confusion](confusion.png) ![Calibration](calibration.png) "
                "![Percentiles](percentiles.png)\n"
            ),
            classes_table(evaluation),
            *(note + "\n" for note in evaluation.notes),
        ]
    )


def write_version(folder: Path, made: Challenge, name: str) -> None:
    """Write the report of a model version with its plots into its folder."""
    evaluation = made.evaluation
    plots.confusion(evaluation, folder / "confusion.png")
    plots.calibration(evaluation, folder / "calibration.png")
    plots.percentiles(evaluation, folder / "percentiles.png")
    first = made.plan.first
    plots.training(first.losses, first.stop_losses, first.epochs, folder / "training.png")
    whole = evaluation.figures["rps_skill"]
    lost = {name: whole - found["rps_skill"] for name, found in made.hidden.items()}
    lost = dict(sorted(lost.items(), key=lambda item: -item[1]))
    plots.bars(
        lost, "What each source is worth", "RPS skill lost without it", folder / "sources.png"
    )
    text = [
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
        _left_out(made.dropped),
        "## How good\n",
        _body(evaluation),
        "## What each source is worth\n",
        (
            "The same head with one source hidden from the judged posts: a missing title, text "
            "that was not read or an unknown author as such, anything else by its mean.\n"
        ),
        "![Sources](sources.png)\n",
        table(
            ("hidden", *_COMPARED.values()),
            [
                (source, *(f"{found[k]:.3f}" for k in _COMPARED))
                for source, found in {"nothing": evaluation.figures, **made.hidden}.items()
            ],
        ),
    ]
    text.append("## Compared with\n")
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
    text += ["## Training\n", "![Training](training.png)\n"]
    (folder / FILE).write_text("\n".join(text), "utf-8")
