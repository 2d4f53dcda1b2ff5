"""Histograms of the measures of popularity on a log scale, as SVG."""

import math
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from bot.reports.measures import MEASURE_NAMES, Bar, MeasureSummary
from bot.serving.number_format import number, percent
from bot.texts.translate import gettext as _

WIDTH: Final = 360
_HEIGHT, _AXIS, _TOP = 120, 36, 18
#: As wide as a number below a bar may be.
_WIDEST = 60


def draw_histogram(summary: MeasureSummary) -> str:
    """One measure's histogram, described in it in words; it takes the colour of the text around.

    A measure that no post has anything of is told in words alone: one bar would fill the picture.
    """
    bars, name = summary.bars, _(MEASURE_NAMES[summary.name])
    if len(bars) == 1 and math.isinf(bars[0].first):
        words = _("0 or less for every post")
        return _svg(
            f"{name}: {words}.", 40, f'{_heading(name)}<text x="0" y="32">{escape(words)}</text>'
        )
    most = max(*(bar.posts for bar in bars), 1)
    step = WIDTH / len(bars)
    marks = []
    for place, bar in enumerate(bars):
        height = round(_HEIGHT * bar.posts / most, 1)
        x, y = round(place * step + 1, 1), round(_TOP + _HEIGHT - height, 1)
        marks.append(
            f'<rect x="{x}" y="{y}" width="{round(step - 2, 1)}" height="{height}">'
            f"<title>{escape(_words(bar))}: {number(bar.posts)}</title></rect>"
        )
        if place % max(1, math.ceil(len(bars) / 6)) == 0:
            # The last number would reach over the edge.
            at, anchor = (place + 0.5) * step, "middle"
            if place and at + _WIDEST / 2 > WIDTH:
                at, anchor = WIDTH, "end"
            marks.append(
                f'<text x="{round(at, 1)}" y="{_TOP + _HEIGHT + 16}"'
                f' text-anchor="{anchor}">{escape(_short(bar))}</text>'
            )
    told = "; ".join(f"{_words(bar)}: {number(bar.posts)}" for bar in bars)
    heading = _("How many posts have how much of {measure}.").format(measure=name)
    return _svg(f"{heading} {told}.", _TOP + _HEIGHT + _AXIS, f"{_heading(name)}{''.join(marks)}")


def _svg(described: str, height: int, drawn: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' role="img" aria-label={quoteattr(described)}'
        ' font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
        f"{drawn}</svg>"
    )


def _heading(name: str) -> str:
    return f'<text x="0" y="12" font-weight="bold">{escape(name)}</text>'


def _words(bar: Bar) -> str:
    if math.isinf(bar.first):
        return _("0 or less")
    if bar.end <= 1.0001:
        return _("{low} to {high}").format(low=percent(bar.first), high=percent(bar.end))
    last = bar.end - 1
    if last == bar.first:
        return number(last)
    return _("{low} to {high}").format(low=number(bar.first), high=number(last))


def _short(bar: Bar) -> str:
    if math.isinf(bar.first):
        return "≤ 0"
    return f"{bar.first:.0%}" if bar.end <= 1.0001 else number(bar.first)
