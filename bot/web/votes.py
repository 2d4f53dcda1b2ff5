"""Votes on the board: one per visitor and post, until the horizon.

A vote is held back where it may be one person's who made themselves many: it is theirs to see and
to change, and counts nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import and_, case, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.league.crowds import Crowds
from bot.league.guesses import close_at_score
from bot.platform import PostRef
from bot.runtime.clock import Clock
from bot.texts.translate import mark
from bot.web.refusals import Refusal
from bot.web.visitors import Visitor
from storage.engine.scopes import LOCKED
from storage.queries.communities import find_or_add_author
from storage.tables import Community, Label, Post, Vote
from storage.types import PlatformName, PostState, VoteHold

OWN_POST = mark("Your own post is for others to vote on.")
CLOSED = mark(
    "Voting has ended: the score became final at the horizon, and later votes change nothing."
)
HELD = {
    VoteHold.NEWCOMER: mark(
        "Your vote does not count here: you came to the board after this post. On newer posts it"
        " counts."
    ),
    VoteHold.CROWD: mark("Your vote does not count: too many took part from your address."),
}
NOT_OPEN = mark("There is nothing to vote on: this post was refused or withdrawn.")


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes on one post that count; ``mine`` is the visitor's own: -1, 0 (none) or 1."""

    ups: int = 0
    downs: int = 0
    mine: int = 0
    #: Why the visitor's own vote does not count, a sentence; None: it does, or there is none.
    held: str | None = None

    @property
    def score(self) -> int:
        """Net upvotes."""
        return self.ups - self.downs


async def cast_vote(
    session: AsyncSession, clock: Clock, post_id: int, visitor: Visitor, value: int,
    *, crowds: Crowds | None,
) -> None:  # fmt: skip
    """Make ``value`` (-1, 1, or 0 for none) the visitor's vote.

    Needs a write session that is alone in the visitor's `person_scope`.

    A score that the community set as its bound closes guessing on the post.

    Args:
        session: to write with.
        clock: the time.
        post_id: what is voted on.
        visitor: who votes.
        value: how.
        crowds: who voted from where; None: no vote is held back.

    Raises:
        Refusal: there is no such post, it is theirs, or voting on it has ended.
    """
    # Locked: a label is written before, or after this vote, and no two votes of one person meet.
    post = await session.get(Post, post_id, with_for_update=LOCKED)
    # The time is taken now, so that the votes on a post are in the order of their times.
    now = clock()
    if post is None or post.platform is not PlatformName.WEB:
        raise Refusal(404, "There is no such post; it may have been deleted.")
    if post.state in (PostState.REFUSED, PostState.WITHDRAWN):
        raise Refusal(409, NOT_OPEN)
    community = await session.get_one(Community, post.community_id)
    horizon_at = post.posted_at + timedelta(seconds=community.horizon_seconds)
    if now > horizon_at or await session.get(Label, post_id) is not None:
        # A row remembers only its latest vote: changing it now would take back one that counted.
        raise Refusal(409, CLOSED)
    author = await session.run_sync(find_or_add_author, PlatformName.WEB, visitor.hash)
    if author.id == post.author_id:
        raise Refusal(403, OWN_POST)
    if value == 0:
        await session.execute(delete(Vote).filter_by(post_id=post_id, author_id=author.id))
    else:
        held = None
        if crowds is not None:
            held = await session.run_sync(
                crowds.hold,
                post,
                author.id,
                household=visitor.household,
                since=visitor.since,
                ends_at=horizon_at,
                now=now,
            )
        await session.merge(
            Vote(post_id=post_id, author_id=author.id, value=value, voted_at=now, held=held)
        )
    if community.guess_score is not None:
        await session.flush()
        cast_so_far = select(func.coalesce(func.sum(Vote.value), 0)).where(
            Vote.post_id == post_id, Vote.held.is_(None)
        )
        score = (await session.scalars(cast_so_far)).one()
        await session.run_sync(close_at_score, post_id, community.guess_score, score, now)


def tallies(session: Session, post_ids: Sequence[int], author_id: int | None) -> dict[int, Tally]:
    """The votes on each of ``post_ids`` that has any, as ``author_id`` sees them."""
    counts = Vote.held.is_(None)
    ups = func.sum(case((and_(counts, Vote.value > 0), 1), else_=0))
    downs = func.sum(case((and_(counts, Vote.value < 0), 1), else_=0))
    rows = session.execute(
        select(Vote.post_id, ups, downs).where(Vote.post_id.in_(post_ids)).group_by(Vote.post_id)
    )
    found = {post_id: Tally(int(up), int(down)) for post_id, up, down in rows}
    own = select(Vote).where(Vote.post_id.in_(post_ids), Vote.author_id == author_id)
    for vote in session.scalars(own) if author_id is not None else ():
        why = None if vote.held is None else HELD[vote.held]
        found[vote.post_id] = replace(found[vote.post_id], mine=vote.value, held=why)
    return found


async def scores_at_horizon(
    session: AsyncSession, posts: Sequence[PostRef]
) -> dict[int, tuple[int, int]]:
    """Net upvotes and voters of each of ``posts`` that has any, by votes up to its horizon."""
    in_time = (
        and_(Vote.post_id == post.post_id, Vote.voted_at <= post.horizon_at) for post in posts
    )
    rows = await session.execute(
        select(Vote.post_id, func.sum(Vote.value), func.count())
        .where(or_(*in_time), Vote.held.is_(None))
        .group_by(Vote.post_id)
    )
    return {post_id: (int(score), people) for post_id, score, people in rows}
