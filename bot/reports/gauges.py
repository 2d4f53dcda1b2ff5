"""Figures of the moment, read from the tables for Prometheus. All are looked up in indexes or sums:
asked every few seconds, they cost little with a million posts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.reports.monitoring import champion_health, community_health
from storage.tables import (
    Community,
    DailyLabel,
    Notice,
    Post,
    Reply,
    Service,
    TrainingRun,
    WaitingScore,
    WebhookMessage,
)
from storage.types import PlatformName, ReplyState, RunState, ServiceState


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure, by the values of its label.

    Attributes:
        name: as Prometheus has it.
        about: what it counts, a sentence.
        values: by the label's value; without a label, under an empty text.
        label: its name; None: it has none.
    """

    name: str
    about: str
    values: dict[str, float] = field(default_factory=dict)
    label: str | None = None


async def read_gauges(session: AsyncSession, now: datetime) -> list[Gauge]:
    """Every figure as of a moment.

    Args:
        session: a read session.
        now: aware.
    """
    return [
        *await _work(session, now),
        *await _communities(session),
        *await _quality(session, now),
        *await _parts(session),
    ]


async def _work(session: AsyncSession, now: datetime) -> Sequence[Gauge]:
    due = Post.due_at <= now
    oldest = await session.scalar(select(func.min(Post.due_at)).where(Post.due_at.is_not(None)))
    late = 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
    return [
        Gauge(
            "peoria_posts_due", "Posts whose next step is due.",
            {"": await _count(session, select(func.count()).select_from(Post).where(due))},
        ),
        Gauge("peoria_oldest_due_seconds", "For how long the longest has been due.", {"": late}),
        Gauge(
            "peoria_replies_pending", "Replies that were claimed and are not sent yet.",
            {"": await _count(
                session,
                select(func.count()).select_from(Reply).where(Reply.state == ReplyState.PENDING),
            )},
        ),
        Gauge(
            "peoria_scores_waiting", "Final scores that wait for others to be compared with.",
            {"": await _count(session, select(func.count()).select_from(WaitingScore))},
        ),
        Gauge(
            "peoria_notices_waiting", "Notices that the admins were not told yet.",
            {"": await _count(
                session,
                select(func.count()).select_from(Notice).where(Notice.delivered_at.is_(None)),
            )},
        ),
        Gauge(
            "peoria_webhook_messages_due", "Messages that webhooks were not told yet.",
            {"": await _count(
                session,
                select(func.count())
                .select_from(WebhookMessage)
                .where(WebhookMessage.due_at.is_not(None)),
            )},
        ),
    ]  # fmt: skip


async def _communities(session: AsyncSession) -> Sequence[Gauge]:
    watched = dict.fromkeys(PlatformName, 0.0)
    paused = dict.fromkeys(PlatformName, 0.0)
    rows = await session.execute(
        select(Community.platform, func.count(), func.count(Community.paused_at))
        .where(Community.watched)
        .group_by(Community.platform)
    )
    for platform, number, stopped in rows:
        watched[platform], paused[platform] = number, stopped
    labels = dict.fromkeys(PlatformName, 0.0)
    sums = await session.execute(
        select(Community.platform, func.sum(DailyLabel.n))
        .join(Community, Community.id == DailyLabel.community_id)
        .group_by(Community.platform)
    )
    for platform, number in sums:
        labels[platform] = number
    return [
        Gauge(name, about, {each.value: number for each, number in found.items()}, "platform")
        for name, about, found in (
            ("peoria_communities_watched", "Communities whose posts are predicted.", watched),
            ("peoria_communities_paused", "Watched ones where replies pause.", paused),
            ("peoria_labels", "Labels of live posts, since the beginning.", labels),
        )
    ]


async def _quality(session: AsyncSession, now: datetime) -> Sequence[Gauge]:
    health = await champion_health(session, now)
    if health is None:
        return []
    recent, champion = health.recent, health.champion
    shifted = [each for each in await community_health(session, now) if each.shift is not None]
    gauges = [
        Gauge("peoria_champion_info", "The version that serves.", {champion.name: 1.0}, "version"),
        Gauge("peoria_champion_labels", "Labels it was trained on.", {"": champion.labels}),
        Gauge(
            "peoria_champion_age_seconds", "Since when it has been serving.",
            {"": (now - (champion.promoted_at or champion.created_at)).total_seconds()},
        ),
        Gauge(
            "peoria_scored_predictions", "Its scored predictions of the last 14 days.",
            {"": 0 if recent is None else recent.n},
        ),
        Gauge(
            "peoria_communities_shifted", "Communities whose scores have shifted.",
            {"": sum(each.shift is not None and each.shift.is_shifted for each in shifted)},
        ),
    ]  # fmt: skip
    if recent is not None and recent.skill is not None:
        about = "Share of the base rate's ranked probability score that it saved in these days."
        gauges.append(Gauge("peoria_rps_skill", about, {"": recent.skill}))
    return gauges


async def _parts(session: AsyncSession) -> Sequence[Gauge]:
    services: dict[str, float] = {}
    for service in await session.scalars(select(Service)):
        runs = float(service.state is ServiceState.RUNNING)
        # Of several processes the one that does worst counts.
        services[service.name] = min(services.get(service.name, 1.0), runs)
    runs_by_state = dict.fromkeys((each.value for each in RunState), 0.0)
    rows = await session.execute(
        select(TrainingRun.state, func.count()).group_by(TrainingRun.state)
    )
    for state, number in rows:
        runs_by_state[state.value] = number
    return [
        Gauge("peoria_service_up", "Whether a part of Peoria runs.", services, "service"),
        Gauge("peoria_training_runs", "Training runs, by how they ended.", runs_by_state, "state"),
    ]


async def _count(session: AsyncSession, query: object) -> float:
    return float(await session.scalar(query) or 0)  # type: ignore[call-overload]
