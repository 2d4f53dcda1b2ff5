"""Model versions in the database: which there are, which one serves, and how that changes."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.servers import is_for_all, server_of_request, server_to_join
from bot.serving.experts import teach
from bot.webhooks.events import Event, write_event
from models.experts import TAUGHT
from models.registry import Manifest, VersionUnusable, read_version
from storage.engine.database import Database
from storage.errors import ExpectedError
from storage.tables import ModelVersion, Server, TrainingRun
from storage.types import PlatformName


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
        oldest_first = select(ModelVersion.name).order_by(ModelVersion.id)
        names = ", ".join(await session.scalars(oldest_first))
        raise UnknownVersion(f"There is no model version {name!r}. There are: {names or 'none'}.")
    return row


async def find_champion(session: AsyncSession) -> ModelVersion:
    """The model version that serves; every database has exactly one."""
    return (await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))).one()


async def run_of_version(session: AsyncSession, version: ModelVersion) -> TrainingRun | None:
    """The training run that made a version; None: it was not made here."""
    found: TrainingRun | None = await session.scalar(
        select(TrainingRun).where(TrainingRun.model_version_id == version.id)
    )
    return found


async def servers_of_versions(session: AsyncSession) -> dict[int, tuple[PlatformName, str]]:
    """The server of each version that learned from one server's labels alone, by its id."""
    runs = await session.execute(
        select(TrainingRun.model_version_id, TrainingRun.asked_by)
        .where(TrainingRun.model_version_id.is_not(None), ~is_for_all())
        .order_by(TrainingRun.id)
    )
    found = ((version, server_of_request(asked_by)) for version, asked_by in runs)
    return {
        version: server for version, server in found if version is not None and server is not None
    }


async def versions_that_join(session: AsyncSession) -> set[int]:
    """The versions that were fitted to have a say beside what serves one server."""
    runs = await session.execute(
        select(TrainingRun.model_version_id, TrainingRun.asked_by)
        .where(TrainingRun.model_version_id.is_not(None), ~is_for_all())
        .order_by(TrainingRun.id)
    )
    return {version for version, asked_by in runs if version and server_to_join(asked_by)}


async def own_head_speaks(session: AsyncSession, server: Server) -> bool:
    """Whether a head of a server's own has a say there now, as `bot.serving.champion` finds it."""
    if server.own_head is None or server.own_head.model_version_id is None:
        return False
    own = await session.get_one(ModelVersion, server.own_head.model_version_id)
    return own.dropped_at is None and own.backbone == (await find_champion(session)).backbone


async def version_of_run(database: Database, run: TrainingRun) -> ModelVersion | None:
    """The version that a run made; None: it made none."""
    if run.model_version_id is None:
        return None
    async with database.read() as session:
        return await session.get(ModelVersion, run.model_version_id)


def add_version(session: AsyncSession, manifest: Manifest) -> ModelVersion:
    """Add a version that is on disk to the database, as a challenger."""
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
    """Make ``row`` the version that serves. Needs a write session.

    Raises:
        VersionUnusable: its files were deleted, or it was fitted on one server's labels alone.
    """
    if row.is_champion:
        return
    run = await run_of_version(session, row)
    if run is not None and server_of_request(run.asked_by) is not None:
        raise VersionUnusable(
            f"Model version {row.name} was fitted on the labels of one server alone. It was judged"
            " on them alone, too, so it may serve there (/model here), and not everywhere."
        )
    if row.dropped_at is not None:
        raise VersionUnusable(
            f"The files of model version {row.name} were deleted on {row.dropped_at:%Y-%m-%d}"
            " (PEORIA_KEEP_VERSIONS says how many are kept). Restore its folder from a backup, or"
            " choose another version."
        )
    before = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
    # Both in one transaction: nobody ever sees two champions, or none.
    await session.execute(
        update(ModelVersion).where(ModelVersion.is_champion).values(is_champion=False)
    )
    row.is_champion = True
    row.promoted_at = now
    if before is not None:
        row.replaced_id = before.id
        told = {"version": row.name, "replaced": before.name, "labels": row.labels}
        await session.run_sync(partial(write_event, event=Event.PROMOTION, data=told, now=now))
    await session.flush()
    await session.run_sync(teach, row.metrics.get(TAUGHT, {}))


async def promote(database: Database, versions_dir: Path, name: str, now: datetime) -> None:
    """Let version ``name`` serve, after checking that its files can be read.

    Raises:
        UnknownVersion: there is none of that name.
        VersionUnusable: its files are missing or damaged, or it is for one server alone.
    """
    async with database.read() as session:
        await find_version(session, name)
    await _check_files(database, versions_dir, name)
    async with database.write() as session:
        await make_champion(session, await find_version(session, name), now)


async def rollback(database: Database, versions_dir: Path, now: datetime) -> str:
    """Let the version serve again that the present champion replaced; return its name.

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
    """Make sure that a version can be read; one whose folder was restored is known again.

    Raises:
        VersionUnusable: its files are missing or damaged.
    """
    async with database.read() as session:
        dropped = (await find_version(session, name)).dropped_at is not None
    if dropped and not (versions_dir / name).is_dir():
        # `make_champion` raises, and says what to do.
        return
    await asyncio.to_thread(read_version, versions_dir / name)
    if dropped:
        async with database.write() as session:
            # Unless a clean-up has deleted it since.
            if (versions_dir / name).is_dir():
                (await find_version(session, name)).dropped_at = None
