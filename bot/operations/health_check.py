"""What is done where predictions turned bad or labels shifted: admins are told, replies pause."""

import logging
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession

from bot.communities import pause_replies, resume_replies
from bot.league.intervals import Interval
from bot.notices import NoticeKind, add_notice, newest_notice
from bot.reports.label_shift import SHIFT_DAYS, Shift
from bot.reports.monitoring import (
    MIN_SCORED,
    ChampionHealth,
    CommunityHealth,
    champion_health,
    community_health,
)
from bot.reports.skill import Skill
from bot.runtime.clock import Clock
from bot.runtime.one_by_one import one_by_one
from bot.webhooks.events import Event, about_pause, write_event
from storage.engine.database import Database
from storage.engine.scopes import LOCKED, NOTICES, community_scope
from storage.tables import Community, ModelVersion

log = logging.getLogger(__name__)


class HealthCheck:
    """Reads how good the champion is everywhere, and acts on what changed.

    Args:
        database: where it is read and written.
        pause: whether to pause replies where the predictions are worse than the base rate.
        clock: tells the time.
    """

    def __init__(self, database: Database, *, pause: bool, clock: Clock) -> None:
        self._database = database
        self._pause = pause
        self._clock = clock

    async def run(self) -> int:
        """Check once; return how many notices that led to."""
        now = self._clock()
        async with self._database.read() as session:
            everywhere = await champion_health(session, now)
            communities = await community_health(session, now)
        if everywhere is None:
            return 0
        written = await self._tell_if_worse(everywhere)
        champion = everywhere.champion

        async def check(health: CommunityHealth) -> int:
            shifted = await self._tell_if_shifted(health)
            return shifted + await self._pause_or_resume(health, champion)

        return written + sum(await one_by_one(communities, check, "a community's health"))

    async def _tell_if_worse(self, health: ChampionHealth) -> int:
        text = _worse_text(health)
        if text is None:
            return 0
        async with self._database.write(alone_in=[NOTICES]) as session:
            # Once for each champion.
            since = health.champion.promoted_at
            if await newest_notice(session, [NoticeKind.SKILL], None, since):
                return 0
            add_notice(session, NoticeKind.SKILL, text, now=self._clock())
        return 1

    async def _tell_if_shifted(self, health: CommunityHealth) -> int:
        community, shift = health.community, health.shift
        if shift is None or not shift.is_shifted:
            return 0
        now = self._clock()
        async with self._database.write(alone_in=[NOTICES]) as session:
            # Once for each span of days that is compared: labels stay shifted while it passes.
            since = now - timedelta(days=SHIFT_DAYS)
            if await newest_notice(session, [NoticeKind.SHIFT], community.id, since):
                return 0
            text = _shift_text(community.name, shift)
            add_notice(session, NoticeKind.SHIFT, text, now=now, community_id=community.id)
        return 1

    async def _pause_or_resume(self, health: CommunityHealth, champion: ModelVersion) -> int:
        alone_in = [NOTICES, community_scope(health.community.id)]
        async with self._database.write(alone_in=alone_in) as session:
            community = await session.get_one(
                Community, health.community.id, with_for_update=LOCKED
            )
            was_paused = community.paused_at is not None
            if was_paused:
                written = self._resume_if_good(session, community, health, champion)
            else:
                written = await self._pause_if_bad(session, community, health, champion)
            if was_paused is not (community.paused_at is not None):
                told = about_pause(community)
                await session.run_sync(
                    partial(write_event, event=Event.PAUSE, data=told, now=self._clock())
                )
            return written

    async def _pause_if_bad(
        self,
        session: AsyncSession,
        community: Community,
        health: CommunityHealth,
        champion: ModelVersion,
    ) -> int:
        if not health.is_worse_than_base or health.skill is None:
            return 0
        last = await newest_notice(
            session,
            [NoticeKind.PAUSED, NoticeKind.RESUMED],
            community.id,
            champion.promoted_at or champion.created_at,
        )
        if last == NoticeKind.PAUSED:
            # Admins were told already. If replies had paused since, somebody switched them on.
            return 0
        reason = (
            f"The predictions of {champion.name} were worse than the base rate in"
            f" {community.name}: skill {_skill_text(health.skill)} on the last"
            f" {health.skill.n} posts."
        )
        now = self._clock()
        if self._pause:
            # `bot.texts.elsewhere` has it, to be read in other languages.
            short = (
                f"The predictions of {champion.name} were worse than the base rate on the last"
                f" {health.skill.n} posts."
            )
            pause_replies(community, short, now)
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

    def _resume_if_good(
        self,
        session: AsyncSession,
        community: Community,
        health: CommunityHealth,
        champion: ModelVersion,
    ) -> int:
        why = self._why_resume(community, health, champion)
        if why is None:
            return 0
        resume_replies(community)
        text = f"Peoria replies by itself in {community.name} again: {why}"
        add_notice(session, NoticeKind.RESUMED, text, now=self._clock(), community_id=community.id)
        return 1

    def _why_resume(
        self, community: Community, health: CommunityHealth, champion: ModelVersion
    ) -> str | None:
        """Why replies need not pause any more; None while they have to."""
        promoted = champion.promoted_at
        if not self._pause:
            return "PEORIA_PAUSE_ON_BAD_SKILL is off."
        if promoted and community.paused_at and promoted > community.paused_at:
            return f"{champion.name} serves now."
        skill = health.skill
        if skill is not None and skill.n >= MIN_SCORED and (skill.skill or 0) > 0:
            return (
                f"the predictions are better than the base rate, skill {_skill_text(skill)} on"
                f" the last {skill.n} posts."
            )
        return None


def _worse_text(health: ChampionHealth) -> str | None:
    """What admins are told of a champion that is worse than when it was made; None: it is not."""
    recent, when_made = health.recent, health.when_made
    if not health.is_worse_than_made or recent is None or when_made is None:
        return None
    return (
        f"{health.champion.name} predicts worse than when it was made: its skill over the base"
        f" rate was {_span(when_made)} then and is {_skill_text(recent)} on the last {recent.n}"
        " posts. The next training learns from the newest labels."
    )


def _shift_text(community: str, shift: Shift) -> str:
    return (
        f"Scores in {community} have shifted: the median of the last {shift.recent} labels is"
        f" {shift.recent_median:g}, that of the {shift.earlier} before was"
        f" {shift.earlier_median:g} (distance {shift.distance:.2f}; by chance at most"
        f" {shift.bound:.2f}). Predictions follow as newer labels replace older ones."
    )


def _skill_text(skill: Skill) -> str:
    if skill.skill is None:
        return f"nothing to tell yet ({skill.why_none})"
    return f"{skill.skill:+.2f}" + (f" ({_span(skill.interval)})" if skill.interval else "")


def _span(interval: Interval) -> str:
    return f"{interval[0]:+.2f} … {interval[1]:+.2f}"
