"""Which champion a challenger is judged against, if any."""

import asyncio
import logging
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from models.head import Head, HeadUnusable
from models.registry import VersionUnusable, read_version
from storage.engine.database import Database
from storage.tables import Label, ModelVersion, TrainingRun

log = logging.getLogger(__name__)


async def champion_to_beat(
    database: Database, versions_dir: Path, champion: ModelVersion
) -> dict[str, Any] | None:
    """The champion as the training process is told of it: name, folder, trained_until.

    None, so that the base rate is to beat instead, where the champion cannot be judged: its files
    cannot serve, or it comes from elsewhere (the starter) and is newer than every label here. Then
    its own training posts may be among them, as when the set that it was made from is imported.
    """
    async with database.read() as session:
        made_here = await session.scalar(
            select(TrainingRun.id).where(TrainingRun.model_version_id == champion.id)
        )
        newest = await session.scalar(select(func.max(Label.matured_at)))
    from_elsewhere = made_here is None and champion.trained_until is not None
    if from_elsewhere and newest is not None and newest <= champion.trained_until:
        log.info("%s cannot be judged on labels older than itself.", champion.name)
        return None
    return await asyncio.to_thread(_describe, versions_dir / champion.name)


def _describe(folder: Path) -> dict[str, Any] | None:
    try:
        manifest = read_version(folder)
        Head.load(folder)
    except (VersionUnusable, HeadUnusable) as error:
        log.warning("The champion is left out of the comparison: %s", error)
        return None
    return {
        "name": folder.name,
        "folder": str(folder.resolve()),
        "trained_until": manifest.trained_until and manifest.trained_until.isoformat(),
    }
