"""The two studies' reports, from made-up results."""

from pathlib import Path

import numpy as np

from trainer.studies import dufour_report, lu_report
from trainer.studies.dufour import Measures, Outcome, Reproduction
from trainer.studies.lu import FOLLOWED, OURS, SHOWN, Result
from trainer.studies.lu_network import Split

SCORES = np.array([10.0, 3000.0, 50_000.0, 20.0, 4000.0, 60_000.0])
CLASSES = np.array([0, 1, 2, 0, 1, 2])
SPLIT = Split(np.arange(3), np.arange(3, 6))


def result(name: str, seed: int, accuracy: float) -> Result:
    figures = dict.fromkeys(SHOWN, 0.25) | {"accuracy": accuracy}
    return Result(name, seed, figures, np.eye(3, dtype=np.int64), 61.0, [0.4, 0.5], [0.3, 0.35])


RESULTS = [
    result(lu_report.STUDY, 1, 0.3), result(lu_report.STUDY, 2, 0.5),
    result(OURS, 1, 0.6), result(OURS, 2, 0.6),
    result(FOLLOWED, 1, 0.7), result(FOLLOWED, 2, 0.7),
]  # fmt: skip


def test_the_first_study_is_shown_beside_ours() -> None:
    text = lu_report.markdown("posts.json", SCORES, SPLIT, CLASSES, RESULTS)
    assert "6 posts with an image; 3 trained on, 3 validated on" in text
    assert "2 seeds, mean ± sd." in text
    assert f"| {lu_report.STUDY} | 0.400 ± 0.100 | 0.250 ± 0.000 |" in text
    assert "| low | 1.000 | 1.000 | 1.000 | 2 | 0 | 0 |" in text
    assert "| 2 | 0.500 | 0.350 |" in text
    assert text.count("## Classes") == 3


def test_its_plots_are_drawn_and_shown(tmp_path: Path) -> None:
    shown = lu_report.draw(tmp_path / "report", SCORES, RESULTS)
    names = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert names == ["accuracy.png", "upvotes.png"]
    assert all(f"({name})" in shown for name in names)


def test_the_second_study_is_shown_task_by_task() -> None:
    measures = Measures(
        ["score", "views"], np.array([10.0, 100.0]), np.array([1.0, 2.0]),
        np.array([[1.0, 0.5], [0.5, 1.0]]), ["comments"],
    )  # fmt: skip
    outcomes = [
        Outcome("yes or no", "always no", 0, {"accuracy": 0.5}),
        Outcome("yes or no", "ours", 1, {"accuracy": 0.6}),
        Outcome("yes or no", "ours", 2, {"accuracy": 0.8}),
    ]
    text = dufour_report.markdown(
        "posts.json", measures, "score", Reproduction(outcomes, 1, 80, 20, 7.0, 0.5), seeds=2
    )
    assert "1 post beyond six standard deviations" in text
    assert "| score | 10.0 | 1.0 | 1.000 | 0.500 |" in text
    assert "## Yes or no" in text
    assert "| always no | 0.500 |" in text
    assert "| ours | 0.700 ± 0.100 |" in text
    assert "the same for every post: comments." in text
