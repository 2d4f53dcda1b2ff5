"""The model version that serves before anything was learned here."""

import asyncio
import contextlib
import hashlib
import logging
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from bot.training.versions import add_version, find_version, make_champion
from models.backbone import read_info
from models.backbone_files import STARTER
from models.features import FEATURES_VERSION
from models.head import Head
from models.registry import (
    MANIFEST,
    Manifest,
    VersionUnusable,
    read_version,
    save_manifest,
    write_version,
)
from storage.engine.database import Database
from storage.files.atomic import write_folder
from storage.tables import ModelVersion

log = logging.getLogger(__name__)

#: The version that ships, fitted on the starter backbone.
_STARTER_VERSION = "starter"
_CHAMPION = STARTER / "champion"
#: A version that knows nothing; the backbone's fingerprint follows.
_PRIOR = "prior-"


def is_first_version(name: str) -> bool:
    """Whether a model version is one that an installation or a backbone starts with."""
    return is_shipped(name) or name.startswith(_PRIOR)


def is_shipped(name: str) -> bool:
    """Whether a model version came with this Peoria or an earlier one."""
    return name == _STARTER_VERSION or name.startswith(f"{_STARTER_VERSION}-")


def ships_another(name: str, versions_dir: Path) -> bool:
    """Whether a version that came with an earlier Peoria is another than the one that ships now."""
    return is_shipped(name) and read_version(versions_dir / name).files != _shipped().files


async def has_champion(database: Database) -> bool:
    """Whether a model version serves already."""
    async with database.read() as session:
        query = select(ModelVersion.id).where(ModelVersion.is_champion)
        return await session.scalar(query) is not None


async def add_first_champion(
    database: Database, versions_dir: Path, backbone: Path, now: datetime
) -> None:
    """Give a new database a champion: the starter's version, or one that knows nothing.

    A champion that is there already stays.

    Args:
        database: holds the model versions.
        versions_dir: holds a folder for each of them.
        backbone: folder of the backbone that the version is for.
        now: when it is promoted.
    """
    name = await add_first_version(database, versions_dir, backbone, now)
    async with database.write() as session:
        if await session.scalar(select(ModelVersion.id).where(ModelVersion.is_champion)) is None:
            await make_champion(session, await find_version(session, name), now)
    log.info("Model version %s is the first champion.", name)


async def add_first_version(
    database: Database, versions_dir: Path, backbone: Path, now: datetime
) -> str:
    """Add the version that a backbone starts with, if it is not there; return its name."""
    manifest = await asyncio.to_thread(_first_version, versions_dir, backbone, now)
    async with database.write() as session:
        query = select(ModelVersion.id).where(ModelVersion.name == manifest.name)
        if await session.scalar(query) is None:
            add_version(session, manifest)
        else:
            (await find_version(session, manifest.name)).dropped_at = None
    return manifest.name


def _first_version(versions_dir: Path, backbone: Path, now: datetime) -> Manifest:
    if backbone == STARTER and (_CHAMPION / MANIFEST).is_file():
        return _shipped_version(versions_dir)
    fingerprint = read_info(backbone).fingerprint
    name = f"{_PRIOR}{fingerprint[:8]}"
    manifest = Manifest(
        name=name,
        created_at=now,
        backbone=fingerprint,
        features_version=FEATURES_VERSION,
        trained_until=None,
        labels=0,
        metrics={},
    )
    with contextlib.suppress(FileExistsError):
        write_version(versions_dir, manifest, Head.uniform().save)
    return read_version(versions_dir / name)


def _shipped() -> Manifest:
    return read_version(_CHAMPION)


def _shipped_version(versions_dir: Path) -> Manifest:
    """The version that ships, copied to where versions are; a damaged copy is made anew."""
    shipped = _shipped()
    name = _STARTER_VERSION
    with contextlib.suppress(VersionUnusable):
        if read_version(versions_dir / name).files != shipped.files:
            # An earlier Peoria shipped that one, and its predictions go by its name.
            code = hashlib.sha256("".join(sorted(shipped.files.values())).encode()).hexdigest()
            name = f"{_STARTER_VERSION}-{code[:8]}"
    folder = versions_dir / name
    with contextlib.suppress(VersionUnusable):
        return read_version(folder)
    if folder.is_dir():
        shutil.rmtree(folder)

    def fill(target: Path) -> None:
        shutil.copytree(
            _CHAMPION, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST)
        )
        save_manifest(target, replace(shipped, name=name))

    # Another process that starts may be making it too.
    with contextlib.suppress(FileExistsError):
        write_folder(folder, fill)
    return read_version(folder)
