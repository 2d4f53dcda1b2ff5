"""Whether anything was lost or doubled in a simulation that is over."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.seasons import ALL_TIME
from bot.serving.phrases import refusal_sentence
from bot.simulation.community import HORIZON, MadePost, World
from bot.simulation.errors import SomethingLost
from bot.simulation.platform import SimulatedPlatform
from bot.simulation.truth import Numbers
from storage.queries.label_sums import EVERYWHERE
from storage.tables import (
    Guess,
    Label,
    Post,
    Prediction,
    Reply,
    Snapshot,
    Standing,
    WaitingScore,
)
from storage.types import ForecasterKind, PostRefusal, PostState, ReplyState

#: Problems that are named one by one; more are counted.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Stored:
    """What is stored of all posts, by post."""

    predictions: Counter[int]
    labels: Counter[int]
    replies: dict[int, Reply]
    #: Posts with a prediction without a score, and with a guess without points.
    unscored: set[int]
    without_points: set[int]
    #: Posts whose final score waits for others to be compared with.
    waiting: set[int]


async def audit(session: AsyncSession, world: World, platform: SimulatedPlatform) -> Counter[str]:
    """Check everything that was stored against what was made; count what there is.

    Raises:
        SomethingLost: something is missing or there twice; the message says what.
    """
    posts = (await session.scalars(select(Post).order_by(Post.id))).all()
    stored = await _read_stored(session)
    problems = [
        *_wrong_posts(posts, world),
        *_wrong_fates(posts, stored, world, platform),
        *[each async for each in _wrong_scores(session, world, platform)],
        *[each async for each in _wrong_sums(session)],
    ]
    if problems:
        shown = "; ".join(problems[:_NAMED])
        more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise SomethingLost(f"Something was lost or doubled: {shown}{more}.")
    states = Counter(post.state for post in posts)
    return Counter(
        {
            "posts": len(posts),
            "scored": states[PostState.SETTLING],
            "withdrawn": states[PostState.WITHDRAWN],
            "refused": states[PostState.REFUSED],
            "late": sum(post.refusal_code is PostRefusal.SCORE_MISSED for post in posts),
            "predictions": stored.predictions.total(),
            "replies": len(platform.replies),
            "labels": stored.labels.total(),
            "guesses": (await session.scalars(select(func.count()).select_from(Guess))).one(),
        }
    )


async def _read_stored(session: AsyncSession) -> _Stored:
    unscored = select(Prediction.post_id).where(Prediction.scored_at.is_(None))
    without_points = select(Guess.post_id).where(Guess.points.is_(None))
    return _Stored(
        predictions=await _per_post(session, Prediction),
        labels=await _per_post(session, Label),
        replies={row.post_id: row for row in await session.scalars(select(Reply))},
        unscored=set(await session.scalars(unscored)),
        without_points=set(await session.scalars(without_points)),
        waiting=set(await session.scalars(select(WaitingScore.post_id))),
    )


def _wrong_posts(posts: Sequence[Post], world: World) -> Iterator[str]:
    """Posts that are missing, there twice, or that nobody made."""
    there = Counter(post.source_id for post in posts)
    yield from (f"{name} is stored {n} times" for name, n in there.items() if n != 1)
    yield from (f"{name} was never posted" for name in there.keys() - world.by_source_id)
    yield from (f"{name} is not stored" for name in world.by_source_id.keys() - there)


def _wrong_fates(
    posts: Sequence[Post], stored: _Stored, world: World, platform: SimulatedPlatform
) -> Iterator[str]:
    """What is wrong with the state, the rows and the reply of each post."""
    yield from (f"{name} was replied to twice" for name in platform.doubled)
    for post in posts:
        made = world.by_source_id.get(post.source_id)
        if made is None:
            continue
        wrong = [
            *_wrong_state(post, made, waits=post.id in stored.waiting),
            *_wrong_rows(post, stored),
            *_wrong_reply(post, stored.replies.get(post.id), post.source_id in platform.replies),
        ]
        yield from (f"{post.source_id} ({post.state.value}) {each}" for each in wrong)


def _wrong_state(post: Post, made: MadePost, *, waits: bool) -> Iterator[str]:
    """What is wrong with the state that a post is in at the end.

    Args:
        waits: whether its final score waits for others to be compared with.
    """
    if post.due_at is not None:
        yield f"is still due at {post.due_at}"
    match post.state:
        case PostState.REFUSED:
            missed = post.refusal_code is PostRefusal.SCORE_MISSED and made.unread is not None
            if not made.broken and not missed:
                yield f"was refused wrongly: {refusal_sentence(post)}"
        case PostState.WITHDRAWN:
            if made.deleted_at is None:
                yield "was withdrawn but never deleted"
        case PostState.SETTLING:
            if made.broken:
                yield "has no picture that could be used"
            matured_at = post.posted_at + timedelta(seconds=HORIZON)
            if made.deleted_at is not None and made.deleted_at <= matured_at:
                yield "was deleted but not withdrawn"
        case PostState.AWAITING_SCORE if waits:
            pass
        case _:
            yield "is not in a final state"


def _wrong_rows(post: Post, stored: _Stored) -> Iterator[str]:
    """Rows of a post that are missing, or there twice."""
    scored = post.state is PostState.SETTLING
    if stored.labels[post.id] != scored:
        yield f"has {stored.labels[post.id]} labels"
    if stored.predictions[post.id] > 1 or scored > stored.predictions[post.id]:
        yield f"has {stored.predictions[post.id]} predictions"
    if scored and post.id in stored.unscored:
        yield "has a prediction without a score"
    if scored and post.id in stored.without_points:
        yield "has a guess without points"


def _wrong_reply(post: Post, reply: Reply | None, visible: bool) -> Iterator[str]:
    """How the reply in the tables differs from the one on the platform."""
    recorded = reply is not None and reply.state in (ReplyState.SENT, ReplyState.SETTLED)
    if visible and post.silent:
        yield "is silent and was replied to"
    if recorded and not visible:
        yield "has a reply in the tables and none on the platform"
    if post.state is PostState.SETTLING:
        if visible and not recorded:
            yield "has a reply on the platform and none in the tables"
        if not recorded and not (reply and reply.skip_code):
            yield "has no reply, and no reason for that"


async def _per_post(session: AsyncSession, table: type[Prediction] | type[Label]) -> Counter[int]:
    rows = await session.execute(select(table.post_id, func.count()).group_by(table.post_id))
    return Counter({post_id: count for post_id, count in rows})  # noqa: C416 - rows, not tuples


async def _wrong_scores(
    session: AsyncSession, world: World, platform: SimulatedPlatform
) -> AsyncIterator[str]:
    """Snapshots that are not what the platform showed at their moment."""
    query = select(Post.source_id, Snapshot.taken_at, Snapshot.score).join(
        Snapshot, Snapshot.post_id == Post.id
    )
    for source_id, taken_at, score in await session.execute(query):
        made = world.by_source_id.get(source_id)
        if made is not None and score != (shown := platform.score(made, taken_at)):
            yield f"{source_id} has the score {score} where {shown} was shown"


async def _wrong_sums(session: AsyncSession) -> AsyncIterator[str]:
    """Standings over all time that are not what the points of guesses and predictions add up to."""
    counted: dict[tuple[ForecasterKind, int], Numbers] = {}
    for kind, forecaster, table in (
        (ForecasterKind.PERSON, Guess.author_id, Guess),
        (ForecasterKind.MODEL, Prediction.model_version_id, Prediction),
    ):
        scored = select(forecaster, table.points, table.base_rate).where(table.points.is_not(None))
        for who, points, rate in await session.execute(scored):
            won, share = float(points or 0.0), float(rate or 0.0)
            added = np.array([1, won > 0, share, won, won**2], np.float64)
            counted[kind, who] = counted.get((kind, who), np.zeros(5)) + added
    rows = (await session.scalars(select(Standing).where(Standing.season == ALL_TIME))).all()
    for community in {row.community_id for row in rows} | {EVERYWHERE}:
        grown = {
            (row.kind, row.forecaster_id): np.array(
                [row.n, row.hits, row.expected_hits, row.points, row.points_squared], np.float64
            )
            for row in rows
            if row.community_id == community
        }
        for key in grown.keys() | counted.keys():
            sums, right = grown.get(key, np.zeros(5)), counted.get(key, np.zeros(5))
            if not np.allclose(sums, right, rtol=1e-9, atol=1e-6):
                kind, who = key
                yield f"the standing of {kind.value} {who} is {sums} where {right} is right"
