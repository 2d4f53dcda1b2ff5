"""The result of a training run: a refusal, or a new version that is promoted or kept."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.serving.experts import teach
from bot.training.run_table import RunTable
from bot.training.versions import add_version, make_champion
from models.experts import TAUGHT_CHAMPION
from models.registry import VersionUnusable, read_version
from storage.engine.database import Database
from storage.objects.faults import ObjectStoreFault
from storage.tables import ModelVersion, OwnHead, Server, TrainingRun
from storage.types import PlatformName, RunState

log = logging.getLogger(__name__)


async def record_result(
    database: Database,
    table: RunTable,
    versions_dir: Path,
    run_id: int,
    last: dict[str, Any],
    *,
    judged_against: str,
    server: tuple[PlatformName, str] | None = None,
    joins: bool = False,
    switched: bool,
    now: datetime,
    put: Callable[[str], None] | None = None,
) -> None:
    """Add the new version, promote it if the gate says so, end the run: one transaction.

    Args:
        database: holds versions and runs.
        table: ends the run.
        versions_dir: holds a folder for each model version.
        run_id: of the run.
        last: the last line of the training process: ``refused``, or ``result``.
        judged_against: name of the champion when the run began. If another one serves by now, the
            new version was not judged against that and is kept.
        server: the one whose own labels it was fitted on, and which it serves if it is better
            there; None: it is for all.
        joins: it is to have a say there beside what serves, and was judged for that.
        switched: the backbone is switched: the new version serves whatever the gate says.
        now: when it is promoted.
        put: puts a version where other machines find it; None: there are none.
    """
    if "refused" in last:
        await table.end(run_id, RunState.REFUSED, last["refused"])
        return
    result = last["result"]
    try:
        manifest = await asyncio.to_thread(read_version, versions_dir / result["version"])
    except VersionUnusable as error:
        await table.end(run_id, RunState.FAILED, str(error))
        return
    away = None if put is None else await _put(put, manifest.name)
    async with database.write() as session:
        row = add_version(session, manifest)
        await session.flush()
        champion = await session.scalar(select(ModelVersion.name).where(ModelVersion.is_champion))
        promote, reason = bool(result["promote"]), str(result["reason"])
        if switched:
            promote, reason = True, f"The backbone was switched. {reason}"
        elif promote and champion != judged_against and not joins:
            promote = False
            reason = f"{champion} became champion meanwhile; it was not judged against that."
        if promote and away is not None:
            promote = False
            reason = (
                f"{reason} It does not serve, because other machines could not fetch it: {away}"
            )
            if not joins:
                # Of a head with a say in one server the next run makes another.
                reason += (
                    f" When that works, `main.py models promote {manifest.name}` lets it serve."
                )
        if promote:
            await _let_serve(session, server, row, now, joins=joins)
        elif server is None and champion == judged_against:
            # It goes on, and the labels were judged by it, too.
            taught = manifest.metrics.get(TAUGHT_CHAMPION, {})
            await session.run_sync(teach, taught, replace=False)
        run = await session.get_one(TrainingRun, run_id)
        run.evidence = result["evidence"]
        run.model_version_id = row.id
        state = RunState.PROMOTED if promote and server is None else RunState.KEPT
        if promote and server is not None and not joins:
            reason = f"It serves the server that asked for it. {reason}"
        await table.end_in(session, run, state, reason, made=manifest.name)
    log.info("Training made %s: %s %s", manifest.name, state.value, reason)


async def _put(put: Callable[[str], None], name: str) -> ObjectStoreFault | None:
    """Put a version where other machines find it; what was in the way, if anything."""
    try:
        await asyncio.to_thread(put, name)
    except ObjectStoreFault as fault:
        return fault
    return None


async def _let_serve(
    session: AsyncSession,
    server: tuple[PlatformName, str] | None,
    version: ModelVersion,
    now: datetime,
    *,
    joins: bool,
) -> None:
    """Have a version serve from now on: one server, or (None) all; or have a say in that one."""
    if server is None:
        await make_champion(session, version, now)
        return
    platform, source_id = server
    row = await session.scalar(select(Server).filter_by(platform=platform, source_id=source_id))
    if row is None:
        row = Server(platform=platform, source_id=source_id, manager_roles=[], keeps_labels=False)
        session.add(row)
    if joins:
        row.own_head = row.own_head or OwnHead(is_on=True)
        row.own_head.model_version_id = version.id
    else:
        row.model_version_id = version.id
