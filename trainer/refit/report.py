"""The report of an evaluation, and the parts that other reports share: Markdown and plots."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from trainer.evaluation import plots
from trainer.evaluation.evaluate import Evaluation
from trainer.evaluation.figure_names import BUCKETS, FIGURE_NAMES

FILE = "report.md"

#: Figures of a comparison, and what its columns are called.
COMPARED = {
    "accuracy": "accuracy",
    "macro_f1": "macro-F1",
    "log_loss_skill": "log-loss skill",
    "rps_skill": "RPS skill",
    "spearman": "Spearman",
    "pair_accuracy": "pairs",
    "ordinal_loss_reduction": "ordinal reduction",
    "ece": "ECE",
}


#: Columns of a table that has every figure twice.
_TWICE = ("authors known", "95% interval", "authors not known", "95% interval")


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def shown(value: float) -> str:
    """A figure with three digits; a dash where there is nothing to tell (NaN)."""
    return "—" if np.isnan(value) else f"{value:.3f}"


def figures_table(evaluation: Evaluation) -> str:
    """Every figure with its interval; once more without authors' records, where that is known."""

    def cells(found: Evaluation, key: str) -> tuple[str, str]:
        low, high = found.intervals.get(key, (np.nan, np.nan))
        return shown(found.figures[key]), f"{shown(low)} … {shown(high)}"

    both = [evaluation] if evaluation.strangers is None else [evaluation, evaluation.strangers]
    heading = ("value", "95% interval") if len(both) == 1 else _TWICE
    rows = [
        (name, *(cell for found in both for cell in cells(found, key)))
        for key, name in FIGURE_NAMES.items()
    ]
    return table(("figure", *heading), rows)


def classes_table(evaluation: Evaluation) -> str:
    """Precision, recall and F1 of each bucket."""
    classes = evaluation.classes

    return table(
        ("bucket", "precision", "recall", "F1", "posts"),
        [
            (name, shown(p), shown(r), shown(f), str(int(n)))
            for name, p, r, f, n in zip(
                BUCKETS, classes.precision, classes.recall, classes.f1, classes.support,
                strict=True,
            )
        ],
    )  # fmt: skip


def left_out(dropped: Counter[str]) -> str:
    """How many posts were left out, by reason."""
    if not dropped:
        return "Nothing was left out.\n"
    return "Left out:\n\n" + table(
        ("reason", "posts"), [(reason, str(count)) for reason, count in dropped.most_common()]
    )


def draw_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Draw the plots that `evaluation_text` shows into ``folder``."""
    plots.confusion(evaluation, folder / "confusion.png")
    plots.calibration(evaluation, folder / "calibration.png")
    plots.percentiles(evaluation, folder / "percentiles.png")


def write_evaluation_report(
    folder: Path, evaluation: Evaluation, *, title: str, intro: str, dropped: Counter[str]
) -> None:
    """Write the report of an evaluation with its plots into ``folder``, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_evaluation(folder, evaluation)
    text = [f"# {title}\n", intro, evaluation_text(evaluation), left_out(dropped)]
    (folder / FILE).write_text("\n".join(text), "utf-8")


def evaluation_text(evaluation: Evaluation) -> str:
    """Figures, plots and classes, as Markdown."""
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
