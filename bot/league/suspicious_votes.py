"""Votes that look coordinated: shown to admins.

Bursts of votes alike (bot/league/vote_bursts.py) and scores that jump (bot/league/score_jumps.py)
have no consequence for anybody; votes and guesses that the board held back
(bot/league/held_votes.py) do not count.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.held_votes import Held, read_held
from bot.league.score_jumps import Jump, read_jumps
from bot.league.vote_bursts import Burst, read_bursts
from bot.serving.number_format import number
from storage.tables import Community, Post
from storage.types import VoteHold

#: Newest posts of a community that are looked at.
NEWEST = 500


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Voting on one post that an admin should look at.

    Attributes:
        community: the name of its community.
        post_id: the post.
        title: its title.
        link: to the post, where its platform has addresses.
        kind: many votes alike at once, a score that jumped, or what was held back.
        at: when.
        strength: how many times as many votes as is usual, how many standard deviations, or how
            many votes.
        sentence: what was seen, in words.
    """

    community: str
    post_id: int
    title: str
    link: str | None
    kind: Literal["burst", "jump", "held"]
    at: datetime
    strength: float
    sentence: str


async def read_suspicions(
    session: AsyncSession, community_id: int | None, *, since: datetime
) -> list[Suspicion]:
    """Votes since a moment that look coordinated.

    Args:
        session: to read with.
        community_id: one community, or None: all of them.
        since: aware.

    Returns:
        Community by community in the order of their ids, the newest first in each.
    """
    query = select(Community.id, Community.name).order_by(Community.id)
    if community_id is not None:
        query = query.where(Community.id == community_id)
    communities = (await session.execute(query)).all()
    return [each for row in communities for each in await _of_one(session, row.id, row.name, since)]


async def _of_one(
    session: AsyncSession, community_id: int, community: str, since: datetime
) -> list[Suspicion]:
    newest = (
        select(Post.id, Post.title, Post.link)
        .where(Post.community_id == community_id)
        .order_by(Post.posted_at.desc())
        .limit(NEWEST)
    )
    posts = {row.id: row for row in await session.execute(newest)}
    found = [
        Suspicion(
            community, post_id, posts[post_id].title, posts[post_id].link,
            kind="burst", at=burst.at, strength=burst.times, sentence=_burst_sentence(value, burst),
        )
        for (post_id, value), burst in (await read_bursts(session, [*posts])).items()
    ]  # fmt: skip
    found += [
        Suspicion(
            community, jump.post_id, posts[jump.post_id].title, posts[jump.post_id].link,
            kind="jump", at=jump.at, strength=abs(jump.deviations), sentence=_jump_sentence(jump),
        )
        for jump in await read_jumps(session, [*posts])
    ]  # fmt: skip
    found += [
        Suspicion(
            community, post_id, posts[post_id].title, posts[post_id].link,
            kind="held", at=held.at, strength=held.total, sentence=_held_sentence(held),
        )
        for post_id, held in (await read_held(session, [*posts])).items()
    ]  # fmt: skip
    return _newest_first(each for each in found if each.at >= since)


def _newest_first(found: Iterable[Suspicion]) -> list[Suspicion]:
    return sorted(found, key=attrgetter("at"), reverse=True)


def _burst_sentence(value: int, burst: Burst) -> str:
    way = "up" if value > 0 else "down"
    return (
        f"{burst.votes} votes {way} within a minute, {burst.times:.0f} times as many as the"
        " busiest minute of other posts here."
    )


_WHY_HELD = {
    VoteHold.NEWCOMER: "by people who came after the post",
    VoteHold.CROWD: "among too many from one address",
}


def _held_sentence(held: Held) -> str:
    return " ".join(
        _what_is_held(name, counts)
        for name, counts in (("vote", held.votes), ("guess", held.guesses))
        if counts
    )


def _what_is_held(name: str, counts: Mapping[VoteHold, int]) -> str:
    number_of = sum(counts.values())
    many = "guesses" if name == "guess" else f"{name}s"
    what = f"1 {name} does not count" if number_of == 1 else f"{number_of} {many} do not count"
    reasons = (f"{count} {_WHY_HELD[why]}" for why, count in sorted(counts.items()))
    return f"{what}: {', '.join(reasons)}."


def _jump_sentence(jump: Jump) -> str:
    return (
        f"It was heading for {number(jump.expected)} and then for {number(jump.score)}:"
        f" {abs(jump.deviations):.0f} standard deviations"
        f" {'above' if jump.deviations > 0 else 'below'}."
    )
