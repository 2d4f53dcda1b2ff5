"""How good nowcasts (second looks) were: against the label, and against simpler forecasts."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import asinh
from operator import attrgetter
from statistics import mean, median
from typing import NamedTuple

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.growth_curves import FinalScore
from models.metrics import average_precision
from storage.tables import Label, Nowcast, Prediction, Snapshot

#: Newest labels whose nowcasts a report is made from.
NEWEST = 3000

#: Nowcasts of one community at one age before its highest 5% are looked for: five posts.
MIN_FOR_TOP = 100


class MaturedNowcast(NamedTuple):
    """A nowcast whose post has its label.

    Attributes:
        reading: the early reading, as its due age in seconds.
        made_at: when the nowcast was made.
        matured_at: when the label was final.
        early: the score that it was made from.
        low: its 10% point.
        middle: its median.
        high: its 90% point.
        first: the median of the prediction that was made before any vote; None: there was none.
        final: the label.
        community: the id of the post's.
    """

    reading: int
    made_at: datetime
    matured_at: datetime
    early: float
    low: float
    middle: float
    high: float
    first: float | None
    final: float
    community: int


@dataclass(frozen=True, slots=True)
class NowcastAccuracy:
    """How good the nowcasts at one reading were.

    Errors are mean absolute differences of ``asinh`` scores: for large ones of their natural
    logarithms, so that 0.1 is about 10% off.

    Attributes:
        reading: in seconds.
        n: nowcasts.
        error: of the nowcast's median.
        coverage: share of labels (0 to 1) within the 80% interval, ends included.
        typical_error: of "the early score times the typical growth", the median growth of all
            posts that had their label by then; None while there was none.
        unchanged_error: of "the score stays as it is".
        first_error: of the prediction made before any vote; None where scores were not known to
            it.
        pr_auc_top5: area under precision and recall (average precision, 0 to 1; chance: 0.05) for
            "ends among the highest 5% of its community"; None where no community has `MIN_FOR_TOP`
            nowcasts at this age.
    """

    reading: int
    n: int
    error: float
    coverage: float
    typical_error: float | None
    unchanged_error: float
    first_error: float | None
    pr_auc_top5: float | None


async def read_nowcasts(
    session: AsyncSession, *, community_id: int | None = None, limit: int = NEWEST
) -> Sequence[MaturedNowcast]:
    """The newest nowcasts whose posts have their labels, in the order they were made."""
    newest = select(Label.post_id, Label.score, Label.matured_at, Label.community_id)
    if community_id is not None:
        newest = newest.where(Label.community_id == community_id)
    labels = newest.order_by(Label.matured_at.desc()).limit(limit).subquery()
    # What people saw; a post can have predictions by later versions, too.
    first = select(func.min(Prediction.id)).group_by(Prediction.post_id)
    query = (
        select(
            Nowcast.reading, Nowcast.made_at, labels.c.matured_at, Snapshot.score,
            Nowcast.score_p10, Nowcast.score_median, Nowcast.score_p90,
            Prediction.score_median, labels.c.score, labels.c.community_id,
        )
        .join(labels, labels.c.post_id == Nowcast.post_id)
        .join(
            Snapshot,
            (Snapshot.post_id == Nowcast.post_id) & (Snapshot.reading == Nowcast.reading),
        )
        .outerjoin(
            Prediction, (Prediction.post_id == Nowcast.post_id) & Prediction.id.in_(first)
        )
        .order_by(Nowcast.made_at, Nowcast.post_id)
    )  # fmt: skip
    return [MaturedNowcast(*row) for row in await session.execute(query)]


def nowcast_accuracy(nowcasts: Iterable[MaturedNowcast]) -> list[NowcastAccuracy]:
    """How good nowcasts were, by reading, the earliest reading first."""
    by_reading: defaultdict[int, list[MaturedNowcast]] = defaultdict(list)
    for each in nowcasts:
        by_reading[each.reading].append(each)
    return [_score(reading, by_reading[reading]) for reading in sorted(by_reading)]


def _score(reading: int, nowcasts: Sequence[MaturedNowcast]) -> NowcastAccuracy:
    typical = [
        _error(each.early * growth, each)
        for each, growth in _typical_growth(nowcasts)
        if growth is not None
    ]
    first = [_error(each.first, each) for each in nowcasts if each.first is not None]
    return NowcastAccuracy(
        reading=reading,
        n=len(nowcasts),
        error=mean(_error(each.middle, each) for each in nowcasts),
        coverage=mean(each.low <= each.final <= each.high for each in nowcasts),
        typical_error=mean(typical) if typical else None,
        unchanged_error=mean(_error(each.early, each) for each in nowcasts),
        first_error=mean(first) if first else None,
        pr_auc_top5=_pr_auc_top5(nowcasts),
    )


def _pr_auc_top5(nowcasts: Sequence[MaturedNowcast]) -> float | None:
    """How well the highest 5% of each community are told from the others; ties do not belong.

    Posts are ranked by the chance of a score as high as those. That score is known only afterwards:
    it puts the posts of different communities into one order.
    """
    by_community: defaultdict[int, list[MaturedNowcast]] = defaultdict(list)
    for each in nowcasts:
        by_community[each.community].append(each)
    is_top: list[bool] = []
    ranks: list[float] = []
    for posts in by_community.values():
        if len(posts) < MIN_FOR_TOP:
            continue
        top = float(np.quantile([each.final for each in posts], 0.95, method="lower"))
        for each in posts:
            is_top.append(each.final > top)
            quantiles = FinalScore(asinh(each.low), asinh(each.middle), asinh(each.high))
            ranks.append(quantiles.above(top))
    return average_precision(np.array(is_top, np.bool_), np.array(ranks))


def _error(guessed: float, nowcast: MaturedNowcast) -> float:
    return abs(asinh(guessed) - asinh(nowcast.final))


def _typical_growth(
    nowcasts: Sequence[MaturedNowcast],
) -> Iterable[tuple[MaturedNowcast, float | None]]:
    """Each nowcast with the median growth of all posts that had matured by then."""
    waiting = sorted(nowcasts, key=attrgetter("matured_at"), reverse=True)
    grown: list[float] = []
    for each in sorted(nowcasts, key=attrgetter("made_at")):
        while waiting and waiting[-1].matured_at <= each.made_at:
            earlier = waiting.pop()
            if earlier.early > 0:
                insort(grown, earlier.final / earlier.early)
        yield each, median(grown) if grown else None
