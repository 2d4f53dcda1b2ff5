"""main.py replay and reproduce: what is asked of the child process, and what is shown of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bot.cli.conftest import Peoria

INTERVALS = {
    "rps_skill": [0.05, 0.15], "log_loss_skill": [0.01, 0.09], "spearman": [0.2, 0.4],
    "pair_accuracy": [0.55, 0.65],
}  # fmt: skip
FIGURES = {name: sum(ends) / 2 for name, ends in INTERVALS.items()}
REPLAYED = {
    "n": 3000, "figures": FIGURES, "intervals": INTERVALS, "slope": 0.0123,
    "steps": [{"labels": 1000, "figures": FIGURES}, {"labels": 2000, "figures": FIGURES}],
}  # fmt: skip


class Child:
    """Stands in for the child process: what it was asked, and what it answers."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.task: dict[str, Any] = {}
        self.status = 0
        self.last: dict[str, Any] = {}

    async def run(
        self, module: str, task: dict[str, Any], on_step: Callable[[dict[str, Any]], None]
    ) -> tuple[int, dict[str, Any]]:
        assert module == self.module
        self.task = task
        on_step({"stage": "fitting", "done": 1, "total": 2, "loss": 0.5})
        return self.status, self.last


@pytest.fixture
def replaying(monkeypatch: pytest.MonkeyPatch) -> Child:
    child = Child("trainer.studies.replay_process")
    monkeypatch.setattr("bot.cli.replay.run_json_child", child.run)
    return child


@pytest.fixture
def reproducing(monkeypatch: pytest.MonkeyPatch) -> Child:
    child = Child("trainer.studies.reproduce_process")
    monkeypatch.setattr("bot.cli.reproduce.run_json_child", child.run)
    return child


def test_a_replay_is_shown_step_by_step_and_as_a_whole(
    peoria: Peoria, replaying: Child, tmp_path: Path
) -> None:
    replaying.last = {"result": REPLAYED}
    plot = tmp_path / "plot.png"
    answer = peoria("replay", tmp_path, "--posts", 3000, "--every", 1000, "--plot", plot)
    assert answer.status == 0
    for words in (
        "1,000", "2,000", "All 3,000 posts: RPS skill 0.100 (0.050 to 0.150).",
        "RPS skill gained for each e-fold of labels: +0.0123.", f"Drew {plot}.",
    ):  # fmt: skip
        assert words in answer.out
    asked = replaying.task
    assert (asked["posts"], asked["every"], asked["seed"]) == (3000, 1000, 1)
    assert (asked["folder"], asked["plot"]) == (str(tmp_path), str(plot))
    assert (Path(asked["backbone"]) / "manifest.json").parent.is_dir()


def test_a_replay_of_one_step_has_no_slope_and_draws_nothing(
    peoria: Peoria, replaying: Child, tmp_path: Path
) -> None:
    replaying.last = {"result": REPLAYED | {"slope": None}}
    answer = peoria("replay", tmp_path)
    assert "e-fold" not in answer.out
    assert "Drew" not in answer.out
    assert replaying.task["plot"] is None


def test_a_replay_as_data_is_what_the_child_answered(
    peoria: Peoria, replaying: Child, tmp_path: Path
) -> None:
    replaying.last = {"result": REPLAYED}
    assert peoria("replay", tmp_path, "--json").data == REPLAYED


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ({"refused": "There are only 3 posts."}, "There are only 3 posts."),
        ({}, "The replay failed"),
    ],
)
def test_a_replay_that_fails_says_why(
    peoria: Peoria, replaying: Child, tmp_path: Path, last: dict[str, Any], sentence: str
) -> None:
    replaying.last, replaying.status = last, 3
    answer = peoria("replay", tmp_path)
    assert answer.status == 1
    assert sentence in answer.err
    assert "Traceback" not in answer.err


@pytest.fixture
def study(tmp_path: Path) -> list[str]:
    (tmp_path / "posts.json").write_text("[]", "utf-8")
    return [str(tmp_path / "posts.json"), "--images", str(tmp_path)]


def test_the_second_study_is_reproduced(
    peoria: Peoria, reproducing: Child, study: list[str], tmp_path: Path
) -> None:
    reproducing.last = {"result": {"markdown": "| ours | 0.7 |", "data": {"ours": 0.7}}}
    answer = peoria("reproduce", "dufour", *study, "--threshold", 100, "--report", tmp_path)
    assert answer.out == "| ours | 0.7 |\n"
    asked = reproducing.task
    assert (asked["study"], asked["threshold"], asked["seeds"]) == ("dufour", 100.0, 5)
    assert (asked["report"], asked["text"]) == (str(tmp_path), False)
    assert peoria("reproduce", "dufour", *study, "--json").data == {"ours": 0.7}
    assert reproducing.task["report"] is None


def test_the_first_study_needs_the_weights_of_the_backbone(
    peoria: Peoria, reproducing: Child, study: list[str], tmp_path: Path
) -> None:
    assert "needs the backbone's Keras weights" in peoria("reproduce", "lu", *study).sentence
    weights = tmp_path / "backbone.keras"
    weights.touch()
    reproducing.last = {"result": {"markdown": "done", "data": {}}}
    assert peoria("reproduce", "lu", *study, "--weights", weights, "--seeds", 2).status == 0
    assert (reproducing.task["weights"], reproducing.task["seeds"]) == (str(weights.resolve()), 2)


def test_a_reproduction_that_fails_says_so(
    peoria: Peoria, reproducing: Child, study: list[str]
) -> None:
    reproducing.status = 1
    answer = peoria("reproduce", "dufour", *study)
    assert answer.status == 1
    assert answer.err.endswith("The reproduction failed; its messages are above.\n")
