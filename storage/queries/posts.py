"""Posts: finding the ones that are due, and moving one on."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session, joinedload, selectinload

from storage.engine.core_tables import table_of
from storage.tables import Post, PostImage, Prediction, Reply
from storage.types import PlatformName, PostState, ReplyState

_POSTS = table_of(Post)
_REPLIES = table_of(Reply)

#: Spelt out, so that the partial index serves whatever is bound. It holds little: a reply leaves it
#: when it is removed or settled.
_OPEN_OF_ENDED = text("replies.post_ended AND replies.state IN ('pending', 'sent')")

_NEW = (
    select(Post)
    .where(Post.id.in_(bindparam("ids", expanding=True)))
    .options(joinedload(Post.community), joinedload(Post.images).joinedload(PostImage.image))
)

#: Three statements for any number of posts: a tick loads many, and every statement costs.
_WHOLE = (
    select(Post)
    .where(Post.id.in_(bindparam("ids", expanding=True)))
    .options(
        # Joined where there is one at most.
        joinedload(Post.community),
        joinedload(Post.label),
        joinedload(Post.reply),
        selectinload(Post.images).joinedload(PostImage.image),
        selectinload(Post.prediction_rows).joinedload(Prediction.model_version),
    )
)

#: Change the columns that are given beside the keys; built once, which is much of what it costs.
_MOVE = update(_POSTS).where(_POSTS.c.id == bindparam("moved"))
_MOVE_FROM = _MOVE.where(_POSTS.c.state == bindparam("expected"))
_MOVE_FROM_ONE_OF = _MOVE.where(_POSTS.c.state.in_(bindparam("expected", expanding=True)))


def due_posts(
    session: Session,
    states: Sequence[PostState],
    *,
    now: datetime,
    limit: int,
    without_communities: Collection[int] = (),
) -> Sequence[int]:
    """Ids of posts in one of ``states`` whose next step is due, the longest waiting first.

    Posts in ``without_communities`` are left out.
    """
    query = (
        select(Post.id)
        .where(
            Post.due_at.is_not(None),
            Post.due_at <= now,
            Post.state.in_(states),
            Post.community_id.not_in(without_communities),
        )
        .order_by(Post.due_at, Post.id)
        .limit(limit)
    )
    return session.scalars(query).all()


#: How long other processes leave alone what one has taken: it may have died since.
CLAIMED_FOR = timedelta(seconds=15)


def claim_posts(
    session: Session, ids: Sequence[int], states: Collection[PostState], *, now: datetime
) -> list[int]:
    """Take due posts, so that nobody else does for `CLAIMED_FOR`; return the ids of those taken.

    Of several processes each gets others: what one is about to take the next one passes over.

    Args:
        session: a write session.
        ids: of posts that were due.
        states: those they were due in: one that was moved on since may be due again.
        now: aware.
    """
    # SQLite has one writer at a time, and leaves the clause out.
    still_due = (
        select(_POSTS.c.id)
        .where(_POSTS.c.id.in_(ids), _POSTS.c.state.in_(states), _POSTS.c.due_at <= now)
        .with_for_update(skip_locked=True, key_share=True)
    )
    there = set(session.scalars(still_due))
    taken = [each for each in ids if each in there]
    if taken:
        until = now + CLAIMED_FOR
        session.execute(update(_POSTS).where(_POSTS.c.id.in_(taken)).values(due_at=until))
    return taken


def claim_replies(session: Session, post_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Take replies that are to be changed or removed; `claim_posts` for them.

    Args:
        session: a write session.
        post_ids: of the posts whose reply it is.
        now: aware.
    """
    still_due = (
        select(_REPLIES.c.post_id)
        .where(
            _REPLIES.c.post_id.in_(post_ids),
            or_(_REPLIES.c.retry_at.is_(None), _REPLIES.c.retry_at <= now),
            _REPLIES.c.state.in_([ReplyState.PENDING, ReplyState.SENT]),
        )
        .with_for_update(skip_locked=True, key_share=True)
    )
    there = set(session.scalars(still_due))
    taken = [each for each in post_ids if each in there]
    if taken:
        until = now + CLAIMED_FOR
        session.execute(
            update(_REPLIES).where(_REPLIES.c.post_id.in_(taken)).values(retry_at=until)
        )
    return taken


class DuePost(NamedTuple):
    """A post whose next step is due."""

    id: int
    community_id: int


def posts_to_advance(
    session: Session,
    *,
    now: datetime,
    limit: int,
    without: Collection[int],
    without_communities: Collection[int],
) -> list[DuePost]:
    """Posts whose prediction or reply is due, the longest waiting first.

    Args:
        session: a read session.
        now: aware.
        limit: the most that are wanted.
        without: posts that are left out.
        without_communities: communities whose posts are left out.
    """
    query = (
        select(_POSTS.c.id, _POSTS.c.community_id)
        .where(
            _POSTS.c.due_at.is_not(None),
            _POSTS.c.due_at <= now,
            _POSTS.c.state.in_([PostState.SEEN, PostState.PREDICTED]),
            _POSTS.c.id.not_in(without),
            _POSTS.c.community_id.not_in(without_communities),
        )
        .order_by(_POSTS.c.due_at, _POSTS.c.id)
        .limit(limit)
    )
    return [DuePost(row.id, row.community_id) for row in session.execute(query)]


def load_post(session: Session, post_id: int) -> Post | None:
    """A post with its community, images, predictions, label and reply."""
    found = load_posts(session, [post_id])
    return found[0] if found else None


def load_posts(session: Session, ids: Sequence[int]) -> list[Post]:
    """Those of some posts that are there, each as `load_post` gives it, in the order of ``ids``."""
    if not ids:
        return []
    found = session.scalars(_WHOLE, {"ids": ids})
    posts = {post.id: post for post in found.unique()}
    return [posts[each] for each in ids if each in posts]


def load_new_posts(session: Session, ids: Sequence[int]) -> dict[int, Post]:
    """Posts with their communities and images, by id: all that matters without a prediction."""
    found = session.scalars(_NEW, {"ids": ids})
    return {post.id: post for post in found.unique()}


def replies_since(
    session: Session, community_ids: Collection[int], since: datetime
) -> dict[int, int]:
    """How many replies were recorded in communities since ``since``, sent or about to be.

    By their ids; those without any are left out.
    """
    query = (
        select(_POSTS.c.community_id, func.count().label("replies"))
        .select_from(_REPLIES)
        .join(_POSTS, _POSTS.c.id == _REPLIES.c.post_id)
        .where(
            _POSTS.c.community_id.in_(community_ids),
            _REPLIES.c.recorded_at >= since,
            _REPLIES.c.state != ReplyState.SKIPPED,
        )
        .group_by(_POSTS.c.community_id)
        .order_by(_POSTS.c.community_id)
    )
    return {row.community_id: row.replies for row in session.execute(query)}


def replies_to_remove(
    session: Session, *, now: datetime, limit: int, without_communities: Collection[int] = ()
) -> Sequence[int]:
    """Ids of withdrawn posts that still have a reply, or may have one, and whose turn it is.

    Posts in ``without_communities`` are left out.
    """
    is_one = and_(Post.state == PostState.WITHDRAWN, Post.community_id.not_in(without_communities))
    return _replies_of_ended(session, is_one, now=now, limit=limit)


def replies_without_outcome(
    session: Session,
    platforms: Collection[PlatformName],
    *,
    now: datetime,
    limit: int,
    without_communities: Collection[int] = (),
) -> Sequence[int]:
    """Ids of posts on ``platforms`` that were answered, or may be, and refused a label since.

    Left out are posts in ``without_communities``, and those whose reply is changed later.
    """
    is_one = and_(
        Post.state == PostState.REFUSED,
        Post.platform.in_(platforms),
        Post.community_id.not_in(without_communities),
    )
    return _replies_of_ended(session, is_one, now=now, limit=limit)


def _replies_of_ended(
    session: Session, is_one: ColumnElement[bool], *, now: datetime, limit: int
) -> Sequence[int]:
    """Ids of posts that ended, whose reply is open and due, the oldest reply first."""
    # No join: PostgreSQL takes it that as many replies of ended posts are open as of others, which
    # is nearly all, and reads through the posts instead of looking at the few that are marked.
    post = select(is_one).where(Post.id == Reply.post_id).correlate(Reply).scalar_subquery()
    query = (
        select(Reply.post_id)
        .where(_OPEN_OF_ENDED, or_(Reply.retry_at.is_(None), Reply.retry_at <= now), post)
        .order_by(Reply.recorded_at, Reply.post_id)
        .limit(limit)
    )
    return session.scalars(query).all()


def move_post(
    session: Session, post_id: int, expected: PostState | Collection[PostState], /, **values: Any
) -> bool:
    """Change a post that is still ``expected``, or in one of several states; return whether it was.

    Of two workers that advance the same post, one is told that it came too late: also where the
    second waits for the first, because the row is looked at once more then.
    """
    is_one = isinstance(expected, PostState)
    result = session.execute(
        _MOVE_FROM if is_one else _MOVE_FROM_ONE_OF,
        {"moved": post_id, "expected": expected if is_one else list(expected), **values},
    )
    assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE gives
    return result.rowcount == 1


def move_posts(
    session: Session, expected: PostState, steps: Mapping[int, Mapping[str, Any]]
) -> frozenset[int]:
    """`move_post` for several: two statements or a few, however many posts there are.

    Args:
        session: a write session.
        expected: the state that those have which are moved.
        steps: what becomes of each, by its id.

    Returns the ids of those that were moved.
    """
    if len(steps) == 1:
        ((post_id, step),) = steps.items()
        return frozenset(steps if move_post(session, post_id, expected, **step) else ())
    # In one order for all, so that no two wait for each other.
    query = (
        select(_POSTS.c.id)
        .where(_POSTS.c.id.in_(steps), _POSTS.c.state == expected)
        .order_by(_POSTS.c.id)
        .with_for_update(key_share=True)
    )
    moved = session.scalars(query).all()
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for post_id in moved:
        step = steps[post_id]
        by_columns.setdefault(tuple(sorted(step)), []).append({"moved": post_id, **step})
    for values in by_columns.values():
        session.execute(_MOVE, values)
    return frozenset(moved)
