"""Files and folders that only their owner can read."""

import logging
import os
from pathlib import Path

import pytest

from bot.core import open_core
from bot.settings import Settings
from storage.private import close_to_others, make_private_file, make_private_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_is_there_is_closed(tmp_path: Path) -> None:
    folder, file = tmp_path / "a" / "b", tmp_path / "f"
    folder.mkdir(parents=True, mode=0o755)
    file.touch(mode=0o644)
    make_private_folder(folder)
    make_private_file(file)
    assert mode(folder) == 0o700
    close_to_others(file, folder, tmp_path / "not there")
    assert mode(file) == 0o600


def test_the_owners_own_rights_stay(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.touch(mode=0o400)
    close_to_others(file)
    assert mode(file) == 0o400


def test_where_it_is_not_allowed_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "f"
    file.touch(mode=0o644)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "chmod", refuse)
    with caplog.at_level(logging.WARNING):
        close_to_others(file)
    assert "Other accounts can read" in caplog.text


async def test_a_start_closes_what_an_older_peoria_left_open(settings: Settings) -> None:
    data = settings.data_dir
    copy = data / "peoria.db.version-0004"
    copy.touch()
    key = data / "people.key"
    for path in (data, data / "peoria.db", copy, key):
        path.chmod(0o755 if path.is_dir() else 0o644)
    async with open_core(settings):
        found = {path.name: mode(path) for path in (data, data / "peoria.db", copy, key)}
    assert found == {
        data.name: 0o700, "peoria.db": 0o600, "peoria.db.version-0004": 0o600, "people.key": 0o600,
    }  # fmt: skip
