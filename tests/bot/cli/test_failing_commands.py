"""What can go wrong outside the program ends in one sentence and leaves nothing half-written."""

import contextlib
import os
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.settings import Settings
from tests.bot.cli.conftest import Peoria
from tests.fixtures import images

MAIN = Path(__file__).parents[3] / "main.py"


@pytest.fixture
def picture() -> Path:
    path = Path("picture.png")
    path.write_bytes(images.encode(images.photo(), "PNG"))
    return path


def started(
    data_dir: Path, *arguments: object, before: Callable[[], Any] | None = None, **settings: object
) -> subprocess.Popen[str]:
    """A command in a process of its own."""
    environment = {f"PEORIA_{name}": str(value) for name, value in settings.items()}
    return subprocess.Popen(  # noqa: S603
        [sys.executable, str(MAIN), *map(str, arguments)],
        env={**os.environ, **environment, "PEORIA_DATA_DIR": str(data_dir)},
        preexec_fn=before,  # noqa: PLW1509 - the tests have no threads of their own
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def sentence_of(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1, (out, err)
    assert "Traceback" not in err
    # Log lines and the network's greeting may come before it.
    sentence = err.strip().splitlines()[-1]
    assert sentence.endswith(".")
    return sentence


def champion_folder(settings: Settings) -> Path:
    (folder,) = settings.versions_dir.iterdir()
    return folder


@pytest.mark.parametrize("command", [("models", "list"), ("db", "upgrade"), ("run",), ("train",)])
def test_a_database_from_a_newer_version(
    peoria: Peoria, settings: Settings, command: tuple[str, ...]
) -> None:
    with contextlib.closing(sqlite3.connect(settings.data_dir / "peoria.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    assert "newer one" in peoria(*command).sentence


def test_a_file_that_is_no_database(peoria: Peoria, settings: Settings) -> None:
    (settings.data_dir / "peoria.db").write_text("Dear Sir or Madam,\n" * 500)
    assert "not a database" in peoria("models", "list").sentence


def test_a_database_that_is_cut_short(peoria: Peoria, settings: Settings) -> None:
    path = settings.data_dir / "peoria.db"
    path.write_bytes(path.read_bytes()[:5000])
    assert "database" in peoria("models", "list").sentence


@pytest.mark.parametrize("name", ["head.npz", "manifest.json"])
def test_a_damaged_model_file(peoria: Peoria, settings: Settings, picture: Path, name: str) -> None:
    (champion_folder(settings) / name).write_bytes(b"damage")
    # It is the version that ships, and is made anew.
    assert peoria("predict", picture).status == 0
    assert (champion_folder(settings) / name).read_bytes() != b"damage"


def test_a_missing_model_folder(peoria: Peoria, settings: Settings, picture: Path) -> None:
    shutil.rmtree(champion_folder(settings))
    assert peoria("predict", picture).status == 0
    assert champion_folder(settings).is_dir()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PEORIA_WEB_PORT", "hunter2"),
        ("PEORIA_DATABASE_URL", "nonsense://hunter2"),
        ("PEORIA_SILENT_SHARE", "2"),
    ],
)
def test_a_wrong_setting(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    sentence = peoria("models", "list").sentence
    assert name in sentence
    assert "hunter2" not in sentence


def test_a_data_folder_that_is_a_file(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, picture: Path
) -> None:
    monkeypatch.setenv("PEORIA_DATA_DIR", str(picture.resolve()))
    assert "picture.png" in peoria("models", "list").sentence


def test_weights_that_are_not_there(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PEORIA_DATA_DIR", str(tmp_path / "new"))
    monkeypatch.setenv("PEORIA_BACKBONE", "/nowhere/weights.h5")
    sentence = peoria("models", "list").sentence
    assert "/nowhere/weights.h5" in sentence
    assert "starter" in sentence


def test_a_file_of_posts_that_is_none(peoria: Peoria, picture: Path) -> None:
    for file, words in ((picture, "not JSON"), ("nowhere.json", "cannot be read")):
        answer = peoria("import", file)
        assert answer.status == 1
        # After the progress bar.
        assert words in answer.err.splitlines()[-1]
        assert "Traceback" not in answer.err


def test_a_port_in_use(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sentence = sentence_of(started(data_dir, "run", WEB_PORT=port))
    assert str(port) in sentence
    assert "PEORIA_WEB_PORT" in sentence


def test_a_full_disk_while_an_image_is_written(data_dir: Path, tmp_path: Path) -> None:
    import numpy as np
    from PIL import Image

    noise = np.random.default_rng(1).integers(0, 256, (1100, 1100, 3), np.uint8)
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(noise).save(folder / "big.png")
    (folder / "small.png").write_bytes(images.encode(images.photo(), "PNG"))
    rows = [{"id": name, "created_utc": 1.6e9, "ups": 3} for name in ("small", "big")]
    Path("posts.json").write_text(str(rows).replace("'", '"'))

    def fill_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**21, 2**21))

    process = started(data_dir, "import", "posts.json", "--images", folder, before=fill_disk)
    sentence = sentence_of(process)
    assert "too large" in sentence or "No space" in sentence
    stored = [path for path in (data_dir / "images").rglob("*") if path.is_file()]
    assert [path.name[:8] for path in stored if path.name.startswith(".")] == []
    assert all(path.stat().st_size < 2**20 for path in stored)
    # With room again the same command finishes.
    out, err = started(data_dir, "import", "posts.json", "--images", folder).communicate()
    assert "2 labels written" in out, err


def test_first_starts_at_once(tmp_path: Path) -> None:
    processes = [started(tmp_path / "new", "models", "list", "--json") for _ in range(2)]
    answers = [each.communicate(timeout=60) for each in processes]
    assert [each.returncode for each in processes] == [0, 0], answers
    assert len({out for out, _ in answers}) == 1


def test_the_bot_starts_and_stops(data_dir: Path) -> None:
    process = started(data_dir, "run", WEB_PORT=0, LOG_FORMAT="json")
    assert process.stderr is not None
    line = ""
    while "is open at" not in line:
        line = process.stderr.readline()
        assert line, "it ended"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Stopping." in err
    assert "Traceback" not in err
