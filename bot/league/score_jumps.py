"""Scores that end far from where their early votes were heading, by the nowcast's own interval."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from math import asinh
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from storage.tables import Label, Nowcast

#: A jump: so many standard deviations from where the post was heading.
LEAST_JUMP = 4.0

#: From the middle to the 90% point of the normal distribution.
_Z = 1.2815515655446004


class Jump(NamedTuple):
    """A score far from where the nowcast before it expected it.

    Attributes:
        post_id: the post.
        at: when the score was read.
        expected: the nowcast's median.
        score: the score that was read.
        deviations: how many standard deviations above (negative: below) the nowcast.
    """

    post_id: int
    at: datetime
    expected: float
    score: float
    deviations: float


async def read_jumps(session: AsyncSession, post_ids: Sequence[int]) -> list[Jump]:
    """Jumps of some posts: from each nowcast to the next one's median, or to the label."""
    paths: defaultdict[int, list[Nowcast]] = defaultdict(list)
    query = select(Nowcast).where(Nowcast.post_id.in_(post_ids)).order_by(Nowcast.reading)
    for nowcast in await session.scalars(query):
        paths[nowcast.post_id].append(nowcast)
    labels = {
        label.post_id: label
        for label in await session.scalars(select(Label).where(Label.post_id.in_(paths)))
    }
    return [
        jump
        for post_id, path in paths.items()
        for jump in _jumps_on(path, labels.get(post_id))
        if abs(jump.deviations) >= LEAST_JUMP
    ]


def _jumps_on(path: Sequence[Nowcast], label: Label | None) -> Iterator[Jump]:
    """Every step of one post, however small."""
    scores = [(each.score_median, each.made_at) for each in path[1:]]
    if label is not None:
        scores.append((label.score, label.matured_at))
    for nowcast, (score, at) in zip(path, scores, strict=False):
        deviations = deviations_of(nowcast, score)
        yield Jump(nowcast.post_id, at, nowcast.score_median, score, deviations)


def deviations_of(nowcast: Nowcast, score: float) -> float:
    """How far (standard deviations, above is positive) a score lies from where it was heading."""
    middle = asinh(nowcast.score_median)
    deviation = (asinh(nowcast.score_p90) - asinh(nowcast.score_p10)) / (2 * _Z)
    return (asinh(score) - middle) / deviation if deviation > 0 else 0.0
