"""What an admin looks at first: how everything is doing, and how much waits."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.reports.monitoring import CommunityHealth, community_health
from bot.runtime.processes import is_gone
from bot.web.health import Unwell
from bot.web.services import Services
from storage.queries.batch_jobs import running_jobs
from storage.queries.services import all_services, processes_heard_of
from storage.tables import BatchJob, Community, Notice, Post, RunningProcess, Service, WaitingScore
from storage.types import PlatformName, PostState

#: Posts that are counted, and notices that are shown.
_MOST, _NOTICES = 1000, 5
#: Communities whose drift is shown.
_COMMUNITIES = 20


@dataclass(frozen=True, slots=True)
class Dashboard:
    """How everything is doing.

    Attributes:
        unwell: what `main.py doctor` says is not well.
        services: the parts that should always run.
        communities: how many are watched, by platform.
        queue: posts that wait for their prediction or reply, and whose turn it is.
        to_come: posts that wait for their final score.
        waiting: final scores that wait for others to be compared with.
        free_gb: free room where the data is.
        notices: the newest.
        passes: over stored images, those that run.
        processes: those that run on this database, and what they do.
        drift: communities whose predictions or scores are not what they were, and others, the
            worst first.
    """

    unwell: Sequence[Unwell]
    services: Sequence[Service]
    communities: dict[PlatformName, int]
    queue: int
    to_come: int
    waiting: int
    free_gb: float
    notices: Sequence[Notice]
    passes: Sequence[BatchJob]
    processes: Sequence[RunningProcess]
    drift: Sequence[CommunityHealth]


async def read_dashboard(services: Services) -> Dashboard:
    """Look at everything."""
    unwell = await services.readiness()
    disk = await asyncio.to_thread(shutil.disk_usage, services.settings.data_dir)
    now = services.clock()
    async with services.database.read() as session:
        watched = await session.execute(
            select(Community.platform, func.count())
            .where(Community.watched)
            .group_by(Community.platform)
        )
        due = (Post.due_at.is_not(None), Post.due_at <= now)
        return Dashboard(
            unwell=unwell,
            services=await session.run_sync(all_services),
            communities={row[0]: row[1] for row in watched},
            queue=await _count(
                session, *due, Post.state.in_([PostState.SEEN, PostState.PREDICTED])
            ),
            to_come=await _count(
                session, Post.due_at.is_not(None), Post.state == PostState.AWAITING_SCORE
            ),
            waiting=(await session.scalars(select(func.count()).select_from(WaitingScore))).one(),
            free_gb=disk.free / 2**30,
            notices=(
                await session.scalars(select(Notice).order_by(Notice.id.desc()).limit(_NOTICES))
            ).all(),
            passes=[
                job
                for job in await session.run_sync(running_jobs)
                if is_gone(job.process) is not True
            ],
            processes=[
                each
                for each in await session.run_sync(processes_heard_of, now)
                if is_gone(each.name) is not True
            ],
            drift=_worst(await community_health(session, now)),
        )


def _worst(found: Sequence[CommunityHealth]) -> Sequence[CommunityHealth]:
    """Those that there is something to say of, those that need a look first."""
    told = [each for each in found if each.skill or each.shift or each.community.paused_at]

    def order(each: CommunityHealth) -> tuple[bool, bool, bool]:
        shifted = each.shift is not None and each.shift.is_shifted
        return each.community.paused_at is None, not shifted, not each.is_worse_than_base

    return sorted(told, key=order)[:_COMMUNITIES]


async def _count(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    counted = select(Post.id).where(*conditions).limit(_MOST).subquery()
    return (await session.scalars(select(func.count()).select_from(counted))).one()
