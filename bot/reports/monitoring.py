"""Whether what was learned still holds: labels that shift, and predictions worse than none.

Predictions go on being made and scored in a community where Peoria has fallen silent, so that it
is found out when they are good again.
"""

import logging
import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Interval
from bot.notices import NoticeKind, add_notice
from bot.reports.skill import Skill, skill_of
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.tables import Community, DailyScore, Label, ModelVersion, Notice, TrainingRun

log = logging.getLogger(__name__)

#: The champion's skill is that of the labels of so many days.
SKILL_DAYS = 14
#: Fewer scored posts than this say nothing about skill.
MIN_SCORED = 50

#: Labels of so many days are held against those before.
SHIFT_DAYS = 7
#: Fewer recent or earlier labels than this say nothing about a shift; more are not looked at.
MIN_RECENT, MAX_RECENT = 30, 500
MIN_EARLIER, MAX_EARLIER = 100, 1000
#: How seldom labels that did not shift may look as if they had.
SHIFT_ALPHA = 0.001
#: A shift smaller than this (the most by which two shares differ) matters to nobody.
SHIFT_FLOOR = 0.15


@dataclass(frozen=True, slots=True)
class Shift:
    """How recent labels differ from those before.

    Attributes:
        distance: the largest difference of the two cumulative shares, 0 to 1 (Kolmogorov and
            Smirnov).
        bound: what it reaches by chance once in a thousand times, with so many labels.
        recent: labels of the last days.
        earlier: labels before.
        recent_median: score.
        earlier_median: score.
    """

    distance: float
    bound: float
    recent: int
    earlier: int
    recent_median: float
    earlier_median: float

    @property
    def is_shifted(self) -> bool:
        """Whether it is more than chance, and enough to matter."""
        return self.distance > max(self.bound, SHIFT_FLOOR)


def label_shift(recent: Sequence[float], earlier: Sequence[float]) -> Shift | None:
    """Hold recent scores against earlier ones; None where there are too few to tell."""
    if len(recent) < MIN_RECENT or len(earlier) < MIN_EARLIER:
        return None
    new, old = sorted(recent), sorted(earlier)
    n, m = len(new), len(old)
    distance = max(
        abs(bisect_right(new, score) / n - bisect_right(old, score) / m) for score in {*new, *old}
    )
    bound = math.sqrt(-math.log(SHIFT_ALPHA / 2) / 2) * math.sqrt((n + m) / (n * m))
    return Shift(distance, bound, n, m, new[n // 2], old[m // 2])


@dataclass(frozen=True, slots=True)
class CommunityHealth:
    """How one community is doing under the present champion."""

    community: Community
    skill: Skill | None
    shift: Shift | None

    @property
    def is_worse_than_base(self) -> bool:
        """Whether the champion's predictions are worse here than knowing nothing, surely."""
        if self.skill is None or self.skill.n < MIN_SCORED or self.skill.interval is None:
            return False
        return self.skill.interval[1] < 0


@dataclass(frozen=True, slots=True)
class ChampionHealth:
    """The champion's skill everywhere, lately, and what it was judged to have when made."""

    champion: ModelVersion
    lately: Skill | None
    promised: Interval | None

    @property
    def has_fallen(self) -> bool:
        """Whether it is worse than it was judged to be, surely."""
        if self.lately is None or self.lately.n < MIN_SCORED or self.lately.interval is None:
            return False
        return self.promised is not None and self.lately.interval[1] < self.promised[0]


async def champion_health(session: AsyncSession, now: datetime) -> ChampionHealth | None:
    """How the champion is doing everywhere; None without one."""
    champion = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
    if champion is None:
        return None
    skills = await _skills(session, champion.id, now)
    total = [sum(column) for column in zip(*skills.values(), strict=True)]
    # A version from elsewhere was judged on other communities.
    made_here = await session.scalar(
        select(TrainingRun.id).where(TrainingRun.model_version_id == champion.id).limit(1)
    )
    promised = made_here and champion.metrics.get("intervals", {}).get("rps_skill")
    return ChampionHealth(
        champion,
        skill_of(int(total[0]), *total[1:]) if total else None,
        (promised[0], promised[1]) if promised else None,
    )


async def community_health(session: AsyncSession, now: datetime) -> list[CommunityHealth]:
    """How every community is doing, by name."""
    champion_id = await session.scalar(select(ModelVersion.id).where(ModelVersion.is_champion))
    skills = {} if champion_id is None else await _skills(session, champion_id, now)
    communities = (await session.scalars(select(Community).order_by(Community.name))).all()
    found = []
    for community in communities:
        sums = skills.get(community.id)
        found.append(
            CommunityHealth(
                community,
                skill_of(int(sums[0]), *sums[1:]) if sums else None,
                await _shift(session, community.id, now),
            )
        )
    return found


async def _skills(
    session: AsyncSession, version_id: int, now: datetime
) -> dict[int, tuple[float, float, float, float]]:
    """n, RPS, base RPS and squared gains of a version's last days, by community."""
    rows = await session.execute(
        select(
            DailyScore.community_id,
            func.sum(DailyScore.n),
            func.sum(DailyScore.rps_sum),
            func.sum(DailyScore.base_rps_sum),
            func.sum(DailyScore.gain_squared_sum),
        )
        .where(
            DailyScore.model_version_id == version_id,
            DailyScore.day > now.date() - timedelta(days=SKILL_DAYS),
        )
        .group_by(DailyScore.community_id)
    )
    return {community_id: (n, rps, base, gain) for community_id, n, rps, base, gain in rows}


async def _shift(session: AsyncSession, community_id: int, now: datetime) -> Shift | None:
    begin = now - timedelta(days=SHIFT_DAYS)
    here = select(Label.score).where(Label.community_id == community_id)
    newest_first = here.order_by(Label.matured_at.desc())
    recent = await session.scalars(
        newest_first.where(Label.matured_at > begin, Label.matured_at <= now).limit(MAX_RECENT)
    )
    earlier = await session.scalars(
        newest_first.where(Label.matured_at <= begin).limit(MAX_EARLIER)
    )
    return label_shift(recent.all(), earlier.all())


class Monitor:
    """Looks at every community, tells the admins what changed, and falls silent where it should.

    Args:
        pause: whether to stop replying where the predictions are worse than the base rate.
    """

    def __init__(self, database: Database, *, pause: bool, clock: Clock) -> None:
        self._database = database
        self._pause = pause
        self._clock = clock

    async def check(self) -> int:
        """Look once; return how many notices that led to."""
        now = self._clock()
        async with self._database.read() as session:
            whole = await champion_health(session, now)
            communities = await community_health(session, now)
        if whole is None:
            return 0
        told = await self._tell_if_fallen(whole)
        for each in communities:
            told += await self._tell_if_shifted(each)
            told += await self._pause_or_resume(each, whole.champion)
        return told

    async def _tell_if_fallen(self, health: ChampionHealth) -> int:
        champion, lately, promised = health.champion, health.lately, health.promised
        if not health.has_fallen or lately is None or promised is None:
            return 0
        text = (
            f"{champion.name} predicts worse than it was judged to when it was made: its skill"
            f" over the base rate was {_span(promised)} then and is {_skill(lately)} on the last"
            f" {lately.n} posts. The next training takes the newest labels up."
        )
        async with self._database.write() as session:
            # Once for each champion.
            if await _told_since(session, NoticeKind.SKILL, None, champion.promoted_at):
                return 0
            add_notice(session, NoticeKind.SKILL, text, now=self._clock())
        return 1

    async def _tell_if_shifted(self, health: CommunityHealth) -> int:
        shift = health.shift
        if shift is None or not shift.is_shifted:
            return 0
        now = self._clock()
        text = (
            f"Scores in {health.community.name} have shifted: the median of the last"
            f" {shift.recent} labels is {shift.recent_median:g}, that of the {shift.earlier} before"
            f" was {shift.earlier_median:g} (distance {shift.distance:.2f}; by chance at most"
            f" {shift.bound:.2f}). Predictions follow as newer labels replace older ones."
        )
        async with self._database.write() as session:
            # Once for each span of days that is looked at: it stays shifted while they pass by.
            since = now - timedelta(days=SHIFT_DAYS)
            if await _told_since(session, NoticeKind.SHIFT, health.community.id, since):
                return 0
            add_notice(session, NoticeKind.SHIFT, text, now=now, community_id=health.community.id)
        return 1

    async def _pause_or_resume(self, health: CommunityHealth, champion: ModelVersion) -> int:
        async with self._database.write() as session:
            community = await session.get_one(Community, health.community.id)
            if community.paused_at is None:
                return await self._pause_if_bad(session, community, health, champion)
            why = self._why_resume(community, health, champion)
            if why is None:
                return 0
            community.paused_at = community.paused_reason = None
            text = f"Peoria replies by itself in {community.name} again: {why}"
            add_notice(
                session, NoticeKind.RESUMED, text, now=self._clock(), community_id=community.id
            )
            return 1

    async def _pause_if_bad(
        self,
        session: AsyncSession,
        community: Community,
        health: CommunityHealth,
        champion: ModelVersion,
    ) -> int:
        if not health.is_worse_than_base or health.skill is None:
            return 0
        last = await session.scalar(
            select(Notice.kind)
            .where(
                Notice.community_id == community.id,
                Notice.kind.in_([NoticeKind.PAUSED, NoticeKind.RESUMED]),
                Notice.made_at >= (champion.promoted_at or champion.created_at),
            )
            .order_by(Notice.id.desc())
            .limit(1)
        )
        if last == NoticeKind.PAUSED:
            # It was told already. Where Peoria had fallen silent since, somebody let it go on.
            return 0
        reason = (
            f"The predictions of {champion.name} were worse than the base rate in"
            f" {community.name}: skill {_skill(health.skill)} on the last {health.skill.n} posts."
        )
        now = self._clock()
        if self._pause:
            community.paused_at, community.paused_reason = now, reason
            what = (
                "Peoria stops replying by itself there and goes on predicting silently, until they"
                " are better or a new model version serves (PEORIA_PAUSE_ON_BAD_SKILL)."
            )
        else:
            what = "It goes on replying, as PEORIA_PAUSE_ON_BAD_SKILL is off."
        add_notice(
            session, NoticeKind.PAUSED, f"{reason} {what}", now=now, community_id=community.id
        )
        log.warning("%s %s", reason, what)
        return 1

    def _why_resume(
        self, community: Community, health: CommunityHealth, champion: ModelVersion
    ) -> str | None:
        """Why it need not be silent any more; None while it has to be."""
        promoted = champion.promoted_at
        if not self._pause:
            return "PEORIA_PAUSE_ON_BAD_SKILL is off."
        if promoted and community.paused_at and promoted > community.paused_at:
            return f"{champion.name} serves now."
        skill = health.skill
        if skill is not None and skill.n >= MIN_SCORED and skill.skill > 0:
            return (
                f"the predictions are better than the base rate, skill {_skill(skill)} on the last"
                f" {skill.n} posts."
            )
        return None


async def _told_since(
    session: AsyncSession, kind: NoticeKind, community_id: int | None, since: datetime | None
) -> bool:
    query = select(Notice.id).where(
        Notice.kind == kind.value, Notice.community_id.is_not_distinct_from(community_id)
    )
    if since is not None:
        query = query.where(Notice.made_at >= since)
    return await session.scalar(query.limit(1)) is not None


def _skill(skill: Skill) -> str:
    return f"{skill.skill:+.2f}" + (f" ({_span(skill.interval)})" if skill.interval else "")


def _span(interval: Interval) -> str:
    return f"{interval[0]:+.2f} … {interval[1]:+.2f}"
