"""How good the predictions are and what a reply does, read from the daily sums.

The sums grow with every label; nothing here counts posts, but for the newest ones that the
calibration is taken from.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from bot.reports.calibration import CalibrationPoint, read_calibration
from bot.reports.place import Weights, read_weights
from bot.reports.reply_effect import ReplyEffect, read_label_sums, reply_effect
from bot.reports.version_stats import VersionStats, read_versions
from bot.runtime.clock import now as present


@dataclass(frozen=True, slots=True)
class Stats:
    """Everything of one community, or of all, over a span of days (UTC).

    Attributes:
        community_id: None: all communities together.
        since: first day.
        until: last day with a label, or the first day where there is none.
        labels: labels of live posts.
        spoken: of these, posts that were answered.
        silent: of these, posts that only the silent share kept from a reply.
        effect: of a reply; None until there are labels enough to tell.
        versions: those with the most labels first.
        calibration: ascending confidence, over the newest scored predictions.
        weights: of the experts, the oldest first; empty for all communities together.
    """

    community_id: int | None
    since: date
    until: date
    labels: int
    spoken: int
    silent: int
    effect: ReplyEffect | None
    versions: Sequence[VersionStats] = field(default_factory=tuple)
    calibration: Sequence[CalibrationPoint] = field(default_factory=tuple)
    weights: Sequence[Weights] = field(default_factory=tuple)

    @property
    def known(self) -> float | None:
        """How much of the newest forecast is more than the base rate, 0 to 1."""
        return self.weights[-1].known if self.weights else None


async def read_stats(
    session: AsyncSession, *, community_id: int | None, days: int, now: datetime | None = None
) -> Stats:
    """Read the stats of the last ``days`` days.

    Args:
        session: a read session.
        community_id: None: all communities together.
        days: at least 1; today is one of them.
        now: aware; None: the present moment.
    """
    now = now or present()
    since = now.date() - timedelta(days=max(days, 1) - 1)
    sums = await read_label_sums(session, community_id, since)
    versions, last_scored = await read_versions(session, community_id, since)
    return Stats(
        community_id=community_id,
        since=since,
        until=max(sums.last or since, last_scored or since),
        labels=sums.labels,
        spoken=sums.replied.n,
        silent=sums.silent.n,
        # On a thread: SciPy may have to be loaded for it.
        effect=await asyncio.to_thread(reply_effect, sums.replied, sums.silent),
        versions=versions,
        calibration=await read_calibration(session, community_id, since, now),
        weights=await read_weights(session, community_id, since),
    )
