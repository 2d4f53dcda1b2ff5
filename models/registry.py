"""Model versions on disk: one folder each, written whole, checked when read.

The database says which one is champion; the folder holds what it is.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from models.checksum import read_with_sha256
from storage.errors import ExpectedError
from storage.files.atomic import write_folder

MANIFEST = "manifest.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class VersionUnusable(ExpectedError):
    """A model version's files are missing or damaged; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model version is. ``files`` maps each file's name to its SHA-256."""

    name: str
    created_at: datetime
    backbone: str
    features_version: int
    trained_until: datetime | None
    labels: int
    metrics: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)

    @property
    def untrained(self) -> bool:
        """Whether it learned from nothing: to it every outcome is as likely as any other."""
        return self.labels == 0


def write_version(root: Path, manifest: Manifest, fill: Callable[[Path], None]) -> Path:
    """Make the folder ``root``/``manifest.name``: whatever ``fill`` writes, and the manifest.

    Returns the folder. Nothing is left behind when anything fails.

    Raises:
        ValueError: the name is not a plain lower-case file name.
        FileExistsError: there is a version of that name.
        OSError: the disk is full or cannot be written.
    """
    if not _NAME.fullmatch(manifest.name):
        raise ValueError(f"{manifest.name!r} cannot be the name of a model version")

    def fill_and_describe(folder: Path) -> None:
        fill(folder)
        save_manifest(folder, manifest)

    target = root / manifest.name
    write_folder(target, fill_and_describe)
    return target


def save_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of the files that are in ``folder``; its own ``files`` are not looked at.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    files = {
        path.relative_to(folder).as_posix(): read_with_sha256(path)[1]
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    content = asdict(manifest) | {
        "created_at": manifest.created_at.isoformat(),
        "trained_until": manifest.trained_until and manifest.trained_until.isoformat(),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def read_version(folder: Path) -> Manifest:
    """Read a version's manifest and check every file of it.

    Raises:
        VersionUnusable: a file is missing, truncated or was changed.
    """
    advice = "Choose another version with `main.py models promote`, or restore the folder."
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
        manifest = Manifest(
            name=content["name"],
            created_at=datetime.fromisoformat(content["created_at"]),
            backbone=content["backbone"],
            features_version=int(content["features_version"]),
            trained_until=(
                datetime.fromisoformat(content["trained_until"])
                if content["trained_until"]
                else None
            ),
            labels=int(content["labels"]),
            metrics=dict(content["metrics"]),
            files=dict(content["files"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise VersionUnusable(
            f"The model version in {folder} cannot be read ({error}). {advice}"
        ) from error
    for name, sha256 in manifest.files.items():
        try:
            _, found = read_with_sha256(folder / name)
        except OSError as error:
            raise VersionUnusable(
                f"The file {name} of model version {manifest.name} cannot be read ({error})."
                f" {advice}"
            ) from error
        if found != sha256:
            raise VersionUnusable(
                f"The file {name} of model version {manifest.name} is damaged: its checksum is"
                f" wrong. {advice}"
            )
    return manifest
