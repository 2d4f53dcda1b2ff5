"""Peoria without the extra `train`: it serves, and whatever trains says what to install.

The extra is hidden from Python's import system in processes of their own.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from models import extras
from tests.fixtures import images

ROOT = Path(__file__).parents[1]
INSTALL = "`make install EXTRAS=train` installs it."

#: Hides the extra, then carries out commands; prints how each ended and what it wrote.
SMALL = """
import contextlib, io, json, sys
from importlib.machinery import PathFinder

class WithoutTrain(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in {"tensorflow", "keras", "sklearn", "matplotlib", "lightgbm"}:
            return None
        return super().find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = WithoutTrain
sys.path.insert(0, sys.argv[1])
import main

def carry_out(command):
    sys.argv = ["main.py", *command]
    try:
        main.main()
    except SystemExit as end:
        return end.code or 0
    return 0

commands = json.loads(sys.argv[2])
if commands == [["run"]]:
    sys.exit(carry_out(["run"]))
ended = []
for command in commands:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = carry_out(command)
    ended.append([status, out.getvalue(), err.getvalue()])
json.dump(ended, sys.stdout)
"""

TRAINS = [
    ["train"],
    ["retrain"],
    ["finetune"],
    ["backbone", "use", "imagenet"],
    ["distill", "--smoke"],
    ["stats", "--chart", "chart.png"],
    ["simulate", "--posts", "50"],
    ["replay", "."],
    ["reproduce", "lu", "posts.json", "--images", "."],
    ["evaluate", "posts.json", "--images", ".", "--report", "report"],
]
SERVES = [
    ["doctor", "--json"],
    ["predict", "picture.png", "--json"],
    ["models", "list", "--json"],
    ["stats", "--json"],
    ["import", "posts.json", "--images", "."],
]


def started(data_dir: Path, commands: list[list[str]]) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SMALL, str(ROOT), json.dumps(commands)],
        env={"PEORIA_DATA_DIR": str(data_dir), "PEORIA_WEB_PORT": "0", "COLUMNS": "200"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ended(
    first_start: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[int, str, str]]:
    """How every command ended, by its words: exit status, output, errors."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "picture.png").write_bytes(images.encode(images.photo(), "PNG"))
    (folder / "a.png").write_bytes(images.encode(images.photo(), "PNG"))
    (folder / "posts.json").write_text('[{"id": "a", "created_utc": 1.6e9, "ups": 3}]', "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        process = started(folder / "data", TRAINS + SERVES)
        out, err = process.communicate(timeout=180)
    assert process.returncode == 0, err
    return {
        " ".join(command): (status, out, err)
        for command, (status, out, err) in zip(TRAINS + SERVES, json.loads(out), strict=True)
    }


@pytest.mark.parametrize("command", TRAINS, ids=" ".join)
def test_what_trains_says_what_to_install(
    ended: dict[str, tuple[int, str, str]], command: list[str]
) -> None:
    status, _, err = ended[" ".join(command)]
    assert status == 1, err
    (sentence,) = err.strip().splitlines()
    assert "needs the extra `train`" in sentence
    assert sentence.endswith(INSTALL)


@pytest.mark.parametrize("command", SERVES, ids=" ".join)
def test_what_serves_works(ended: dict[str, tuple[int, str, str]], command: list[str]) -> None:
    status, out, err = ended[" ".join(command)]
    assert status == 0, err
    assert out


def test_doctor_says_so(ended: dict[str, tuple[int, str, str]]) -> None:
    findings = json.loads(ended["doctor --json"][1])["findings"]
    (found,) = [each for each in findings if "extra `train` is missing" in each["sentence"]
                and each["part"] == "training"]  # fmt: skip
    assert found["state"] == "look"
    assert "Scheduled training is switched off." in found["sentence"]
    assert found["sentence"].endswith(INSTALL)
    (labels,) = [each for each in findings if each["part"] == "labels"]
    assert "does not train by itself (the extra `train` is missing)" in labels["sentence"]


@pytest.fixture
def board(data_dir: Path) -> Iterator[tuple[str, list[str]]]:
    """The admin's link to a running board, and what the bot had logged when it was open."""
    process = started(data_dir, [["run"]])
    assert process.stderr is not None
    lines: list[str] = []
    try:
        while not lines or "/admin?token=" not in lines[-1]:
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        yield lines[-1].split()[-1], lines
    finally:
        process.terminate()
        process.communicate(timeout=30)


def fetched(url: str, **options: Any) -> tuple[int, str]:
    try:
        with urlopen(Request(url, **options), timeout=20) as answer:  # noqa: S310 - our own board
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_the_board_serves_and_says_that_it_cannot_train(board: tuple[str, list[str]]) -> None:
    link, lines = board
    url = link.partition("/admin")[0]
    assert fetched(f"{url}/healthz")[0] == 200
    (warning,) = [line for line in lines if "Scheduled training is switched off" in line]
    assert INSTALL in warning
    status, page = fetched(f"{url}/models")
    assert status == 200
    assert INSTALL in page
    with urlopen(link, timeout=20) as answer:  # noqa: S310 - our own board
        cookies = [each.partition(";")[0] for each in answer.headers.get_all("Set-Cookie")]
    headers = {"Origin": url, "Cookie": "; ".join(cookies)}
    assert "disabled>Train now" in fetched(f"{url}/models", headers=headers)[1]
    status, refusal = fetched(f"{url}/models/train", method="POST", headers=headers)
    assert status == 503
    assert INSTALL in refusal


def test_the_extra_is_found_here() -> None:
    assert extras.train_is_installed()
    extras.require_train("Training")
