"""What plays here as a plot: a row for each effect with its interval, as SVG."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from bot.reports.attribute_effects import Effect
from bot.reports.plays import Plays
from bot.reports.plays_words import FACTOR_NAMES, effect_sentence, level_name, points
from bot.texts.translate import gettext as _

WIDTH: Final = 640
_ROW, _HEADING, _TOP, _BOTTOM = 22, 30, 8, 30
#: Where the names end and the plot begins and ends, units.
_NAMES, _LEFT, _RIGHT = 210, 226, 624
#: The axis reaches at least so far each way, percentile.
_LEAST_REACH: Final = 0.05


@dataclass(frozen=True, slots=True)
class _Axis:
    reach: float

    def x(self, share: float) -> float:
        middle = (_LEFT + _RIGHT) / 2
        return round(middle + share / self.reach * (_RIGHT - _LEFT) / 2, 1)


def draw_plays(plays: Plays) -> str:
    """Draw the effects as an SVG document that takes the colour of the text around it.

    What it shows is described in it in words.
    """
    effects = plays.effects.effects
    reach = max([_LEAST_REACH, *(max(abs(each.low), abs(each.high)) for each in effects)])
    axis = _Axis(reach)
    marks: list[str] = []
    y = float(_TOP)
    for factor, rows in groupby(effects, key=lambda each: each.factor):
        y += _HEADING
        marks.append(_text(0, y - 10, _(FACTOR_NAMES[factor]), "start", weight="bold"))
        for effect in rows:
            marks += _row(effect, y, axis)
            y += _ROW
    zero = axis.x(0)
    lines = [f'<path d="M{zero} {_TOP}V{y}" stroke="currentColor" stroke-opacity="0.4"/>']
    for share, anchor in ((-reach, "start"), (0.0, "middle"), (reach, "end")):
        words = points(share) if share else _("0 points")
        lines.append(_text(axis.x(share), y + 20, words, anchor))
    height = round(y + _BOTTOM)
    heading = _("Effects with their 95% intervals.")
    told = "; ".join(map(effect_sentence, effects)) or _("nothing to tell yet")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f" aria-label={quoteattr(f'{heading} {told}.')}"
        ' font-family="system-ui, sans-serif" font-size="13" fill="currentColor">'
        f"{''.join([*lines, *marks])}</svg>"
    )


def _row(effect: Effect, y: float, axis: _Axis) -> Iterator[str]:
    middle = y + _ROW / 2
    opacity = "1" if effect.told else "0.45"
    yield _text(_NAMES, middle + 4, level_name(effect.factor, effect.level), "end")
    yield (
        f'<g opacity="{opacity}"><title>{escape(effect_sentence(effect))}</title>'
        f'<path d="M{axis.x(effect.low)} {middle}H{axis.x(effect.high)}" stroke="currentColor"'
        f' stroke-width="2"/><circle cx="{axis.x(effect.effect)}" cy="{middle}" r="4.5"/></g>'
    )


def _text(x: float, y: float, words: str, anchor: str, weight: str = "normal") -> str:
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )
