"""What tells that something on a page has changed: a few numbers of each post, read at once.

A sign is equal as long as a post is shown the same to somebody who had no part in it. It says
nothing itself, and costs much less than the post's card.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from bot.visibility import Viewer, Visibility, by_address, in_lists
from storage.tables import (
    Author,
    Community,
    Guess,
    Label,
    Nowcast,
    Peek,
    Post,
    Prediction,
    Snapshot,
    TrainingRun,
    Vote,
    WaitingScore,
)

Sign: TypeAlias = tuple[Any, ...]

#: Newest training runs that are looked at.
_RUNS = 3
#: New posts of a community that are told of.
_MOST_NEW = 100


def read_signs(session: Session, post_ids: Collection[int], now: datetime) -> dict[int, Sign]:
    """The sign of each of some posts; of those that are gone there is none.

    Args:
        session: to read with.
        post_ids: some hundreds at most.
        now: aware: what ends by the clock changes signs, too.
    """
    query = (
        select(
            Post.id,
            Post.state,
            Post.title,
            Post.hidden_at,
            Post.genre,
            Post.guessing_closed_at,
            Post.posted_at,
            Community.horizon_seconds,
            Community.name,
        )
        .join(Community, Community.id == Post.community_id)
        .where(Post.id.in_(post_ids))
    )
    found: dict[int, list[Any]] = {}
    for row in session.execute(query):
        ends = row.posted_at + timedelta(seconds=row.horizon_seconds)
        open_ = row.guessing_closed_at is not None and now < row.guessing_closed_at
        found[row.id] = [*row, open_, now < ends]
    for counted in _counted(post_ids):
        for post_id, *figures in session.execute(counted):
            if post_id in found:
                found[post_id].append((len(found[post_id]), *figures))
    return {post_id: tuple(sign) for post_id, sign in found.items()}


def _counted(post_ids: Collection[int]) -> list[Select[Any]]:
    """What belongs to posts, each as a few figures of it."""
    count = func.count()
    figures: list[tuple[Any, list[Any]]] = [
        (
            Vote.post_id,
            [count, func.sum(Vote.value), func.max(Vote.voted_at), func.count(Vote.held)],
        ),
        (
            Guess.post_id,
            [count, func.max(Guess.guessed_at), func.sum(Guess.points), func.count(Guess.held)],
        ),
        (Prediction.post_id, [count]),
        (Nowcast.post_id, [func.max(Nowcast.reading)]),
        (Snapshot.post_id, [func.max(Snapshot.reading)]),
        (Label.post_id, [func.max(Label.written_at)]),
        (WaitingScore.post_id, [count, func.max(WaitingScore.shown_missing)]),
    ]
    return [
        select(column, *of).where(column.in_(post_ids)).group_by(column) for column, of in figures
    ]


def read_newest(
    session: Session, community_ids: Collection[int], after: int
) -> list[tuple[int, int]]:
    """Posts that everybody meets in lists with a greater id than one: community and post.

    Of very many (after an import) only the newest are read.
    """
    return [
        (community_id, post_id)
        for community_id in community_ids
        for post_id in session.scalars(
            select(Post.id)
            .where(Post.community_id == community_id, Post.id > after, in_lists(Viewer()))
            .order_by(Post.id.desc())
            .limit(_MOST_NEW)
        )
    ]


def read_shown(
    session: Session,
    viewer: Viewer,
    visibility: Visibility,
    post_ids: Collection[int],
    community_ids: Collection[int],
) -> tuple[frozenset[int], frozenset[int]]:
    """Those of some posts, and of some communities, that are shown to somebody.

    That something happens where they may not look is nothing that they are told.
    """
    query = (
        select(Post.id, Community)
        .join(Community, Community.id == Post.community_id)
        .where(Post.id.in_(post_ids), by_address())
    )
    posts = [
        post_id for post_id, place in session.execute(query) if visibility.shows(place, viewer)
    ]
    places = [each for each in community_ids if visibility.find(session, viewer, each) is not None]
    return frozenset(posts), frozenset(places)


def read_last(session: Session) -> int:
    """The greatest id of a post."""
    return session.scalar(select(func.max(Post.id))) or 0


def read_training(session: Session) -> Sign:
    """The sign of the training runs."""
    query = select(TrainingRun.id, TrainingRun.state, TrainingRun.progress).order_by(
        TrainingRun.id.desc()
    )
    return tuple(tuple(row) for row in session.execute(query.limit(_RUNS)))


def read_parties(
    session: Session, post_ids: Collection[int], people: Collection[str]
) -> dict[int, set[str]]:
    """Who of some people (by their hashes) had a part in each of some posts."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    posts = select(Post.id, Post.author_id).where(Post.id.in_(post_ids))
    parts = [
        select(each.post_id, each.author_id).where(each.post_id.in_(post_ids))
        for each in (Vote, Guess, Peek)
    ]
    for query in (posts, *parts):
        rows = query.subquery()
        people_of = (
            select(rows.c[0], Author.hash)
            .join(Author, Author.id == rows.c.author_id)
            .where(Author.hash.in_(people))
        )
        for post_id, person in session.execute(people_of):
            found[post_id].add(person)
    return found
