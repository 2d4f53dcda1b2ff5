"""When Peoria trains by itself: at set times, if enough was learned since."""

import logging
from datetime import datetime

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.training.runs import TrainingRuns
from storage.engine.database import Database
from storage.tables import Label, TrainingRun
from storage.types import RunState

log = logging.getLogger(__name__)

#: Runs that took up the labels of their time. One that failed did not: they still count as new.
_TOOK_UP = (RunState.PROMOTED, RunState.KEPT, RunState.REFUSED)


class RetrainSchedule:
    """Asks for training runs at set times.

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

    async def retrain_if_worth_it(self) -> bool:
        """Ask for a run if there are labels enough; return at once, and whether it was asked."""
        async with self._database.read() as session:
            new = await new_labels(session)
            # No further than it matters: counting a million takes a while.
            some = select(Label.post_id).limit(self._min_labels).subquery()
            counted = (await session.scalars(select(func.count()).select_from(some))).one()
        if counted < self._min_labels:
            log.info("No training now: %s labels, of %s needed.", counted, self._min_labels)
            return False
        if new < self._min_new:
            log.info("No training now: %s new labels, of %s needed.", new, self._min_new)
            return False
        await self._training.request(asked_by="schedule")
        return True

    async def make_up_for_missed(self) -> bool:
        """Do what was to be done while Peoria was not running; return whether a run was asked."""
        if self.trigger is None:
            return False
        async with self._database.read() as session:
            since = await session.scalar(select(func.max(TrainingRun.started_at)))
            if since is None:
                since = await session.scalar(select(func.min(Label.written_at)))
        due = since and self.trigger.get_next_fire_time(None, since)
        if due is None or due > self._clock():
            return False
        return await self.retrain_if_worth_it()


async def new_labels(session: AsyncSession) -> int:
    """Labels written since the last run that took labels up."""
    return await labels_since(session, await last_taken_up(session))


async def last_taken_up(session: AsyncSession) -> datetime | None:
    """When the last run began that took labels up; None before there was one."""
    query = select(func.max(TrainingRun.started_at)).where(TrainingRun.state.in_(_TOOK_UP))
    return (await session.execute(query)).scalar_one()


async def labels_since(session: AsyncSession, moment: datetime | None) -> int:
    """Labels written after ``moment``; all of them if that is None."""
    query = select(func.count()).select_from(Label)
    if moment is not None:
        query = query.where(Label.written_at > moment)
    return (await session.scalars(query)).one()
