"""Numbers and shares as a language writes them, by Unicode's CLDR (Babel), and lengths of time.

Where none is named, it is the one that is spoken (`bot.texts.language`). Babel takes 60 ms to
import and a moment for each language: both happen at the first number.
"""

import math
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from bot.texts import language as spoken
from bot.texts.language import Language as Language
from bot.texts.translate import gettext, mark, ngettext, npgettext

if TYPE_CHECKING:
    from babel import Locale
    from babel.numbers import NumberPattern

Unit: TypeAlias = Literal["minute", "hour", "day"]

#: From here on digits say less than the power of ten.
_LARGE = 1e15

#: A share that is not 0 or 1, and would be rounded to it.
_NEARLY_NOTHING, _NEARLY_ALL = mark("under {share}"), mark("over {share}")


def number(value: float, digits: int = 0, language: Language | None = None) -> str:
    """A number with so many decimal places: ``1,234.5``, ``−3`` or, in German, ``1.234,5``.

    From a thousand millions of millions on it is written as ``2.7E33``; what is no number as ``–``.
    """
    decimals = f".{'0' * digits}" if digits else ""
    return _apply(f"#,##0{decimals};−#,##0{decimals}", value, digits, language)


def signed(points: float, language: Language | None = None) -> str:
    """League points with their sign: ``+1.7`` or ``−1.0``."""
    return _apply("+#,##0.0;−#,##0.0", points, 1, language)


def percent(share: float, language: Language | None = None) -> str:
    """A share (0 to 1) as people say it; never a certainty that a forecast cannot have."""
    language = language or spoken.language()
    if 0 < share < 0.01:
        return _nearly(_NEARLY_NOTHING, 0.01, language)
    if 0.99 < share < 1:
        return _nearly(_NEARLY_ALL, 0.99, language)
    return _percent(share, language)


def share_number(share: float, digits: int = 1, language: Language | None = None) -> str:
    """A share with decimal places, as figures have it: ``16.4%`` or ``16,4 %``; ``−2.0%``."""
    language = language or spoken.language()
    sign = _locale(language).percent_formats[None].pattern.replace("#,##0", "")
    if not math.isfinite(share):
        return "–"
    # Rounded first, and without the sign of a zero, as above. The sign multiplies by 100.
    pattern = f"#,##0.{'0' * digits}{sign};−#,##0.{'0' * digits}{sign}"
    return _words(pattern, round(share, digits + 2) + 0.0, language)


def units(
    count: int,
    unit: Unit,
    language: Language | None = None,
    length: Literal["short", "long"] = "long",
) -> str:
    """So many minutes, hours or days: ``1 day``, ``2 Stunden``, or short ``2 hr``, ``5 Min.``"""
    return _units(count, unit, language or spoken.language(), length)


@lru_cache(maxsize=4096)
def _units(count: int, unit: Unit, language: Language, length: Literal["short", "long"]) -> str:
    # Babel's own patterns fall back to English: "1 day" in Portuguese, "2 hour" in Japanese.
    with spoken.speaking(language):
        match unit, length:
            case "minute", "long":
                words = ngettext("{n} minute", "{n} minutes", count)
            case "minute", _:
                words = npgettext("short", "{n} min", "{n} min", count)
            case "hour", "long":
                words = ngettext("{n} hour", "{n} hours", count)
            case "hour", _:
                words = npgettext("short", "{n} hr", "{n} hr", count)
            case _, "long":
                words = ngettext("{n} day", "{n} days", count)
            case _:
                words = npgettext("short", "{n} day", "{n} days", count)
        return words.format(n=number(count))


def duration(length: timedelta) -> str:
    """An age or a time that is left, in its largest whole unit or two.

    For example ``under a minute``, ``2 hr 5 min`` or ``3 days``.
    """
    minutes = int(length.total_seconds() // 60)
    hours, days = minutes // 60, minutes // (24 * 60)
    if minutes < 1:
        return gettext("under a minute")
    if days >= 1:
        return units(days, "day", length="short")
    parts = [units(hours, "hour", length="short")] if hours else []
    if minutes % 60:
        parts.append(units(minutes % 60, "minute", length="short"))
    return " ".join(parts)


def day_name(weekday: int, language: Language | None = None) -> str:
    """A day of the week, 0 being Monday: ``Monday`` or ``Montag``."""
    name: str = _locale(language or spoken.language()).days["stand-alone"]["wide"][weekday]
    return name


def day_of_month(day: date, language: Language | None = None) -> str:
    """A day without its year: ``3 Nov``, ``3. Nov.`` or ``11月3日``."""
    from babel.dates import format_skeleton

    locale = _locale(language or spoken.language())
    # English as the board has it, the day first: Babel's own is American.
    return (
        format_skeleton("MMMd", day, locale=locale)
        if locale.language != "en"
        else f"{day.day} {day:%b}"
    )


@cache
def _locale(language: str) -> "Locale":
    from babel import Locale

    return Locale.parse(language, sep="-")


@cache
def _pattern(pattern: str) -> "NumberPattern":
    from babel.numbers import parse_pattern

    return parse_pattern(pattern)


def _apply(pattern: str, value: float, digits: int, language: Language | None) -> str:
    if not math.isfinite(value):
        return "–"
    if abs(value) >= _LARGE:
        pattern, digits = "0.0E0;−0.0E0", 1 - math.floor(math.log10(abs(value)))
    # Rounded first, and without the sign of a zero: a small loss is "0", not "−0".
    return _words(pattern, round(value, digits) + 0.0, language or spoken.language())


def _nearly(words: str, share: float, language: Language) -> str:
    with spoken.speaking(language):
        return gettext(words).format(share=_percent(share, language))


def _percent(share: float, language: Language) -> str:
    return _percent_words(round(share, 2), language)


# Babel takes 50 µs for a number, and a page of posts has hundreds of them, many alike.
@lru_cache(maxsize=4096)
def _words(pattern: str, rounded: float, language: Language) -> str:
    words: str = _pattern(pattern).apply(rounded, _locale(language))
    return words


@lru_cache(maxsize=1024)
def _percent_words(rounded: float, language: Language) -> str:
    locale = _locale(language)
    words: str = locale.percent_formats[None].apply(rounded, locale)
    return words
