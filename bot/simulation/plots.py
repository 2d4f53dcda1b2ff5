"""Pictures of a simulation that is over, each saying that it is simulated."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.simulation.league_results import Played
from bot.simulation.skill import Skill

_INK, _GOOD, _FAINT, _WARM = "#22303c", "#1f6f8b", "#9fb0ba", "#d9793a"
_DPI = 120


def skill_over_time(
    steps: Sequence[tuple[datetime, Skill]], promotions: Sequence[datetime], what: str, path: Path
) -> None:
    """What served beside the truth, and the moments at which another version began to serve."""
    figure, axes = _canvas(7.4, 3.9)
    at = [moment for moment, _ in steps]
    for moment in promotions:
        axes.axvline(moment, color=_FAINT, lw=0.9, ls=":", zorder=0)
    axes.plot(
        at, [each.truth for _, each in steps], color=_WARM, lw=1.8, marker="o", ms=3,
        label="the truth: knows every cause but luck",
    )  # fmt: skip
    axes.plot(
        at, [each.served for _, each in steps], color=_GOOD, lw=2.2, marker="o", ms=4,
        label="what served (dotted: another version took over)",
    )  # fmt: skip
    axes.axhline(0, color=_INK, lw=0.9, label="base rate")
    # The version that ships can be far off in a made-up world; its depth tells nothing.
    axes.set_ylim(bottom=max(axes.get_ylim()[0], -0.2))
    axes.set(ylabel="RPS skill over the base rate", title=f"Simulated: {what}")
    axes.legend(frameon=False, fontsize=9)
    figure.autofmt_xdate()
    _write(figure, path)


def league(played: Sequence[Played], what: str, path: Path) -> None:
    """The points of each person, with their intervals."""
    figure, axes = _canvas(6.4, 1.2 + 0.32 * len(played))
    rows = range(len(played))[::-1]
    points = [each.points for each in played]
    errors = [each.interval[1] - each.points for each in played]
    axes.errorbar(points, rows, xerr=errors, fmt="o", color=_GOOD, ecolor=_FAINT, capsize=3)
    axes.axvline(0, color=_INK, lw=0.9)
    axes.set_yticks(rows, [f"{each.name} ({each.n})" for each in played])
    axes.set(xlabel="league points, with 95% intervals", title=f"Simulated: {what}")
    axes.tick_params(axis="y", length=0)
    _write(figure, path)


def _canvas(width: float, height: float) -> tuple[Any, Any]:
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(width, height), layout="constrained")
    axes.spines[["top", "right"]].set_visible(False)
    axes.title.set_horizontalalignment("center")
    return figure, axes


def _write(figure: Any, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, dpi=_DPI)
    plt.close(figure)
