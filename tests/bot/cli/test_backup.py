"""main.py backup, and what is in the archive."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from bot.settings import Settings
from storage.files.image_store import ImageStore
from tests.bot.cli.conftest import Peoria
from tests.fixtures import images

ROOT = Path(__file__).parents[3]


def names(file: str) -> set[str]:
    with tarfile.open(file) as archive:
        return set(archive.getnames())


@pytest.mark.parametrize("file", ["b.tar", "b.tar.gz"])
def test_a_backup_can_be_restored(
    peoria: Peoria, settings: Settings, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    (version,) = (path.name for path in settings.versions_dir.iterdir())
    answer = peoria("backup", file)
    assert answer.status == 0, answer.err
    assert "the database, 1 model versions" in answer.out
    assert {"RESTORE.txt", "peoria.db", "people.key", f"models/{version}/manifest.json"} <= names(
        file
    )
    assert Path(file).stat().st_mode & 0o077 == 0
    assert not [*Path().glob(".backup-*")]
    with tarfile.open(file) as archive:
        archive.extractall("restored", filter="data")
    monkeypatch.setenv("PEORIA_DATA_DIR", "restored")
    assert peoria("doctor", "--json").data["well"] is True
    (champion,) = peoria("models", "list", "--json").data
    assert champion["name"] == version
    key = (settings.data_dir / "people.key").read_bytes()
    assert Path("restored/people.key").read_bytes() == key


def test_images_are_in_it_when_asked_for(peoria: Peoria, settings: Settings) -> None:
    sha256 = ImageStore(settings.images_dir).put(b"picture")
    assert "1 images" in peoria("backup", "with.tar", "--images").out
    peoria("backup", "without.tar")
    assert [name for name in names("with.tar") if name.endswith(sha256)]
    assert not [name for name in names("without.tar") if name.endswith(sha256)]


def test_nothing_is_written_over(peoria: Peoria) -> None:
    Path("b.tar").write_text("mine")
    assert "already" in peoria("backup", "b.tar").sentence
    assert Path("b.tar").read_text() == "mine"


def test_other_endings_are_refused(peoria: Peoria) -> None:
    assert ".tar.gz" in peoria("backup", "b.zip").sentence


def test_without_a_database_there_is_no_backup(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_DATA_DIR", "nowhere")
    assert "nothing to back up" in peoria("backup", "b.tar").sentence
    assert not Path("b.tar").exists()


def test_postgresql_is_left_to_its_own_tool(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql+asyncpg://peoria:hunter2@db/peoria"
    monkeypatch.setenv("PEORIA_DATABASE_URL", url)
    monkeypatch.setattr("bot.operations.postgresql_dump.shutil.which", lambda _: None)
    answer = peoria("backup", "b.tar")
    assert answer.status == 0, answer.err
    assert "pg_dump" in answer.out
    with tarfile.open("b.tar") as archive:
        note = archive.extractfile("RESTORE.txt")
        assert note is not None
        text = note.read().decode()
    assert "pg_dump" in text
    assert "hunter2" not in text + answer.out
    assert "peoria.db" not in names("b.tar")


def test_a_backup_is_tried_without_changing_anything(peoria: Peoria, settings: Settings) -> None:
    peoria("backup", "b.tar.gz")
    before = sorted(Path().rglob("*"))
    answer = peoria("backup", "b.tar.gz", "--verify")
    assert answer.status == 0, answer.err
    assert "b.tar.gz can be restored: a database with 0 posts, 1 model versions." in answer.out
    assert sorted(Path().rglob("*")) == before


def test_what_a_killed_backup_left_is_deleted(peoria: Peoria) -> None:
    dead = Path(".backup-999999-1-x")
    dead.mkdir()
    (dead / "archive").write_bytes(b"half")
    mine = Path(f".backup-{os.getpid()}-{int(psutil.Process().create_time())}-y")
    mine.mkdir()
    peoria("backup", "b.tar")
    assert not dead.exists()
    assert mine.exists()


def test_a_database_that_cannot_be_dumped_is_no_backup(
    peoria: Peoria, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.operations.backup.dumps_here", lambda: True)
    monkeypatch.setenv("PEORIA_DATABASE_URL", "postgresql+asyncpg://peoria:hunter2@127.0.0.1:1/p")
    answer = peoria("backup", "b.tar")
    assert answer.status == 1
    assert "hunter2" not in answer.err
    assert not [*Path().glob("*b.tar*"), *Path().glob(".backup-*")]


def test_killed_at_any_step_no_half_backup_is_left(settings: Settings, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    environment = {name: value for name, value in os.environ.items() if name[:7] != "PEORIA_"}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.fakes.killed_backup", str(settings.data_dir), str(work)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(runs) >= 4
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    # There is a whole one, or none; what was being written goes with the next.
    assert {run["whole"] for run in runs} == {None, 1}
    assert any(run["left"] for run in runs)
    assert [run["after"] for run in runs] == [[]] * len(runs)


def test_all_that_lies_in_the_data_folder_is_in_it_and_every_version_serves(
    peoria: Peoria, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = settings.data_dir
    (name,) = (path.name for path in settings.versions_dir.iterdir())
    shutil.copytree(settings.versions_dir / name, settings.versions_dir / "second")
    settings.finetuned_dir.mkdir()
    (settings.finetuned_dir / "20260301-120000.weights.h5").write_bytes(b"weights")
    ImageStore(settings.images_dir).put(b"picture")
    with closing(sqlite3.connect(data / "peoria.db")) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(model_versions)")]
        others = ", ".join(each for each in columns if each not in ("id", "name", "is_champion"))
        database.execute(
            f"INSERT INTO model_versions (name, is_champion, {others})"  # noqa: S608
            f" SELECT 'second', 0, {others} FROM model_versions"
        )
        database.commit()
    assert peoria("backup", "b.tar", "--images").status == 0
    there = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file()}
    # The log of writes is in the copy of the database; what begins with a dot is being made.
    passing = {each for each in there if each.endswith(("-wal", "-shm")) or "/." in f"/{each}"}
    assert there - names("b.tar") - passing == set()
    monkeypatch.setenv("PEORIA_DATA_DIR", "restored")
    assert peoria("restore", "b.tar").status == 0
    Path("picture.png").write_bytes(images.encode(images.photo(), "PNG"))
    for each in ("second", name):
        assert peoria("models", "promote", each).status == 0
        assert peoria("predict", "picture.png").status == 0
