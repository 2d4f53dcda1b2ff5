import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.bot.cli.conftest import Peoria
from tests.fixtures.trajectories import rows, write
from trainer.data.trajectory_file import read_trajectories
from trainer.growth.fit_curves import _TREES

pytest.importorskip("sklearn")


@pytest.fixture(autouse=True)
def small_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here is what is done with the trees."""
    monkeypatch.setitem(_TREES, "max_iter", 8)
    monkeypatch.setitem(_TREES, "learning_rate", 0.5)


KEYS = {"n", "mae_asinh", "coverage80", "pr_auc_top5"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "posts.jsonl", rows(150))


def test_second_looks_are_measured_beside_simpler_ones(peoria: Peoria, file: Path) -> None:
    found = peoria("nowcast", str(file), "--horizon-hours", "3", "--json").data
    assert list(found) == ["readings"]
    assert list(found["readings"]) == ["3600", "7200"]
    for each in found["readings"].values():
        assert set(each) == KEYS | {"typical", "no_growth"}
        assert set(each["typical"]) == set(each["no_growth"]) == KEYS
        assert each["n"] == 60
        assert each["mae_asinh"] < each["typical"]["mae_asinh"]
        assert each["mae_asinh"] < each["no_growth"]["mae_asinh"]


def test_people_get_a_table_and_a_plot(peoria: Peoria, file: Path, tmp_path: Path) -> None:
    plot = tmp_path / "plot.png"
    out = peoria("nowcast", str(file), "--horizon-hours", "3", "--plot", str(plot)).out
    assert "second look" in out
    assert "one line in asinh" in out
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_a_file_of_its_own_is_learned_from(peoria: Peoria, file: Path, tmp_path: Path) -> None:
    other = rows(80, seed=2)
    for post in other:
        post["id"] = f"other {post['id']}"
    packed = tmp_path / "learn.gz"
    packed.write_bytes(gzip.compress("\n".join(map(json.dumps, other)).encode()))
    found = peoria(
        "nowcast", str(file), "--learn", str(packed), "--horizon-hours", "3", "--json"
    ).data
    assert found["readings"]["3600"]["n"] == 150


def test_a_post_that_is_judged_is_not_learned_from(peoria: Peoria, file: Path) -> None:
    done = peoria("nowcast", str(file), "--learn", str(file), "--horizon-hours", "3")
    assert done.status == 1
    assert "0 posts to learn from" in done.err


def test_scores_are_cut_at_the_horizon(peoria: Peoria, file: Path) -> None:
    found = peoria("nowcast", str(file), "--horizon-hours", "2", "--json").data
    assert list(found["readings"]) == ["3600"]


def test_readings_that_are_a_minute_late_or_early_count(peoria: Peoria, tmp_path: Path) -> None:
    posts = rows(150)
    for number, post in enumerate(posts):
        post["hours"] = [hour * (1.01 if number % 2 else 0.99) for hour in post["hours"]]
    file = write(tmp_path / "late.jsonl", posts)
    found = peoria("nowcast", str(file), "--horizon-hours", "3", "--json").data
    assert list(found["readings"]) == ["3600", "7200"]
    assert found["readings"]["3600"]["n"] == 60


def test_scores_that_all_tie_have_no_highest(peoria: Peoria, tmp_path: Path) -> None:
    posts = rows(150)
    for post in posts:
        post["scores"] = [0, 1, 1, 1]
    file = write(tmp_path / "ties.jsonl", posts)
    found = peoria("nowcast", str(file), "--horizon-hours", "3", "--json").data
    assert found["readings"]["3600"]["pr_auc_top5"] is None
    assert found["readings"]["3600"]["mae_asinh"] < 0.01


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "it is empty"),
        (b"\x1f\x8b\x08\x00broken", "damaged gzip"),
        (gzip.compress(b'{"id": "a"}\n' * 999, mtime=0)[:-9], "damaged gzip"),
        (b"\xff\xfe\x00", "the line is no JSON"),
        (b"[1, 2]\n", "the line is no JSON object"),
        (b"[" * 100_000, "the line is no JSON"),
        (b"x" * 2**21, "a line of more than"),
    ],
    ids=["empty", "no gzip", "cut gzip", "no text", "a list", "deep", "long"],
)
def test_a_file_of_something_else_is_refused_in_a_sentence(
    peoria: Peoria, tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "odd"
    file.write_bytes(content)
    assert sentence in peoria("nowcast", str(file)).sentence


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None}, "the id is missing"),
        ({"created_utc": "now"}, "created_utc is no number"),
        ({"created_utc": float("nan")}, "created_utc is no possible number"),
        ({"hours": 3}, "hours or scores is no list"),
        ({"scores": [1]}, "differ in length"),
        ({"scores": [0, True, 2, 3]}, "a score is no number"),
        ({"scores": [0, 10**400, 2, 3]}, "a score is no possible number"),
        ({"comments": [0, "many", 2, 3]}, "a number of comments is no number"),
        ({"id": "p0"}, "the post is there twice"),
    ],
)
def test_a_line_that_cannot_be_used_is_left_out_and_counted(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    file = write(tmp_path / "posts.jsonl", [*rows(3), {**rows(1)[0], "id": "odd", **change}])
    posts, dropped = read_trajectories(file)
    assert [post.id for post in posts] == ["p0", "p1", "p2"]
    ((found, count),) = dropped.items()
    assert reason in found
    assert count == 1


def test_numbers_and_dates_that_are_written_as_text_are_read(tmp_path: Path) -> None:
    (row,) = rows(1)
    changed = {
        "created_utc": "2017-07-14T02:40:00Z",
        **{name: [str(number) for number in row[name]] for name in ("scores", "comments")},
    }
    plain, text = (
        read_trajectories(write(tmp_path / name, [{**row, **change}]))[0][0]
        for name, change in (("plain", {"created_utc": 1.5e9}), ("text", changed))
    )
    assert text.posted_at == plain.posted_at
    assert text.trajectory.scores.tolist() == plain.trajectory.scores.tolist()


def test_what_was_left_out_is_said(peoria: Peoria, tmp_path: Path) -> None:
    posts = rows(100)
    for key in ("hours", "scores", "comments"):
        posts[-1][key] = posts[-1][key][:-1]
    file = write(tmp_path / "posts.jsonl", [*posts, posts[0]])
    out = peoria("nowcast", str(file), "--horizon-hours", "3").out
    assert "Left out: 1 (not read up to 3 h)" in out
    assert "Left out: 1 (the post is there twice; the first counts)" in out
