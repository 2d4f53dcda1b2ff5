"""When Peoria trains by itself: at set times, if there are enough new labels."""

import logging

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.training.runs import TrainingRuns
from storage.engine.database import Database
from storage.tables import Label, TrainingRun
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
    """

    def __init__(
        self,
        database: Database,
        training: TrainingRuns,
        trigger: CronTrigger | None,
        *,
        min_new: int,
        min_labels: int,
        clock: Clock,
    ) -> None:
        self.trigger = trigger
        self._database = database
        self._training = training
        self._min_new = min_new
        self._min_labels = min_labels
        self._clock = clock

    async def retrain_if_due(self) -> bool:
        """Start a run if there are enough labels; return at once whether one was asked for."""
        async with self._database.read() as session:
            new = await new_labels(session)
            # Counted no further than it matters: counting a million takes a while.
            first = select(Label.post_id).limit(self._min_labels).subquery()
            counted = (await session.scalars(select(func.count()).select_from(first))).one()
        if counted < self._min_labels:
            log.info("No training now: %s labels, of %s needed.", counted, self._min_labels)
            return False
        if new < self._min_new:
            log.info("No training now: %s new labels, of %s needed.", new, self._min_new)
            return False
        await self._training.start_or_join(asked_by="schedule")
        return True

    async def catch_up(self) -> bool:
        """Start a run that was missed while Peoria was not running; return whether it did."""
        if self.trigger is None:
            return False
        async with self._database.read() as session:
            since = await session.scalar(select(func.max(TrainingRun.started_at)))
            if since is None:
                since = await session.scalar(select(func.min(Label.written_at)))
        due = since and self.trigger.get_next_fire_time(None, since)
        if due is None or due > self._clock():
            return False
        return await self.retrain_if_due()


async def new_labels(session: AsyncSession) -> int:
    """Labels written since the last run that used labels began; all of them before there was one.

    Args:
        session: a read session.
    """
    last = await session.scalar(
        select(func.max(TrainingRun.started_at)).where(TrainingRun.state.in_(_USED_LABELS))
    )
    query = select(func.count()).select_from(Label)
    if last is not None:
        query = query.where(Label.written_at > last)
    return (await session.scalars(query)).one()
