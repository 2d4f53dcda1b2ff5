"""How good second looks were: against the outcome, and against simpler ways of looking twice."""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import asinh
from operator import attrgetter
from statistics import mean, median
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Label, Nowcast, Prediction, Snapshot

#: Newest second looks that a report is made from.
NEWEST = 3000


class LookedTwice(NamedTuple):
    """A second look whose post has its label.

    Attributes:
        reading: the early reading, as its due age in seconds.
        made_at: when the second look was made.
        matured_at: when the label was final.
        early: the score that it was made from.
        low: its 10% point.
        middle: its median.
        high: its 90% point.
        first: the median of the prediction that was made before any vote; None: there was none.
        final: the label.
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


@dataclass(frozen=True, slots=True)
class SecondLookScore:
    """How good the second looks at one reading were.

    Errors are mean absolute differences of ``asinh`` scores: for large ones of their natural
    logarithms, so that 0.1 is about 10% off.

    Attributes:
        reading: in seconds.
        n: second looks.
        error: of the second look's median.
        coverage: share of outcomes (0 to 1) within the 80% interval, ends included.
        typical_error: of "the early score times the typical growth", the median of all earlier
            posts; None while there was none.
        unchanged_error: of "it stays as it is".
        first_error: of the prediction made before any vote; None where scores were not known to
            it.
    """

    reading: int
    n: int
    error: float
    coverage: float
    typical_error: float | None
    unchanged_error: float
    first_error: float | None


async def read_second_looks(
    session: AsyncSession, *, community_id: int | None = None, limit: int = NEWEST
) -> Sequence[LookedTwice]:
    """The newest second looks whose posts have their labels, in the order they were made."""
    newest = select(Label.post_id, Label.score, Label.matured_at)
    if community_id is not None:
        newest = newest.where(Label.community_id == community_id)
    labels = newest.order_by(Label.matured_at.desc()).limit(limit).subquery()
    query = (
        select(
            Nowcast.reading, Nowcast.made_at, labels.c.matured_at, Snapshot.score,
            Nowcast.score_p10, Nowcast.score_median, Nowcast.score_p90,
            Prediction.score_median, labels.c.score,
        )
        .join(labels, labels.c.post_id == Nowcast.post_id)
        .join(
            Snapshot,
            (Snapshot.post_id == Nowcast.post_id) & (Snapshot.reading == Nowcast.reading),
        )
        .outerjoin(Prediction, Prediction.post_id == Nowcast.post_id)
        .order_by(Nowcast.made_at, Nowcast.post_id)
    )  # fmt: skip
    return [LookedTwice(*row) for row in await session.execute(query)]


def score_second_looks(looks: Iterable[LookedTwice]) -> list[SecondLookScore]:
    """How good second looks were, by reading, the earliest reading first."""
    by_reading: defaultdict[int, list[LookedTwice]] = defaultdict(list)
    for look in looks:
        by_reading[look.reading].append(look)
    return [_score(reading, by_reading[reading]) for reading in sorted(by_reading)]


def _score(reading: int, looks: Sequence[LookedTwice]) -> SecondLookScore:
    typical = [
        _error(look.early * growth, look)
        for look, growth in _typical_growth(looks)
        if growth is not None
    ]
    first = [_error(look.first, look) for look in looks if look.first is not None]
    return SecondLookScore(
        reading=reading,
        n=len(looks),
        error=mean(_error(look.middle, look) for look in looks),
        coverage=mean(look.low <= look.final <= look.high for look in looks),
        typical_error=mean(typical) if typical else None,
        unchanged_error=mean(_error(look.early, look) for look in looks),
        first_error=mean(first) if first else None,
    )


def _error(guessed: float, look: LookedTwice) -> float:
    return abs(asinh(guessed) - asinh(look.final))


def _typical_growth(
    looks: Sequence[LookedTwice],
) -> Iterable[tuple[LookedTwice, float | None]]:
    """Each look with the median growth of all posts that had matured by then."""
    waiting = sorted(looks, key=attrgetter("matured_at"), reverse=True)
    grown: list[float] = []
    for look in sorted(looks, key=attrgetter("made_at")):
        while waiting and waiting[-1].matured_at <= look.made_at:
            earlier = waiting.pop()
            if earlier.early > 0:
                insort(grown, earlier.final / earlier.early)
        yield look, median(grown) if grown else None
