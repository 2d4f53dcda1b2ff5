"""Keeping no more model versions on disk than are needed.

A version is marked in its row before its files are deleted: if the process is killed in between,
nothing is lost and the next sweep continues. Rows stay: predictions and standings refer to them.
"""

import asyncio
import logging
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.runtime.one_by_one import one_by_one
from bot.training.first_version import is_first_version
from bot.training.versions import versions_that_join
from models.attributes.serving_genres import GENRE_HEADS
from models.captions.serving_ranking import RANKINGS
from storage.engine.database import Database
from storage.tables import (
    ModelVersion,
    OwnHead,
    Post,
    Prediction,
    Server,
    TrainingRun,
    WaitingScore,
)
from storage.types import UNLABELLED, RunState

log = logging.getLogger(__name__)

#: A folder without a row that is younger than this may be a version that is being made.
GRACE = timedelta(days=1)
#: Folders that hold no model version.
_OTHERS = (GENRE_HEADS, RANKINGS)
_RENAMED = ".dropped-"
#: Posts in one query.
_AT_ONCE = 1000


class Retention:
    """Drops the files of model versions that are no longer needed.

    Args:
        database: holds the versions.
        versions_dir: holds a folder for each of them.
        keep: how many of the newest stay, not counting heads with a say in one server. Beside
            them stay the champion, the one it replaced, those that serve a server or have a say
            there, those whose predictions wait for their label, and what a new installation
            starts with.
    """

    def __init__(self, database: Database, versions_dir: Path, *, keep: int, clock: Clock) -> None:
        self._database = database
        self._versions_dir = versions_dir
        self._keep = keep
        self._clock = clock

    async def sweep(self) -> int:
        """Drop what is no longer needed; return how many folders that were."""
        async with self._database.write() as session:
            marked = await self._mark(session)
        if marked:
            log.info("The files of %s are no longer needed.", ", ".join(marked))
        async with self._database.write() as session:
            under_way = await session.scalar(
                select(TrainingRun.id).where(TrainingRun.state == RunState.RUNNING)
            )
            # While a run is under way its version has no row yet.
            before = None if under_way else self._clock() - GRACE
            rows = await session.execute(select(ModelVersion.name, ModelVersion.dropped_at))
            is_dropped = {name: moment is not None for name, moment in rows}
            # In the transaction: nobody can choose a version between the query and the renaming.
            gone = await asyncio.to_thread(self._rename_unneeded, is_dropped, before)

        async def remove(folder: Path) -> int:
            await asyncio.to_thread(shutil.rmtree, folder)
            return 1

        return sum(await one_by_one(gone, remove, "the folder of a dropped model version"))

    async def _mark(self, session: AsyncSession) -> list[str]:
        newest_first = await session.scalars(select(ModelVersion).order_by(ModelVersion.id.desc()))
        versions = [each for each in newest_first if each.dropped_at is None]
        # Servers' own heads, however many there are, push out none that all could go back to.
        own = await versions_that_join(session)
        counted = [each.id for each in versions if each.id not in own]
        needed = set(counted[: self._keep])
        needed.update(await with_unscored_predictions(session))
        for serves in (Server.model_version_id, OwnHead.model_version_id):
            needed.update(await session.scalars(select(serves).where(serves.is_not(None))))
        for each in versions:
            if each.is_champion:
                needed.add(each.id)
                if each.replaced_id is not None:
                    needed.add(each.replaced_id)
        marked = []
        for each in versions:
            if each.id not in needed and not is_first_version(each.name):
                each.dropped_at = self._clock()
                marked.append(each.name)
        return marked

    def _rename_unneeded(self, is_dropped: dict[str, bool], before: datetime | None) -> list[Path]:
        """Rename what is to be deleted: a half-deleted folder must not have a version's name.

        That is the folders of dropped versions, and those that no row knows and that are old.
        """
        if not self._versions_dir.is_dir():
            return []
        gone = []
        for folder in sorted(self._versions_dir.iterdir()):
            known = is_dropped.get(folder.name)
            if not folder.is_dir() or known is False or folder.name in _OTHERS:
                continue
            if folder.name.startswith(_RENAMED):
                # Left by a sweep that was interrupted.
                gone.append(folder)
            elif known or (before and folder.stat().st_mtime < before.timestamp()):
                renamed = folder.with_name(f"{_RENAMED}{uuid4().hex}")
                gone.append(folder.rename(renamed))
        return gone


async def with_unscored_predictions(session: AsyncSession) -> set[int]:
    """Versions with predictions on posts that are still to be labelled."""
    # In two steps: in one, SQLite would read every prediction there ever was.
    waiting = select(Post.id).where(Post.due_at.is_not(None), Post.state.in_(UNLABELLED))
    post_ids = list(await session.scalars(waiting))
    post_ids += await session.scalars(select(WaitingScore.post_id))
    found: set[int] = set()
    for start in range(0, len(post_ids), _AT_ONCE):
        query = (
            select(Prediction.model_version_id)
            .where(
                Prediction.post_id.in_(post_ids[start : start + _AT_ONCE]),
                Prediction.scored_at.is_(None),
            )
            .distinct()
        )
        found.update(await session.scalars(query))
    return found
