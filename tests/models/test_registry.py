import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from models.registry import MANIFEST, Manifest, VersionUnusable, read_version, write_version

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def manifest(name: str = "v1", **changes: Any) -> Manifest:
    whole: dict[str, Any] = {
        "name": name, "created_at": MOMENT, "backbone": "c" * 64, "features_version": 1,
        "trained_until": MOMENT, "labels": 120, "metrics": {"rps": 0.1},
    }  # fmt: skip
    return Manifest(**{**whole, **changes})


def fill(folder: Path) -> None:
    (folder / "head.npz").write_bytes(b"numbers")
    (folder / "plots").mkdir()
    (folder / "plots" / "loss.png").write_bytes(b"picture")


@pytest.fixture
def version(tmp_path: Path) -> Path:
    return write_version(tmp_path / "models", manifest(), fill)


@pytest.mark.parametrize("until", [None, MOMENT])
def test_what_is_written_is_read(tmp_path: Path, until: datetime | None) -> None:
    folder = write_version(tmp_path / "models", manifest(trained_until=until), fill)
    assert folder == tmp_path / "models" / "v1"
    found = read_version(folder)
    assert sorted(found.files) == ["head.npz", "plots/loss.png"]
    assert found == manifest(trained_until=until, files=found.files)


def test_a_file_that_was_changed_is_found_out(version: Path) -> None:
    (version / "head.npz").write_bytes(b"Numbers")
    with pytest.raises(VersionUnusable, match=r"head\.npz of model version v1 is damaged"):
        read_version(version)


def test_a_file_that_was_cut_is_found_out(version: Path) -> None:
    (version / "plots" / "loss.png").write_bytes(b"pict")
    with pytest.raises(VersionUnusable, match=r"plots/loss\.png"):
        read_version(version)


def test_a_file_that_is_missing_is_found_out(version: Path) -> None:
    (version / "head.npz").unlink()
    with pytest.raises(VersionUnusable, match=r"head\.npz of model version v1 cannot be read"):
        read_version(version)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '"v1"',
        json.dumps({"name": "v1"}),
        b"\xff\xfe".decode("latin-1"),
    ],
)
def test_a_damaged_manifest_is_found_out(version: Path, content: str) -> None:
    (version / MANIFEST).write_text(content, "latin-1")
    with pytest.raises(VersionUnusable, match="cannot be read"):
        read_version(version)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("created_at", "yesterday"),
        ("created_at", None),
        ("labels", "many"),
        ("files", [1, 2]),
        ("files", None),
        ("metrics", 7),
        ("features_version", None),
        ("trained_until", "never"),
        ("trained_until", 7),
    ],
)
def test_a_manifest_of_the_wrong_kind_is_found_out(version: Path, field: str, value: Any) -> None:
    content = json.loads((version / MANIFEST).read_text())
    (version / MANIFEST).write_text(json.dumps(content | {field: value}))
    with pytest.raises(VersionUnusable, match="cannot be read"):
        read_version(version)


def test_a_folder_that_is_missing_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(VersionUnusable, match="models promote"):
        read_version(tmp_path / "v9")


@pytest.mark.parametrize("name", ["", ".", "..", "../v1", "a/b", "V1", "-v1", "v 1", "x" * 65, "é"])
def test_a_name_that_is_no_plain_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        write_version(tmp_path, manifest(name), fill)
    assert list(tmp_path.iterdir()) == []


def test_a_version_is_never_written_over(version: Path) -> None:
    with pytest.raises(FileExistsError):
        write_version(version.parent, manifest(labels=9), fill)
    assert read_version(version).labels == 120


def test_a_version_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        fill(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_version(tmp_path / "models", manifest(), fail)
    assert list((tmp_path / "models").iterdir()) == []


def test_metrics_that_are_no_json_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_version(tmp_path / "models", manifest(metrics={"when": MOMENT}), fill)
    assert list((tmp_path / "models").iterdir()) == []
