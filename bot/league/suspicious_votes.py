"""Votes that look agreed upon: shown to admins, punished by nobody.

Two signs. On the local board every vote has its time, and many alike within a minute stand out
against what is usual there. Elsewhere only scores are seen: one that ends far from where its early
votes were heading, measured by the second look's own uncertainty.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import asinh
from operator import attrgetter, itemgetter
from typing import Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.serving.number_format import number
from storage.tables import Label, Nowcast, Post, Vote

#: Newest posts of a community that are looked at.
NEWEST = 500

#: A burst: at least so many votes alike within the window, and so many times what is usual at
#: most (the busiest minute of 95% of the other posts).
WINDOW = timedelta(minutes=1)
LEAST_BURST = 6
TIMES_USUAL = 3.0

#: A jump: so many standard deviations from where the post was heading.
LEAST_JUMP = 4.0

#: From the middle to the 90% point of the normal distribution.
_Z = 1.2815515655446004


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Voting on one post that calls for a look.

    Attributes:
        post_id: the post.
        title: its title.
        link: to the post, where its platform has addresses.
        kind: many votes alike at once, or a score that leapt.
        at: when.
        strength: how many times as much as is usual, or how many standard deviations.
        sentence: what was seen, in words.
    """

    post_id: int
    title: str
    link: str | None
    kind: Literal["burst", "jump"]
    at: datetime
    strength: float
    sentence: str


async def read_suspicions(
    session: AsyncSession, community_id: int, *, since: datetime
) -> list[Suspicion]:
    """Posts of a community whose votes since a moment look agreed upon, the newest first."""
    newest = (
        select(Post.id)
        .where(Post.community_id == community_id)
        .order_by(Post.posted_at.desc())
        .limit(NEWEST)
    )
    ids = list(await session.scalars(newest))
    found = [
        each
        for each in (*await _bursts(session, ids), *await _jumps(session, ids))
        if each.at >= since
    ]
    titles = select(Post.id, Post.title, Post.link).where(
        Post.id.in_({each.post_id for each in found})
    )
    posts = {row.id: row for row in await session.execute(titles)}
    return [
        Suspicion(
            post_id=each.post_id,
            title=posts[each.post_id].title,
            link=posts[each.post_id].link,
            kind=each.kind,
            at=each.at,
            strength=each.strength,
            sentence=each.sentence,
        )
        for each in sorted(found, key=attrgetter("at"), reverse=True)
    ]


class _Finding(NamedTuple):
    post_id: int
    kind: Literal["burst", "jump"]
    at: datetime
    strength: float
    sentence: str


class Burst(NamedTuple):
    """The busiest window of votes alike: how many, when it began, how many times the usual."""

    votes: int
    at: datetime
    times: float


async def _bursts(session: AsyncSession, post_ids: Sequence[int]) -> list[_Finding]:
    votes: defaultdict[tuple[int, int], list[datetime]] = defaultdict(list)
    query = select(Vote.post_id, Vote.value, Vote.voted_at).where(Vote.post_id.in_(post_ids))
    for post_id, value, voted_at in await session.execute(query):
        votes[post_id, value].append(voted_at)
    findings = []
    for (post_id, value), burst in find_bursts(votes).items():
        way = "up" if value > 0 else "down"
        sentence = (
            f"{burst.votes} votes {way} within a minute, {burst.times:.0f} times as many as the"
            " busiest minute of other posts here."
        )
        findings.append(_Finding(post_id, "burst", burst.at, burst.times, sentence))
    return findings


def find_bursts(
    votes: Mapping[tuple[int, int], Sequence[datetime]],
) -> dict[tuple[int, int], Burst]:
    """Votes on one post and one way that came much faster than is usual.

    Args:
        votes: the times of votes, by post and value.
    """
    peaks = {key: busiest(sorted(times)) for key, times in votes.items() if times}
    found = {}
    for key, (most, at) in peaks.items():
        others = sorted(peak for other, (peak, _) in peaks.items() if other != key)
        usual = others[int(0.95 * (len(others) - 1))] if others else 1
        times = most / usual
        if most >= LEAST_BURST and times >= TIMES_USUAL:
            found[key] = Burst(most, at, times)
    return found


def busiest(times: Sequence[datetime]) -> tuple[int, datetime]:
    """The most of ``times`` (ascending, not empty) within a window, and where that begins."""
    return max(
        ((bisect_right(times, at + WINDOW) - place, at) for place, at in enumerate(times)),
        key=itemgetter(0),
    )


async def _jumps(session: AsyncSession, post_ids: Sequence[int]) -> list[_Finding]:
    looks: defaultdict[int, list[Nowcast]] = defaultdict(list)
    query = select(Nowcast).where(Nowcast.post_id.in_(post_ids)).order_by(Nowcast.reading)
    for look in await session.scalars(query):
        looks[look.post_id].append(look)
    labels = {
        label.post_id: label
        for label in await session.scalars(select(Label).where(Label.post_id.in_(looks)))
    }
    findings = []
    for post_id, path in looks.items():
        met = [(each.score_median, each.made_at) for each in path[1:]]
        if post_id in labels:
            met.append((labels[post_id].score, labels[post_id].matured_at))
        for look, (score, at) in zip(path, met, strict=False):
            leap = leap_of(look, score)
            if abs(leap) >= LEAST_JUMP:
                sentence = (
                    f"It was heading for {number(look.score_median)} and then for {number(score)}:"
                    f" {abs(leap):.0f} standard deviations {'above' if leap > 0 else 'below'}."
                )
                findings.append(_Finding(post_id, "jump", at, abs(leap), sentence))
    return findings


def leap_of(look: Nowcast, score: float) -> float:
    """How far (standard deviations, above is positive) a score lies from where it was heading."""
    middle = asinh(look.score_median)
    deviation = (asinh(look.score_p90) - asinh(look.score_p10)) / (2 * _Z)
    return (asinh(score) - middle) / deviation if deviation > 0 else 0.0
