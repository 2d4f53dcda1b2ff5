"""main.py restore, and what it refuses."""

import gzip
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.settings import Settings
from storage.files.image_store import ImageStore
from storage.swap import finish_swap
from tests.bot.cli.conftest import Peoria
from tests.fixtures.schemas import write_database

ROOT = Path(__file__).parents[3]


def add_community(data: Path, name: str) -> None:
    with closing(sqlite3.connect(data / "peoria.db")) as database:
        database.execute(
            "INSERT INTO communities (platform, source_id, name, horizon_seconds, created_at,"
            " watched, blind, options) SELECT 'reddit', ?, ?, 60, '2026-03-01 00:00:00.000000',"
            " 1, 0, '{}'",
            (name, name),
        )
        database.commit()


def communities(data: Path) -> list[str]:
    with closing(sqlite3.connect(data / "peoria.db")) as database:
        return [name for (name,) in database.execute("SELECT name FROM communities ORDER BY id")]


def state(data: Path) -> dict[str, bytes]:
    """Every file but the lock, with what is in it."""
    return {
        path.relative_to(data).as_posix(): path.read_bytes()
        for path in sorted(data.rglob("*"))
        if path.is_file() and path.name != ".restore-lock"
    }


@pytest.fixture
def backup(peoria: Peoria, data_dir: Path) -> Path:
    """A backup of a data folder in which a community was added afterwards."""
    add_community(data_dir, "early")
    with closing(sqlite3.connect(data_dir / "peoria.db")) as database:
        # It was made while Peoria ran.
        moment = "2026-03-01 00:00:00.000000"
        database.execute(
            "INSERT INTO processes (name, started_at, seen_at) VALUES ('here 1 1.0', ?, ?)",
            (moment, moment),
        )
        database.commit()
    ImageStore(data_dir / "images").put(b"a picture")
    assert peoria("backup", "b.tar.gz", "--images").status == 0
    add_community(data_dir, "late")
    return Path("b.tar.gz")


def test_everything_is_as_it_was_and_the_rest_is_kept(
    peoria: Peoria, settings: Settings, backup: Path
) -> None:
    data = settings.data_dir
    key = (data / "people.key").read_bytes()
    (data / "people.key").write_bytes(b"0" * 64)
    (data / "models" / "later").mkdir()
    answer = peoria("restore", backup)
    assert answer.status == 0, answer.err
    assert "a database with 0 posts" in answer.out
    assert "1 images" in answer.out
    assert communities(data) == ["early"]
    assert (data / "people.key").read_bytes() == key
    assert not (data / "models" / "later").exists()
    (kept,) = data.glob("before-restore-*")
    assert str(kept) in answer.out
    assert communities(kept) == ["early", "late"]
    assert (kept / "models" / "later").is_dir()
    assert kept.stat().st_mode & 0o077 == 0
    assert peoria("doctor", "--json").data["well"] is True
    # And back again.
    assert peoria("restore", kept / "peoria.db").status == 0
    assert communities(data) == ["early", "late"]


def test_into_an_empty_place(
    peoria: Peoria, backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_DATA_DIR", str(tmp_path / "elsewhere" / "data"))
    answer = peoria("restore", backup)
    assert answer.status == 0, answer.err
    assert "before" not in answer.out
    assert communities(tmp_path / "elsewhere" / "data") == ["early"]
    assert peoria("doctor", "--json").data["well"] is True


def test_it_is_refused_while_peoria_runs(peoria: Peoria, settings: Settings, backup: Path) -> None:
    with closing(sqlite3.connect(settings.data_dir / "peoria.db")) as open_one:
        open_one.execute("SELECT * FROM communities").fetchall()
        assert "Stop Peoria first" in peoria("restore", backup).sentence
    assert communities(settings.data_dir) == ["early", "late"]


def change(backup: Path, edit: Callable[[dict[str, bytes]], None]) -> Path:
    """Another archive, with other files in it."""
    with tarfile.open(backup) as archive:
        files = {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
        }
    edit(files)
    other = Path("other.tar")
    with tarfile.open(other, "w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return other


def _flip(files: dict[str, bytes]) -> None:
    name = next(name for name in files if name.endswith("head.npz"))
    files[name] = bytes([files[name][0] ^ 1]) + files[name][1:]


def _without_sums(files: dict[str, bytes]) -> None:
    del files["SHA256SUMS"]


def _without_a_file(files: dict[str, bytes]) -> None:
    del files["people.key"]


def _with_a_stranger(files: dict[str, bytes]) -> None:
    files["models/x.txt"] = b"x"


def _escaping(files: dict[str, bytes]) -> None:
    files["models/../../escaped"] = b"x"


def _absolute(files: dict[str, bytes]) -> None:
    files["/tmp/escaped"] = b"x"  # noqa: S108 - it is refused


def _of_something_else(files: dict[str, bytes]) -> None:
    files.clear()
    files["photo.jpg"] = b"x"


@pytest.mark.parametrize(
    "edit",
    [_flip, _without_sums, _without_a_file, _with_a_stranger, _escaping, _absolute,
     _of_something_else],
)  # fmt: skip
def test_a_damaged_backup_changes_nothing(
    peoria: Peoria, settings: Settings, backup: Path, edit: Callable[[dict[str, bytes]], None]
) -> None:
    before = state(settings.data_dir)
    other = change(backup, edit)
    for command in (("restore", other), ("backup", other, "--verify")):
        assert "cannot be restored" in peoria(*command).sentence
    assert state(settings.data_dir) == before
    assert not [*settings.data_dir.parent.rglob("escaped")]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.999])
@pytest.mark.parametrize("compressed", [True, False])
def test_a_backup_that_is_cut_short_changes_nothing(
    peoria: Peoria, settings: Settings, backup: Path, share: float, compressed: bool
) -> None:
    data = backup.read_bytes()
    if not compressed:
        # An archive ends in zeros, of which nothing is missed.
        data = gzip.decompress(data).rstrip(b"\0")
    backup.write_bytes(data[: int(len(data) * share)])
    before = state(settings.data_dir)
    assert "cannot be restored" in peoria("restore", backup).sentence
    assert state(settings.data_dir) == before


def test_a_damaged_database_in_it(peoria: Peoria, settings: Settings, backup: Path) -> None:
    before = state(settings.data_dir)

    def edit(files: dict[str, bytes]) -> None:
        database = files["peoria.db"]
        half = len(database) // 2
        files["peoria.db"] = database[:half] + b"\xff" * 4096 + database[half + 4096 :]
        files["RESTORE.txt"] = b"Of an older Peoria."
        del files["SHA256SUMS"]

    assert "cannot be restored" in peoria("restore", change(backup, edit)).sentence
    assert state(settings.data_dir) == before


def test_a_backup_of_an_older_peoria(peoria: Peoria, settings: Settings, backup: Path) -> None:
    def edit(files: dict[str, bytes]) -> None:
        files["RESTORE.txt"] = b"A backup of Peoria."
        del files["SHA256SUMS"]

    answer = peoria("restore", change(backup, edit))
    assert "no checksums" in answer.out
    assert communities(settings.data_dir) == ["early"]


def test_a_copy_that_an_upgrade_left_is_the_way_back(peoria: Peoria, settings: Settings) -> None:
    data = settings.data_dir
    copy = data / "peoria.db.version-0005"
    write_database("0005", copy)
    answer = peoria("restore", copy)
    assert "at version 0005" in answer.out
    with closing(sqlite3.connect(data / "peoria.db")) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchone() == ("0005",)
    assert (data / "people.key").is_file()
    assert [*(data / "models").iterdir()]


def test_one_of_a_newer_peoria(peoria: Peoria, settings: Settings, backup: Path) -> None:
    with closing(sqlite3.connect(settings.data_dir / "peoria.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    assert peoria("backup", "new.tar").status == 0
    assert "newer one" in peoria("restore", "new.tar").sentence


def test_one_that_goes_with_another_key(
    peoria: Peoria, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_SECRET_KEY", "another")
    assert "rekey" in peoria("restore", backup).sentence


def test_without_room_nothing_begins(
    peoria: Peoria, settings: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = state(settings.data_dir)
    usage = shutil._ntuple_diskusage(1, 1, 2**20)  # type: ignore[attr-defined]
    monkeypatch.setattr("bot.operations.restore.shutil.disk_usage", lambda _: usage)
    assert "Make room; nothing was changed" in peoria("restore", backup).sentence
    assert state(settings.data_dir) == before


def test_a_database_elsewhere_is_named(
    peoria: Peoria, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PEORIA_DATABASE_URL", "sqlite+aiosqlite:////elsewhere/p.db")
    assert "/elsewhere/p.db" in peoria("restore", backup).sentence
    monkeypatch.setenv("PEORIA_DATABASE_URL", "postgresql+asyncpg://peoria@nowhere/peoria")
    assert "not moved between them" in peoria("restore", backup).sentence


def test_killed_at_any_step_nothing_is_lost(
    peoria: Peoria, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small: it is copied for every step.
    data = tmp_path / "small"
    for name in ("peoria.db", "people.key", "models/starter/manifest.json"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(settings.data_dir / name, data / name)
    monkeypatch.setenv("PEORIA_DATA_DIR", str(data))
    add_community(data, "early")
    backup = Path("b.tar")
    assert peoria("backup", backup).status == 0
    add_community(data, "late")
    (data / "models" / "later").mkdir()
    environment = {name: value for name, value in os.environ.items() if name[:7] != "PEORIA_"}
    folders = (data, backup.absolute(), tmp_path / "work")
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "tests.fakes.killed_restore", *map(str, folders)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    runs = [json.loads(line) for line in done.stdout.splitlines()]
    key = (data / "people.key").read_text()
    old = {"communities": ["early", "late"], "key": key, "versions": ["later", "starter"]}
    new = {"communities": ["early"], "key": key, "versions": ["starter"]}
    assert len(runs) > 20
    assert [run["killed"] for run in runs] == [True] * (len(runs) - 1) + [False]
    for run in runs:
        # Whole, and nothing between: what was there is there, or is kept.
        assert (run["now"], run["kept"]) in ((old, []), (new, [old])), run
    # Both happened, and some were carried through by who came next.
    assert {run["now"] == new for run in runs} == {True, False}
    assert sum(run["ready"] for run in runs) >= 5


def test_an_exchange_that_was_cut_short_is_finished_by_whatever_comes_next(
    peoria: Peoria, settings: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.swap._carry_through", lambda _: False)
    peoria("restore", backup)
    monkeypatch.undo()
    monkeypatch.setenv("PEORIA_DATA_DIR", str(settings.data_dir))
    assert communities(settings.data_dir) == ["early", "late"]
    assert peoria("models", "list").status == 0
    assert communities(settings.data_dir) == ["early"]
    assert not finish_swap(settings.data_dir)


def test_a_name_that_is_there_twice(peoria: Peoria, settings: Settings, backup: Path) -> None:
    before = state(settings.data_dir)
    twice = Path("twice.tar")
    with tarfile.open(twice, "w") as archive:
        for _ in range(2):
            info = tarfile.TarInfo("people.key")
            info.size = 1
            archive.addfile(info, io.BytesIO(b"x"))
    assert "twice" in peoria("restore", twice).sentence
    assert state(settings.data_dir) == before
