"""The process that draws a chart: ``python -m bot.reports.chart_process``.

Reads `Stats` and the language of its words as JSON on standard input, and writes a PNG file to
standard output.
"""

import json
import sys
from datetime import date, datetime, time, timedelta
from typing import Any

from bot.reports.version_stats import TRAILING
from bot.serving.number_format import day_of_month, number
from bot.texts.language import Language, language, speaking
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, ngettext

#: Address space, bytes: a chart that needs more is not drawn.
_MEMORY = 3 * 2**30

_INK, _FAINT = "#22303c", "#c9d3da"
_COLOURS = ("#1f6f8b", "#d9793a", "#6b8e23", "#7a5195", "#b5485d", "#8c8c8c")
#: Fonts with Japanese signs of Debian, macOS and Windows; the first that is there is used.
_JAPANESE = (
    "Noto Sans CJK JP", "Noto Sans JP", "IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic",
    "Hiragino Sans", "Yu Gothic", "Meiryo", "MS Gothic",
)  # fmt: skip


def main() -> None:
    """Draw the stats on standard input; write the PNG to standard output."""
    _limit_memory()
    task = json.loads(sys.stdin.buffer.read())
    with speaking(legible(task["language"])):
        sys.stdout.buffer.write(draw(task["stats"]))


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        # Windows, which has no such limit.
        return
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def legible(asked: Language) -> Language:
    """The language if there is a font with its signs here, else English: boxes tell nobody much."""
    return asked if asked != "ja" or _japanese_fonts() else "en"


def _japanese_fonts() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return [name for name in _JAPANESE if name in installed]


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
            # Numbers and Latin names look as in the other languages.
            "font.family": [
                "DejaVu Sans", *(_japanese_fonts()[:1] if language() == "ja" else []),
            ],
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
_EXPERTS = {
    "base": mark("base rate"),
    "pooled": mark("head"),
    "untitled": mark("head without title and author"),
    "own": mark("head of these votes alone"),
}


def _moments(weights: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(point["made_at"]) for point in weights]


def _weights(axes: Any, weights: list[dict[str, Any]]) -> None:
    axes.set_title(_("Whose word counts here: weights of the experts"))
    names = list(dict.fromkeys(name for point in weights for name in point["weights"]))
    shares = [[point["weights"].get(name, 0) for point in weights] for name in names]
    colours = [_FAINT if name == "base" else _COLOURS[place] for place, name in enumerate(names)]
    labels = [_(_EXPERTS[name]) if name in _EXPERTS else name for name in names]
    axes.stackplot(_moments(weights), *shares, labels=labels, colors=colours)
    axes.set(ylim=(0, 1), ylabel=_("weight"))
    axes.tick_params(axis="x", rotation=30)
    axes.legend(frameon=False, fontsize=8, loc="lower left")


def _known(axes: Any, weights: list[dict[str, Any]]) -> None:
    axes.set_title(_("How well Peoria knows this place"))
    known = [point["known"] for point in weights]
    axes.plot(_moments(weights), known, color=_COLOURS[0], lw=1.8, marker="o", ms=2.5)
    axes.set(ylim=(0, 1.02), ylabel=_("share beyond the base rate"))
    axes.tick_params(axis="x", rotation=30)


def _empty(axes: Any, words: str) -> None:
    axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes, color="#66747f")
    axes.set(xticks=[], yticks=[])


def _label(version: dict[str, Any]) -> str:
    return f"{version['name']}{' ★' if version['is_champion'] else ''}"


def _skill(axes: Any, versions: list[dict[str, Any]]) -> None:
    axes.set_title(_("Skill over the base rate, trailing week"))
    if not versions:
        _empty(axes, _("no scored predictions yet"))
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
        axes.set_title(_("Skill over the base rate, trailing week"))
        _empty(axes, _("nothing to tell yet"))
        return
    _span_days(axes, [point["day"] for version in versions for point in version["curve"]])
    # Few posts have intervals of any width; the curves are what is looked at.
    axes.set_ylim(max(lowest - 0.15, -1), min(highest + 0.15, 1))
    axes.set_ylabel(_("share of the RPS saved"))
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
    axes.xaxis.set_major_formatter(lambda day, _: day_of_month(dates.num2date(day)))  # type: ignore[no-untyped-call]


def _calibration(axes: Any, points: list[dict[str, Any]]) -> None:
    axes.set_title(_("How often it was right, by how sure it was"))
    if not points:
        _empty(axes, _("no scored predictions yet"))
        return
    axes.plot([0.3, 1], [0.3, 1], color=_FAINT, lw=1.5, label=_("perfectly calibrated"))
    x = [point["confidence"] for point in points]
    y = [point["happened"] for point in points]
    low = [point["happened"] - point["interval"][0] for point in points]
    high = [point["interval"][1] - point["happened"] for point in points]
    axes.errorbar(x, y, yerr=[low, high], color=_COLOURS[0], fmt="o-", lw=1.5, ms=5, capsize=3)
    for point in points:
        axes.annotate(
            number(point["n"]), (point["confidence"], point["happened"]),
            textcoords="offset points", xytext=(8, -11), fontsize=8,
        )  # fmt: skip
    axes.set(xlim=(0.3, 1), ylim=(0, 1.02), xlabel=_("chance given to the most probable bucket"))
    axes.legend(frameon=False, fontsize=8, loc="lower right")


def _accuracy(axes: Any, versions: list[dict[str, Any]]) -> None:
    axes.set_title(_("Right bucket, beside what luck would bring (bars)"))
    if not versions:
        _empty(axes, _("no scored predictions yet"))
        return
    rows = list(range(len(versions)))[::-1]
    axes.barh(rows, [v["base_rate"] for v in versions], color=_FAINT, height=0.55)
    for row, version, colour in zip(rows, versions, _COLOURS, strict=False):
        low, high = version["accuracy_interval"]
        right = version["accuracy"]
        axes.errorbar(
            right, row, xerr=[[right - low], [high - right]], fmt="o", color=colour, capsize=3
        )
    counts = (version["skill"]["n"] for version in versions)
    posts = [ngettext("{n} post", "{n} posts", n).format(n=number(n)) for n in counts]
    labels = [f"{_label(each)}\n{count}" for each, count in zip(versions, posts, strict=True)]
    axes.set_yticks(rows, labels, fontsize=8)
    axes.set(xlim=(0, 1), xlabel=_("share"))
    axes.tick_params(axis="y", length=0)


def _reply_effect(axes: Any, stats: dict[str, Any]) -> None:
    axes.set_title(_("What a reply does to the score"))
    effect = stats["effect"]
    counts = _("{answered} posts answered, {silent} predicted silently").format(
        answered=number(stats["spoken"]), silent=number(stats["silent"])
    )
    if effect is None:
        words = _("not enough to tell yet")
        _empty(axes, f"{words}\n{counts}")
        return
    low, high = effect["interval"]
    factor = effect["factor"]
    axes.axvline(1, color=_INK, lw=0.8)
    axes.errorbar(
        factor, 0, xerr=[[factor - low], [high - factor]], fmt="o", color=_COLOURS[1], capsize=5,
        ms=9, lw=2,
    )  # fmt: skip
    axes.annotate(
        f"× {number(factor, 2)}  ({number(low, 2)} … {number(high, 2)})", (factor, 0),
        textcoords="offset points", xytext=(0, 16), ha="center",
    )  # fmt: skip
    words = _("factor on 1 + score")
    axes.set(yticks=[], ylim=(-1, 1), xlabel=f"{words}\n{counts}")
    axes.set_xlim(min(low, 0.9) - 0.05, max(high, 1.1) + 0.05)


if __name__ == "__main__":
    main()
