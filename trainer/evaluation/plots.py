"""The plots of a report. Matplotlib without a display; each function writes one PNG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import BINS
from trainer.evaluation.evaluate import Evaluation
from trainer.evaluation.figure_names import BUCKETS

Numbers = NDArray[np.float64]

_INK, _GOOD, _FAINT, _WARM = "#22303c", "#1f6f8b", "#c9d3da", "#d9793a"
_DPI = 120


def _canvas(width: float, height: float, columns: int = 1) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    from matplotlib import pyplot as plt

    mpl.rcParams.update(
        {
            "font.size": 10,
            "axes.edgecolor": _INK,
            "axes.labelcolor": _INK,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 11,
            "text.color": _INK,
            "xtick.color": _INK,
            "ytick.color": _INK,
        }
    )
    return plt.subplots(1, columns, figsize=(width, height), layout="constrained")


def _write(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, dpi=_DPI)
    plt.close(figure)


def confusion(evaluation: Evaluation, path: Path) -> None:
    """What was predicted against what happened, shares of each row written in."""
    figure, axes = _canvas(4.6, 4.0)
    table = evaluation.confusion
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(BUCKETS)):
        for column in range(len(BUCKETS)):
            axes.text(
                column, row, f"{table[row, column]}\n{shares[row, column]:.0%}",
                ha="center", va="center", color="white" if shares[row, column] > 0.55 else _INK,
            )  # fmt: skip
    axes.set_xticks(range(len(BUCKETS)), BUCKETS)
    axes.set_yticks(range(len(BUCKETS)), BUCKETS)
    axes.set(xlabel="predicted", ylabel="happened", title=f"{evaluation.n} posts")
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    _write(figure, path)


def calibration(evaluation: Evaluation, path: Path) -> None:
    """Confidence against how often it was right; the area of a dot is its number of posts."""
    figure, axes = _canvas(4.6, 4.0)
    curve = evaluation.calibration
    axes.plot([0.3, 1], [0.3, 1], color=_FAINT, lw=1.5, zorder=1, label="perfectly calibrated")
    axes.plot(curve.confidence, curve.accuracy, color=_GOOD, lw=1.5, zorder=2)
    sizes = 30 + 400 * curve.count / max(int(curve.count.max()), 1)
    axes.scatter(curve.confidence, curve.accuracy, s=sizes, color=_GOOD, alpha=0.85, zorder=3)
    for x, y, count in zip(curve.confidence, curve.accuracy, curve.count, strict=True):
        axes.annotate(f"{count}", (x, y), textcoords="offset points", xytext=(9, -11), fontsize=8)
    axes.set(
        xlim=(0.3, 1), ylim=(0, 1.03), xlabel="confidence in the likeliest bucket",
        ylabel="share that was right",
        title=f"Expected calibration error {curve.error:.3f}",
    )  # fmt: skip
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    _write(figure, path)


def percentiles(evaluation: Evaluation, path: Path) -> None:
    """Where posts ended, by tenths of the predicted percentile."""
    figure, axes = _canvas(5.6, 4.0)
    predicted = evaluation.forecasts.mean_percentile()
    happened = evaluation.forecasts.intervals.middle
    order = np.argsort(predicted, kind="stable")
    tenths = [part for part in np.array_split(order, min(BINS, len(order))) if len(part)]
    axes.boxplot(
        [happened[part] * 100 for part in tenths],
        positions=[float(predicted[part].mean() * 100) for part in tenths],
        widths=2.2, showfliers=False, patch_artist=True, manage_ticks=False,
        boxprops={"facecolor": "#dbe8ee", "edgecolor": _GOOD},
        medianprops={"color": _WARM, "lw": 2},
        whiskerprops={"color": _GOOD}, capprops={"color": _GOOD},
    )  # fmt: skip
    axes.plot([0, 100], [0, 100], color=_FAINT, lw=1.5, zorder=0)
    axes.set(
        xlim=(0, 100), ylim=(-2, 102), xlabel="predicted percentile (mean of each tenth of posts)",
        ylabel="percentile reached",
        title="All scores tie"
        if np.isnan(evaluation.figures["spearman"])
        else f"Spearman {evaluation.figures['spearman']:.2f}",
    )  # fmt: skip
    _write(figure, path)


def training(losses: Sequence[float], stop_losses: Sequence[float], kept: int, path: Path) -> None:
    """The training curves, and the epoch that was kept."""
    figure, axes = _canvas(5.6, 3.6)
    epochs = np.arange(1, len(losses) + 1)
    axes.plot(epochs, losses, color=_FAINT, lw=2, label="fitted on (with dropout)")
    axes.plot(epochs, stop_losses, color=_GOOD, lw=2, label="held out")
    axes.axvline(kept, color=_WARM, lw=1, ls="--", label=f"kept: epoch {kept}")
    axes.set(xlabel="epoch", ylabel="log loss + ranked probability score", title="Training")
    axes.legend(frameon=False, fontsize=9)
    _write(figure, path)


def bars(values: dict[str, float], title: str, xlabel: str, path: Path) -> None:
    """One horizontal bar per name, in the order given."""
    figure, axes = _canvas(5.6, 0.9 + 0.38 * len(values))
    names = list(values)[::-1]
    lengths = [values[name] for name in names]
    axes.barh(names, lengths, color=[_GOOD if length >= 0 else _WARM for length in lengths])
    axes.axvline(0, color=_INK, lw=0.8)
    span = max(map(abs, lengths), default=1) or 1
    for row, length in enumerate(lengths):
        axes.text(
            length + (0.02 if length >= 0 else -0.02) * span, row, f"{length:+.3f}",
            va="center", ha="left" if length >= 0 else "right", fontsize=9,
        )  # fmt: skip
    axes.set(xlabel=xlabel, title=title)
    axes.margins(x=0.18)
    axes.tick_params(axis="y", length=0)
    _write(figure, path)


def upvotes(scores: Numbers, borders: tuple[int, int], path: Path) -> None:
    """How scores are spread, on a logarithmic scale, with the borders of the buckets."""
    figure, axes = _canvas(5.6, 3.6)
    positive = np.maximum(scores, 1)
    axes.hist(positive, bins=np.geomspace(positive.min(), positive.max() + 1, 50), color=_GOOD)
    axes.set_xscale("log")
    for border in borders:
        axes.axvline(border, color=_WARM, lw=1.2, ls="--")
    axes.set(xlabel="score", ylabel="posts", title=f"{len(scores)} posts")
    _write(figure, path)


def accuracy_by_epoch(
    train: Sequence[float], validate: Sequence[float], ours: float, path: Path
) -> None:
    """The study's accuracy curves, with ours as a line."""
    figure, axes = _canvas(5.6, 3.6)
    epochs = np.arange(1, len(train) + 1)
    axes.plot(epochs, train, color=_FAINT, lw=2, label="study, trained on")
    axes.plot(epochs, validate, color=_GOOD, lw=2, label="study, validated on")
    axes.axhline(ours, color=_WARM, lw=1.5, ls="--", label="ours, validated on")
    axes.set(xlabel="epoch", ylabel="accuracy", title="Accuracy by epoch")
    axes.legend(frameon=False, fontsize=9)
    _write(figure, path)
