"""Numbers in words and figures, in each language."""

import math
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.serving.number_format import (
    Language,
    Unit,
    duration,
    number,
    percent,
    signed,
    units,
)
from bot.texts.language import LANGUAGES

ROOT = Path(__file__).parents[3]
UNITS: tuple[Unit, ...] = ("minute", "hour", "day")
LENGTHS: tuple[Literal["short", "long"], ...] = ("short", "long")


@pytest.mark.parametrize(
    ("value", "digits", "english", "german"),
    [
        (0, 0, "0", "0"),
        (-0.4, 0, "0", "0"),
        (-3, 0, "−3", "−3"),
        (999.6, 0, "1,000", "1.000"),
        (1234.5, 1, "1,234.5", "1.234,5"),
        (-1234567.891, 2, "−1,234,567.89", "−1.234.567,89"),
        (0.12345, 3, "0.123", "0,123"),
        (-2.68e33, 1, "−2.7E33", "−2,7E33"),
        (math.nan, 1, "–", "–"),
        (math.inf, 0, "–", "–"),
    ],
)
def test_a_number(value: float, digits: int, english: str, german: str) -> None:
    assert number(value, digits) == english
    assert number(value, digits, "de") == german


@pytest.mark.parametrize(
    ("points", "words"),
    [(0, "+0.0"), (-0.04, "+0.0"), (1.66, "+1.7"), (-1, "−1.0"), (1234.5, "+1,234.5")],
)
def test_points_have_a_sign(points: float, words: str) -> None:
    assert signed(points) == words


@pytest.mark.parametrize(
    ("share", "english", "german"),
    [
        (0, "0%", "0\xa0%"),
        (0.0099, "under 1%", "unter 1\xa0%"),
        (0.01, "1%", "1\xa0%"),
        (0.714, "71%", "71\xa0%"),
        (0.99, "99%", "99\xa0%"),
        (0.9901, "over 99%", "über 99\xa0%"),
        (1, "100%", "100\xa0%"),
    ],
)
def test_a_share(share: float, english: str, german: str) -> None:
    assert (percent(share), percent(share, "de")) == (english, german)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("1 hour", "2 hours", "2 hr")),
        ("de", ("1 Stunde", "2 Stunden", "2 Std.")),
        ("pt-BR", ("1 hora", "2 horas", "2 h")),
        ("es", ("1 hora", "2 horas", "2 h")),
        ("fr", ("1\xa0heure", "2\xa0heures", "2\xa0h")),
        ("ja", ("1時間", "2時間", "2時間")),
    ],
)
def test_units_agree_with_their_number(language: Language, words: tuple[str, ...]) -> None:
    assert (
        units(1, "hour", language),
        units(2, "hour", language),
        units(2, "hour", language, "short"),
    ) == words


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_unit_and_no_share_falls_back_to_english(language: Language) -> None:
    english = {"hour", "hours", "day", "days"}
    told = [
        units(count, unit, language, length)
        for count in (1, 2) for unit in UNITS for length in LENGTHS
    ]  # fmt: skip
    assert language == "en" or not english & {word for each in told for word in each.split()}
    assert all(any(map(str.isdigit, each)) for each in told)
    assert len({percent(share, language) for share in (0.001, 0.01, 0.99, 0.999)}) == 4


def test_babel_is_not_imported_before_it_is_needed() -> None:
    """It takes longer than a start may."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
    code += "import main, bot.app, bot.discord.platform\n"
    code += "print([name for name in ('babel', 'emoji') if name in sys.modules])"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "under a minute"),
        (0, "under a minute"),
        (59.9, "under a minute"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 hr"),
        (3660, "1 hr 1 min"),
        (86399, "23 hr 59 min"),
        (86400, "1 day"),
        (3 * 86400, "3 days"),
    ],
)
def test_a_length_of_time(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


@given(st.floats(0, 1))
def test_a_forecast_is_never_certain_unless_it_is(share: float) -> None:
    words = percent(share)
    assert (words == "0%") == (share == 0)
    assert (words == "100%") == (share == 1)
