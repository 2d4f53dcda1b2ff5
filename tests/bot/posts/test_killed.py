"""The whole process killed at every boundary between "post received" and "label written"."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def runs(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """One run for each boundary, in order, and unharmed ones last."""
    work = tmp_path_factory.mktemp("killed")
    environment = {name: value for name, value in os.environ.items() if name[:7] != "PEORIA_"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.fakes.killed", str(first_start), str(work)],
        cwd=ROOT, env=environment | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    return sorted(runs, key=lambda run: int(run["kill_at"]))


def test_it_was_killed_everywhere_and_went_on(runs: list[dict[str, Any]]) -> None:
    killed = [each for each in runs if each["where"]]
    assert killed == runs[: len(killed)]
    assert [each["kill_at"] for each in runs] == list(range(1, len(runs) + 1))
    assert len(runs) > len(killed)
    places = Counter(each["where"] for each in killed)
    assert set(places) == {
        "before a transaction",
        "before a commit",
        "after a commit",
        "before a file is put",
        "after a file was put",
        "before the reply is sent",
        "after the reply was sent",
        "before scores are read",
        "after scores were read",
        "before the outcome is shown",
        "after the outcome was shown",
    }
    # Accepted, predicted with a reply claimed, replied, two readings, settled.
    assert places["before a commit"] >= 6
    assert all(each["finished"] for each in runs)


def test_the_unharmed_run_goes_all_the_way_round(runs: list[dict[str, Any]]) -> None:
    unharmed = runs[-1]
    assert unharmed["state"] == [["settling", None, 0, "settled"]]
    assert unharmed["readings"] == [[600, 7.0], [1800, 7.0]]
    assert [[score, low] for score, low, _ in unharmed["label"]] == [[7.0, 0.0]]
    (prediction,) = unharmed["prediction"]
    assert None not in prediction


def test_everything_is_there_once_wherever_it_was_killed(runs: list[dict[str, Any]]) -> None:
    once = {
        "posts": 1, "post_images": 1, "images": 1, "embeddings": 1, "predictions": 1, "replies": 1,
        "snapshots": 2, "labels": 1,
    }  # fmt: skip
    wrong = [
        (each["kill_at"], each["where"], each["rows"]) for each in runs if each["rows"] != once
    ]
    assert wrong == []
    assert [each["kill_at"] for each in runs if (each["files"], each["whole"]) != (1, True)] == []


def test_people_see_one_reply_wherever_it_was_killed(runs: list[dict[str, Any]]) -> None:
    shown = runs[-1]["label"][0][2]
    wrong = [each for each in runs if each["visible"] != [["t3_one", shown]]]
    assert [(each["kill_at"], each["where"], each["visible"]) for each in wrong] == []


@pytest.mark.parametrize("what", ["prediction", "label", "readings", "state"])
def test_what_is_stored_is_what_the_unharmed_run_stores(
    runs: list[dict[str, Any]], what: str
) -> None:
    wrong = [each for each in runs if each[what] != runs[-1][what]]
    assert [(each["kill_at"], each["where"], each[what]) for each in wrong] == []
