"""main.py simulate: what is asked for, the pace, and the report in words."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.simulation.league_results import Played
from bot.simulation.plan import Plan
from bot.simulation.reply_lift import ReplyLift
from bot.simulation.report import Report
from bot.simulation.skill import Skill
from tests.bot.cli.conftest import Peoria

START = datetime(2024, 1, 1, tzinfo=UTC)
COUNTS = Counter(
    posts=1200, scored=1100, withdrawn=60, refused=40, late=3, predictions=1190, replies=900,
    labels=1100, guesses=4000,
)  # fmt: skip
WHOLE = Report(
    counts=COUNTS,
    whole=Skill(1100, 0.1, 0.2, 0.5, (0.4, 0.6)),
    last=Skill(300, 0.15, 0.2, 0.75, (0.7, 0.8)),
    league=[Played("Ann", 10, 4, 3.5, (-1.0, 8.0)), Played("Nobody", 0, 0, 0.0, (0.0, 0.0))],
    effect=ReplyLift(1.21, (1.1, 1.3), 1.2, 900, 110),
    runs=[(START, "promoted", "Better than the base rate.")],
    pictures=[Path("curve.png")],
)
EMPTY = Report(COUNTS, None, None, [], None, [], [])


class Simulated:
    """Stands in for the simulation: what it was asked for, and the report of it."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.asked: dict[str, Any] = {}

    async def run(self, plan: Plan, folder: Path, **asked: Any) -> Report:
        self.asked = {"plan": plan, "folder": folder, **asked}
        on_progress = asked["on_progress"]
        for seconds in (0, 10, 30):
            on_progress(START + timedelta(seconds=seconds), seconds)
        return self.report


@pytest.fixture
def simulated(monkeypatch: pytest.MonkeyPatch) -> Simulated:
    simulated = Simulated(WHOLE)
    monkeypatch.setattr("bot.simulation.report.simulate", simulated.run)
    return simulated


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    return slept


def test_the_report_is_told_in_sentences(peoria: Peoria, simulated: Simulated) -> None:
    answer = peoria("simulate", "--posts", 1200, "--days", 7, "--seed", 3, "--retrain-labels", 50)
    assert answer.status == 0
    for words in (
        "1,200 posts were made: 1,100 scored, 60 deleted, 40 refused (3 as",
        "RPS skill, whole time (1,100 posts): 0.100; of the truth 0.200: 50% (40% to 60%) of it.",
        "RPS skill, last quarter (300 posts): 0.150",
        "A reply multiplied votes by 1.21 (1.10 to 1.30)",
        "110 silent posts; the truth is 1.20.",
        "01 Jan: training promoted: Better than the base rate.",
        "Drew curve.png.",
    ):
        assert words in answer.out
    assert simulated.asked["plan"] == Plan(1200, 7, 3, 50)
    assert (simulated.asked["draw"], simulated.asked["resume"]) == (False, False)


def test_what_is_not_known_is_not_told(peoria: Peoria, simulated: Simulated) -> None:
    simulated.report = EMPTY
    answer = peoria("simulate")
    for words in ("skill", "multiplied", "training", "Drew"):
        assert words not in answer.out


def test_a_folder_of_its_own_is_kept_and_drawn_into(
    peoria: Peoria, simulated: Simulated, tmp_path: Path
) -> None:
    data = peoria("simulate", "--out", tmp_path / "kept", "--resume", "--json").data
    assert (data["counts"], data["last_quarter"]["n"]) == (dict(COUNTS), 300)
    asked = simulated.asked
    assert (asked["folder"], asked["draw"], asked["resume"]) == (tmp_path / "kept", True, True)


def test_going_on_needs_the_folder(peoria: Peoria, simulated: Simulated) -> None:
    answer = peoria("simulate", "--resume")
    assert answer.status == 2
    assert "--out" in answer.err


@pytest.mark.parametrize(
    ("speed", "waits"), [("max", []), ("10", [1.0, 2.0]), ("0.5", [20.0, 40.0])]
)
def test_the_pace_is_simulated_seconds_in_a_second(
    peoria: Peoria, simulated: Simulated, slept: list[float], speed: str, waits: list[float]
) -> None:
    assert peoria("simulate", "--speed", speed).status == 0
    assert slept == waits


@pytest.mark.parametrize("speed", ["0", "-1", "inf", "nan", "fast"])
def test_a_pace_is_above_0(peoria: Peoria, simulated: Simulated, speed: str) -> None:
    answer = peoria("simulate", "--speed", speed)
    assert answer.status == 2
    assert "max, or a number above 0" in answer.err
