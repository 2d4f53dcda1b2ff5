"""What a reply does to a post's score: posts that were answered beside the silent share."""

import math
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Interval, Moments, welch
from storage.tables import DailyLabel


@dataclass(frozen=True, slots=True)
class ReplyEffect:
    """What a reply does to the score, as a factor, with its 95% interval.

    From the difference of the means of log(1 + score) of posts that were answered and posts of
    the silent share (Welch). 1.1 means about a tenth more.
    """

    factor: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class LabelSums:
    """Sums of log(1 + max(score, 0)) over labels.

    Attributes:
        labels: how many labels of live posts there are in all.
        replied: of posts that were answered.
        silent: of posts that only the silent share kept from a reply.
        last: the last day with a label (UTC).
    """

    labels: int
    replied: Moments
    silent: Moments
    last: date | None


def reply_effect(replied: Moments, silent: Moments) -> ReplyEffect | None:
    """The effect of a reply; None until both sides have two labels."""
    if min(replied.n, silent.n) < 2:
        return None
    low, high = welch(replied, silent)
    return ReplyEffect(math.exp(replied.mean - silent.mean), (math.exp(low), math.exp(high)))


async def read_label_sums(
    session: AsyncSession, community_id: int | None, since: date
) -> LabelSums:
    """Sum over the labels since a day (UTC), of one community or (None) of all."""
    columns = (
        DailyLabel.spoken_n, DailyLabel.spoken_sum, DailyLabel.spoken_squared,
        DailyLabel.silent_n, DailyLabel.silent_sum, DailyLabel.silent_squared,
    )  # fmt: skip
    query = select(
        func.coalesce(func.sum(DailyLabel.n), 0),
        func.max(DailyLabel.day),
        *(func.coalesce(func.sum(column), 0) for column in columns),
    ).where(DailyLabel.day >= since)
    if community_id is not None:
        query = query.where(DailyLabel.community_id == community_id)
    labels, last, *sums = (await session.execute(query)).one()
    return LabelSums(labels, Moments(*sums[:3]), Moments(*sums[3:]), last)
