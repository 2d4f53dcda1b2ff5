"""The process that draws a chart: ``python -m bot.reports.chart_process``.

Reads `Stats` as JSON on standard input and writes a PNG file to standard output.
"""

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.reports.version_stats import TRAILING

#: Address space, bytes: a chart that needs more is not drawn.
_MEMORY = 3 * 2**30

_INK, _FAINT = "#22303c", "#c9d3da"
_COLOURS = ("#1f6f8b", "#d9793a", "#6b8e23", "#7a5195", "#b5485d", "#8c8c8c")


def main() -> None:
    """Draw the stats on standard input; write the PNG to standard output."""
    _limit_memory()
    stats = json.loads(sys.stdin.buffer.read())
    sys.stdout.buffer.write(draw(stats))


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        # Windows, which has no such limit.
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def draw(stats: dict[str, Any]) -> bytes:
    """The PNG of `Stats` as JSON."""
    from io import BytesIO

    written = BytesIO()
    figure(stats).savefig(written, dpi=100, format="png")
    return written.getvalue()


def figure(stats: dict[str, Any]) -> Any:
    """The matplotlib figure of `Stats` as JSON; its first axes show the skill by day."""
    import matplotlib as mpl

    mpl.use("Agg", force=False)
    from matplotlib import pyplot as plt

    mpl.rcParams.update(
        {
            "font.size": 10, "axes.edgecolor": _INK, "axes.labelcolor": _INK,
            "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
            "axes.titlesize": 11, "text.color": _INK, "xtick.color": _INK, "ytick.color": _INK,
            # Names are names: a dollar sign begins no formula.
            "text.parse_math": False,
        }
    )  # fmt: skip
    weights = stats.get("weights") or []
    rows = 3 if weights else 2
    page, panels = plt.subplots(rows, 2, figsize=(11, 3.75 * rows), layout="constrained")
    _skill(panels[0, 0], stats["versions"])
    _calibration(panels[0, 1], stats["calibration"])
    _accuracy(panels[1, 0], stats["versions"])
    _reply_effect(panels[1, 1], stats)
    if weights:
        _weights(panels[2, 0], weights)
        _known(panels[2, 1], weights)
    return page


#: What the experts are called on the chart.
_EXPERTS = {"base": "base rate", "pooled": "head", "untitled": "head without title and author"}


def _moments(weights: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(point["made_at"]) for point in weights]


def _weights(axes: Any, weights: list[dict[str, Any]]) -> None:
    axes.set_title("Whose word counts here: weights of the experts")
    names = list(dict.fromkeys(name for point in weights for name in point["weights"]))
    shares = [[point["weights"].get(name, 0) for point in weights] for name in names]
    colours = [_FAINT if name == "base" else _COLOURS[place] for place, name in enumerate(names)]
    labels = [_EXPERTS.get(name, name) for name in names]
    axes.stackplot(_moments(weights), *shares, labels=labels, colors=colours)
    axes.set(ylim=(0, 1), ylabel="weight")
    axes.tick_params(axis="x", rotation=30)
    axes.legend(frameon=False, fontsize=8, loc="lower left")


def _known(axes: Any, weights: list[dict[str, Any]]) -> None:
    axes.set_title("How well Peoria knows this place")
    known = [point["known"] for point in weights]
    axes.plot(_moments(weights), known, color=_COLOURS[0], lw=1.8, marker="o", ms=2.5)
    axes.set(ylim=(0, 1.02), ylabel="share beyond the base rate")
    axes.tick_params(axis="x", rotation=30)


def _empty(axes: Any, words: str) -> None:
    axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes, color="#66747f")
    axes.set(xticks=[], yticks=[])


def _label(version: dict[str, Any]) -> str:
    return f"{version['name']}{' ★' if version['is_champion'] else ''}"


def _skill(axes: Any, versions: list[dict[str, Any]]) -> None:
    axes.set_title("Skill over the base rate, trailing week")
    if not versions:
        _empty(axes, "no scored predictions yet")
        return
    axes.axhline(0, color=_INK, lw=0.8)
    highest = lowest = 0.0
    for version, colour in zip(versions, _COLOURS, strict=False):
        # Days of which nothing can be told yet have no point.
        told = [point for point in version["curve"] if point["skill"]["skill"] is not None]
        days = [date.fromisoformat(point["day"]) for point in told]
        skill = [point["skill"]["skill"] for point in told]
        bands = [point["skill"]["interval"] for point in told]
        axes.plot(days, skill, color=colour, lw=1.8, marker="o", ms=2.5, label=_label(version))
        axes.fill_between(
            days, [low for low, _ in bands], [high for _, high in bands], color=colour, alpha=0.13,
            lw=0,
        )  # fmt: skip
        highest, lowest = max([highest, *skill]), min([lowest, *skill])
    if lowest == highest == 0 and not any(line.get_xdata().size for line in axes.lines[1:]):
        axes.cla()
        axes.set_title("Skill over the base rate, trailing week")
        _empty(axes, "nothing to tell yet")
        return
    _span_days(axes, [point["day"] for version in versions for point in version["curve"]])
    # Few posts have intervals of any width; the curves are what is looked at.
    axes.set_ylim(max(lowest - 0.15, -1), min(highest + 0.15, 1))
    axes.set_ylabel("share of the RPS saved")
    axes.tick_params(axis="x", rotation=30)
    axes.legend(frameon=False, fontsize=8, loc="lower left")


def _span_days(axes: Any, days: list[str]) -> None:
    """Let the axis hold the days there are, and at least a week: matplotlib shows years for one."""
    from matplotlib import dates

    if not days:
        return
    last = date.fromisoformat(max(days))
    first = min(date.fromisoformat(min(days)), last - timedelta(days=TRAILING - 1))
    half = timedelta(hours=12)
    begin, end = (datetime.combine(day, time()) for day in (first, last))
    axes.set_xlim(begin - half, end + half)
    axes.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=8))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(dates.DateFormatter("%d %b"))  # type: ignore[no-untyped-call]


def _calibration(axes: Any, points: list[dict[str, Any]]) -> None:
    axes.set_title("How often it was right, by how sure it was")
    if not points:
        _empty(axes, "no scored predictions yet")
        return
    axes.plot([0.3, 1], [0.3, 1], color=_FAINT, lw=1.5, label="perfectly calibrated")
    x = [point["confidence"] for point in points]
    y = [point["happened"] for point in points]
    low = [point["happened"] - point["interval"][0] for point in points]
    high = [point["interval"][1] - point["happened"] for point in points]
    axes.errorbar(x, y, yerr=[low, high], color=_COLOURS[0], fmt="o-", lw=1.5, ms=5, capsize=3)
    for point in points:
        axes.annotate(
            f"{point['n']}", (point["confidence"], point["happened"]),
            textcoords="offset points", xytext=(8, -11), fontsize=8,
        )  # fmt: skip
    axes.set(xlim=(0.3, 1), ylim=(0, 1.02), xlabel="chance given to the most probable bucket")
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _accuracy(axes: Any, versions: list[dict[str, Any]]) -> None:
    axes.set_title("Right bucket, beside what luck would bring (bars)")
    if not versions:
        _empty(axes, "no scored predictions yet")
        return
    rows = list(range(len(versions)))[::-1]
    axes.barh(rows, [v["base_rate"] for v in versions], color=_FAINT, height=0.55)
    for row, version, colour in zip(rows, versions, _COLOURS, strict=False):
        low, high = version["accuracy_interval"]
        right = version["accuracy"]
        axes.errorbar(
            right, row, xerr=[[right - low], [high - right]], fmt="o", color=colour, capsize=3
        )
    axes.set_yticks(rows, [f"{_label(v)}\n{v['skill']['n']:,} posts" for v in versions], fontsize=8)
    axes.set(xlim=(0, 1), xlabel="share")
    axes.tick_params(axis="y", length=0)


def _reply_effect(axes: Any, stats: dict[str, Any]) -> None:
    axes.set_title("What a reply does to the score")
    effect = stats["effect"]
    counts = f"{stats['spoken']:,} posts answered, {stats['silent']:,} predicted silently"
    if effect is None:
        _empty(axes, f"not enough to tell yet:\n{counts}")
        return
    low, high = effect["interval"]
    factor = effect["factor"]
    axes.axvline(1, color=_INK, lw=0.8)
    axes.errorbar(
        factor, 0, xerr=[[factor - low], [high - factor]], fmt="o", color=_COLOURS[1], capsize=5,
        ms=9, lw=2,
    )  # fmt: skip
    axes.annotate(
        f"× {factor:.2f}  ({low:.2f} … {high:.2f})", (factor, 0), textcoords="offset points",
        xytext=(0, 16), ha="center",
    )  # fmt: skip
    axes.set(yticks=[], ylim=(-1, 1), xlabel=f"factor on 1 + score\n{counts}")
    axes.set_xlim(min(low, 0.9) - 0.05, max(high, 1.1) + 0.05)


if __name__ == "__main__":
    main()
