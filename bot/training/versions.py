"""Model versions in the database: which there are, which one serves, and changing that."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.backbone import read_info
from models.backbone_files import STARTER
from models.features import FEATURES_VERSION
from models.head import Head
from models.registry import (
    MANIFEST,
    Manifest,
    VersionUnusable,
    read_version,
    write_version,
)
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.files.atomic import write_folder
from storage.tables import ModelVersion

log = logging.getLogger(__name__)

#: The version that knows nothing: what serves before anything was learned.
PRIOR = "prior"
#: The version that ships, fitted on the starter backbone.
STARTER_VERSION = "starter"


class UnknownVersion(ExpectedError):
    """There is no model version of that name; the message names those there are."""


async def list_versions(database: Database) -> Sequence[ModelVersion]:
    """All model versions, the oldest first."""
    async with database.read() as session:
        return (await session.scalars(select(ModelVersion).order_by(ModelVersion.id))).all()


async def find_version(session: AsyncSession, name: str) -> ModelVersion:
    """The model version called ``name``.

    Raises:
        UnknownVersion: there is none.
    """
    row = await session.scalar(select(ModelVersion).where(ModelVersion.name == name))
    if row is None:
        names = ", ".join(await session.scalars(select(ModelVersion.name)))
        raise UnknownVersion(f"There is no model version {name!r}. There are: {names or 'none'}.")
    return row


def add_version(session: AsyncSession, manifest: Manifest) -> ModelVersion:
    """Enter a version that is on disk into the database, as a challenger."""
    row = ModelVersion(
        name=manifest.name,
        backbone=manifest.backbone,
        created_at=manifest.created_at,
        trained_until=manifest.trained_until,
        labels=manifest.labels,
        metrics=manifest.metrics,
    )
    session.add(row)
    return row


async def make_champion(session: AsyncSession, row: ModelVersion, now: datetime) -> None:
    """Point at ``row`` as the one that serves. Needs a write session.

    Raises:
        VersionUnusable: its files were dropped.
    """
    if row.is_champion:
        return
    if row.dropped_at is not None:
        raise VersionUnusable(
            f"The files of model version {row.name} were deleted on {row.dropped_at:%Y-%m-%d}"
            " (PEORIA_KEEP_VERSIONS says how many are kept). Restore its folder from a backup, or"
            " choose another version."
        )
    before = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
    # Two statements in one transaction: nobody ever sees two champions, or none.
    await session.execute(
        update(ModelVersion).where(ModelVersion.is_champion).values(is_champion=False)
    )
    row.is_champion = True
    row.promoted_at = now
    if before is not None:
        row.replaced_id = before.id
    await session.flush()


async def promote(database: Database, versions_dir: Path, name: str, now: datetime) -> None:
    """Let version ``name`` serve, after checking that its files can be read.

    Raises:
        UnknownVersion: there is none of that name.
        VersionUnusable: its files are missing or damaged.
    """
    async with database.read() as session:
        await find_version(session, name)
    await _check_files(database, versions_dir, name)
    async with database.write() as session:
        await make_champion(session, await find_version(session, name), now)


async def rollback(database: Database, versions_dir: Path, now: datetime) -> str:
    """Let the version serve that the present champion replaced; return its name.

    Raises:
        UnknownVersion: the champion replaced nothing.
        VersionUnusable: the files of the one before are missing or damaged.
    """
    async with database.read() as session:
        champion = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
        before = (
            await session.get(ModelVersion, champion.replaced_id)
            if champion is not None and champion.replaced_id is not None
            else None
        )
    if before is None:
        raise UnknownVersion("There is nothing to roll back to: the champion replaced no other.")
    await _check_files(database, versions_dir, before.name)
    async with database.write() as session:
        row = await find_version(session, before.name)
        # A rollback must not become something to roll back to.
        replaced = row.replaced_id
        await make_champion(session, row, now)
        row.replaced_id = replaced
    return before.name


async def _check_files(database: Database, versions_dir: Path, name: str) -> None:
    """Make sure that a version can be read; one whose folder was put back is taken up again.

    Raises:
        VersionUnusable: its files are missing or damaged.
    """
    async with database.read() as session:
        dropped = (await find_version(session, name)).dropped_at is not None
    if dropped and not (versions_dir / name).is_dir():
        # What says so says what to do.
        return
    await asyncio.to_thread(read_version, versions_dir / name)
    if dropped:
        async with database.write() as session:
            # Unless a sweep has taken it away since.
            if (versions_dir / name).is_dir():
                (await find_version(session, name)).dropped_at = None


async def has_champion(database: Database) -> bool:
    """Whether something serves already."""
    async with database.read() as session:
        query = select(ModelVersion.id).where(ModelVersion.is_champion)
        return await session.scalar(query) is not None


async def ensure_champion(
    database: Database, versions_dir: Path, backbone: Path, now: datetime
) -> None:
    """Give a new database something to serve: the starter's version, or one that knows nothing.

    Does nothing where there is a champion already.
    """
    name = await add_first_version(database, versions_dir, backbone, now)
    async with database.write() as session:
        if await session.scalar(select(ModelVersion.id).where(ModelVersion.is_champion)) is None:
            await make_champion(session, await find_version(session, name), now)
    log.info("Model version %s is the first champion.", name)


async def add_first_version(
    database: Database, versions_dir: Path, backbone: Path, now: datetime
) -> str:
    """Enter the version that a backbone starts with, if it is not there; return its name."""
    manifest = await asyncio.to_thread(_first_version, versions_dir, backbone, now)
    async with database.write() as session:
        query = select(ModelVersion.id).where(ModelVersion.name == manifest.name)
        if await session.scalar(query) is None:
            add_version(session, manifest)
        else:
            (await find_version(session, manifest.name)).dropped_at = None
    return manifest.name


def _first_version(versions_dir: Path, backbone: Path, now: datetime) -> Manifest:
    if backbone == STARTER and (STARTER / "champion" / MANIFEST).is_file():
        name = STARTER_VERSION
        # Another process that starts for the first time may be making it too.
        with contextlib.suppress(FileExistsError):
            write_folder(versions_dir / name, lambda folder: _copy(STARTER / "champion", folder))
        return read_version(versions_dir / name)
    fingerprint = read_info(backbone).fingerprint
    name = f"{PRIOR}-{fingerprint[:8]}"
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


def _copy(source: Path, folder: Path) -> None:
    shutil.copytree(source, folder, dirs_exist_ok=True)
