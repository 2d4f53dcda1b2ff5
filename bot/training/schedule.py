"""When Peoria trains by itself: at set times, if there are enough new labels."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.servers import is_for_all
from bot.training.first_version import is_shipped
from bot.training.runs import TrainingRuns
from storage.engine.database import Database
from storage.tables import Label, ModelVersion, TrainingRun
from storage.types import RunState

log = logging.getLogger(__name__)

#: Runs that used the labels of their time. One that failed did not: they still count as new.
_USED_LABELS = (RunState.PROMOTED, RunState.KEPT, RunState.REFUSED)


class RetrainSchedule:
    """Starts training runs at set times.

    Args:
        trigger: the times; None: never.
        min_new: labels that must be new since the last run.
        min_labels: fewest labels in all that are worth a run.
        why_unusable: why the files of a version of that name cannot serve; None: they can.
    """

    def __init__(
        self,
        database: Database,
        training: TrainingRuns,
        trigger: CronTrigger | None,
        *,
        min_new: int,
        min_labels: int,
        why_unusable: Callable[[str], str | None],
        clock: Clock,
    ) -> None:
        self.trigger = trigger
        self._database = database
        self._training = training
        self._min_new = min_new
        self._min_labels = min_labels
        self._why_unusable = why_unusable
        self._clock = clock
        self._is_owed = False

    async def retrain_if_due(self) -> bool:
        """Start a run if there are enough labels; return at once whether one was asked for.

        Where another is under way it is owed (`retrain_if_owed`): that may be on the labels of one
        server alone.
        """
        self._is_owed = False
        async with self._database.read() as session:
            new = await new_labels(session, now=self._clock())
        if new < self._min_new:
            log.info("No training now: %s new labels, of %s needed.", new, self._min_new)
            return False
        return await self._retrain_if_enough()

    async def _retrain_if_enough(self) -> bool:
        # Counted no further than it matters: counting a million takes a while.
        first = select(Label.post_id).limit(self._min_labels).subquery()
        async with self._database.read() as session:
            counted = (await session.scalars(select(func.count()).select_from(first))).one()
        if counted < self._min_labels:
            log.info("No training now: %s labels, of %s needed.", counted, self._min_labels)
            return False
        asked = await self._training.start_or_join(asked_by="schedule")
        self._is_owed = asked.joined
        return True

    async def retrain_if_owed(self) -> bool:
        """Try again where another run was in the way; return whether this one comes first now."""
        return self._is_owed and await self.retrain_if_due()

    async def catch_up(self) -> bool:
        """Start a run that was missed while Peoria was not running; return whether it did.

        One is due, too, when the version that was made from the labels here cannot serve any
        longer and another took its place.
        """
        if self.trigger is None:
            return False
        async with self._database.read() as session:
            lost = await version_lost(session)
        if lost is not None:
            # One that can serve was taken back by a person, who wants the other.
            why: str | None = await asyncio.to_thread(self._why_unusable, lost)
            if why is not None:
                return await self._retrain_if_enough()
        async with self._database.read() as session:
            # A run of later than now began by a wrong clock.
            since = await session.scalar(
                select(func.max(TrainingRun.started_at)).where(
                    TrainingRun.started_at <= self._clock(), is_for_all()
                )
            )
            if since is None:
                since = await session.scalar(select(func.min(Label.written_at)))
        due = since and self.trigger.get_next_fire_time(None, since)
        if due is None or due > self._clock():
            return False
        return await self.retrain_if_due()


async def new_labels(session: AsyncSession, *, now: datetime | None = None) -> int:
    """Labels written since the last run that used labels began; all of them before there was one.

    A run on one server's own labels leaves those of all others as new as they were.

    Args:
        session: a read session.
        now: aware. Runs that began later began by a wrong clock, and do not count. None: all do.
    """
    used = select(func.max(TrainingRun.started_at)).where(
        TrainingRun.state.in_(_USED_LABELS), is_for_all()
    )
    if now is not None:
        used = used.where(TrainingRun.started_at <= now)
    last = await session.scalar(used)
    query = select(func.count()).select_from(Label)
    if last is not None:
        query = query.where(Label.written_at > last)
    return (await session.scalars(query)).one()


async def version_lost(session: AsyncSession) -> str | None:
    """The newest version made here, where one that shipped has taken its place and none was tried.

    Its name; None where a version made here serves, or was tried for since.

    Args:
        session: a read session.
    """
    champion = (await session.scalars(select(ModelVersion).where(ModelVersion.is_champion))).one()
    if not is_shipped(champion.name) or champion.promoted_at is None:
        return None
    tried = await session.scalar(
        select(TrainingRun.id)
        .where(
            TrainingRun.started_at >= champion.promoted_at,
            TrainingRun.state.in_(_USED_LABELS),
            is_for_all(),
        )
        .limit(1)
    )
    if tried is not None:
        return None
    found: str | None = await session.scalar(
        select(ModelVersion.name)
        .join(TrainingRun, TrainingRun.model_version_id == ModelVersion.id)
        .where(ModelVersion.promoted_at < champion.promoted_at)
        .order_by(ModelVersion.promoted_at.desc())
        .limit(1)
    )
    return found
