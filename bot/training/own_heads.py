"""Heads that are fitted on one server's labels alone, as an expert more there: whose turn it is.

They are fitted at the times of the schedule, as what serves all is; one after another, because one
training run is under way at a time.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.runtime.clock import Clock
from bot.servers import is_for_all, request_to_join
from bot.training.runs import TrainingRuns
from models.extras import train_is_installed
from storage.engine.database import Database
from storage.tables import Community, Label, ModelVersion, OwnHead, Server, TrainingRun
from storage.types import PlatformName

#: Before every run.
_NEVER = datetime.min.replace(tzinfo=UTC)


class OwnHeads:
    """Starts the runs of servers that have such a head (`OwnHead`).

    Args:
        trigger: the times; None: never.
        min_new: labels of the server that must be new since its last such run.
        min_labels: fewest labels of the server that are worth a run.
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
        self._database = database
        self._training = training
        self._trigger = trigger
        self._min_new = min_new
        self._min_labels = min_labels
        self._clock = clock

    async def fit_next(self) -> bool:
        """Start the run of the server whose last one is longest ago; return whether one was due.

        Where another run is under way it is looked for again with the next tick.
        """
        if self._trigger is None or not train_is_installed():
            return False
        async with self._database.read() as session:
            due = await self._next_due(session, self._trigger)
        if due is None:
            return False
        asked = await self._training.start_or_join(asked_by=due)
        return not asked.joined

    async def _next_due(self, session: AsyncSession, trigger: CronTrigger) -> str | None:
        """The request of the server whose turn it is; None: none is due."""
        servers = (
            await session.scalars(
                select(Server)
                .where(Server.id.in_(select(OwnHead.server_id).where(OwnHead.is_on)))
                .order_by(Server.id)
            )
        ).all()
        if not servers:
            return None
        now = self._clock()
        found = await session.execute(
            select(TrainingRun.asked_by, func.max(TrainingRun.started_at).label("at"))
            # A run of later than now began by a wrong clock.
            .where(~is_for_all(), TrainingRun.started_at <= now)
            .group_by(TrainingRun.asked_by)
        )
        last: dict[str, datetime] = {each.asked_by: each.at for each in found}
        communities = await _communities(session, {each.platform for each in servers})
        asleep = await _asleep(session)
        requests = {request_to_join(each): each for each in servers}
        for request in sorted(requests, key=lambda each: (last.get(each, _NEVER), each)):
            server, since = requests[request], last.get(request)
            if since is not None:
                due = trigger.get_next_fire_time(None, since)
                if due is None or due > now:
                    continue
            theirs = communities[server.platform, server.source_id]
            count = select(func.count()).where(Label.community_id.in_(theirs))
            if (await session.scalar(count) or 0) < self._min_labels:
                continue
            if since is None or server.id in asleep:
                return request
            new = await session.scalar(count.where(Label.written_at > since)) or 0
            if new >= self._min_new:
                return request
        return None


async def _communities(
    session: AsyncSession, platforms: set[PlatformName]
) -> defaultdict[tuple[PlatformName, str], list[int]]:
    """The communities of all servers of some platforms."""
    found: defaultdict[tuple[PlatformName, str], list[int]] = defaultdict(list)
    rows = await session.scalars(
        select(Community).where(Community.platform.in_(platforms)).order_by(Community.id)
    )
    for each in rows:
        found[each.platform, each.server_or_self].append(each.id)
    return found


async def _asleep(session: AsyncSession) -> Sequence[int]:
    """Servers whose own head cannot be asked: it is of another backbone, or was dropped."""
    serves = select(ModelVersion.backbone).where(ModelVersion.is_champion).scalar_subquery()
    rows = await session.scalars(
        select(OwnHead.server_id)
        .join(ModelVersion, ModelVersion.id == OwnHead.model_version_id)
        .where((ModelVersion.backbone != serves) | ModelVersion.dropped_at.is_not(None))
        .order_by(OwnHead.server_id)
    )
    return rows.all()
