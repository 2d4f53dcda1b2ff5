from datetime import date, timedelta
from typing import Any

import pytest
from matplotlib.dates import num2date

from bot.reports import chart_process
from bot.texts.language import speaking
from tests.fakes.clock import START


def day_of(number: int) -> date:
    """A day, counted back from today."""
    return START.date() - timedelta(days=number)


def curve(*days: date) -> dict[str, Any]:
    """Stats of one version, as JSON, with a point for each of ``days``."""
    skill = {"n": 9, "skill": 0.1, "interval": (0.0, 0.2)}
    version = {
        "name": "v1", "is_champion": True, "skill": skill, "accuracy": 0.5,
        "accuracy_interval": (0.3, 0.7), "base_rate": 0.33,
        "curve": [{"day": day.isoformat(), "skill": skill} for day in days],
    }  # fmt: skip
    return {"versions": [version], "calibration": [], "effect": None, "spoken": 0, "silent": 0}


@pytest.mark.parametrize(
    ("days", "shown"),
    [
        ([0], 7),
        ([3, 0], 7),
        ([40, 0], 41),
    ],
)
def test_the_axis_of_days_is_a_week_at_least_and_no_longer_than_there_are_days(
    days: list[int], shown: int
) -> None:
    axes = chart_process.figure(curve(*map(day_of, days))).axes[0]
    begin, end = (moment.date() for moment in num2date(axes.get_xlim()))
    assert (end - begin).days == shown
    assert begin < day_of(days[0]) <= end
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert not [each for each in labels if ":" in each], "hours of a day"


def test_the_weights_of_the_experts_are_drawn_where_there_are_any() -> None:
    assert len(chart_process.figure(curve(day_of(0))).axes) == 4
    points = [
        {
            "made_at": f"{day_of(number).isoformat()}T12:00:00+00:00",
            "weights": {"base": 0.9 - 0.1 * place, "pooled": 0.1 + 0.1 * place},
            "known": 0.1 + 0.1 * place,
        }
        for place, number in enumerate((2, 1, 0))
    ]
    axes = chart_process.figure(curve(day_of(0)) | {"weights": points}).axes
    assert len(axes) == 6
    assert [text.get_text() for text in axes[4].get_legend().get_texts()] == ["base rate", "head"]
    assert list(axes[5].lines[0].get_ydata()) == pytest.approx([0.1, 0.2, 0.3])


def test_the_words_of_a_chart_are_in_the_language_that_is_spoken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with speaking("de"):
        skill, _, accuracy, effect = chart_process.figure(curve(day_of(0))).axes
    assert skill.get_title("left") == "Können gegenüber der Grundrate, letzte 7 Tage"
    assert [text.get_text() for text in accuracy.get_yticklabels()] == ["v1 ★\n9 Posts"]
    assert "0 Posts beantwortet" in effect.texts[0].get_text()
    # Japanese needs a font that has its signs.
    monkeypatch.setattr(chart_process, "_JAPANESE", ("DejaVu Sans",))
    assert (chart_process.legible("ja"), chart_process.legible("fr")) == ("ja", "fr")
    monkeypatch.setattr(chart_process, "_JAPANESE", ("No such font",))
    assert (chart_process.legible("ja"), chart_process.legible("fr")) == ("en", "fr")
