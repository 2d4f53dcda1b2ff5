"""Whether anything was lost or doubled in a simulation that is over."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.simulation.community import HORIZON, World
from bot.simulation.failures import SomethingLost
from bot.simulation.platform import SimulatedPlatform
from storage.tables import Guess, Label, Post, Prediction, Reply, Snapshot
from storage.types import PostState, ReplyState

#: Problems of one kind that are named one by one; more are counted.
_NAMED = 5


async def audit(session: AsyncSession, world: World, platform: SimulatedPlatform) -> Counter[str]:
    """Check everything that was stored against what was made; count what there is.

    Raises:
        SomethingLost: something is missing or there twice; the message says what.
    """
    posts = (await session.scalars(select(Post).order_by(Post.id))).all()
    predictions = await _per_post(session, Prediction)
    labels = await _per_post(session, Label)
    unscored = set(
        await session.scalars(select(Prediction.post_id).where(Prediction.scored_at.is_(None)))
    )
    without_points = set(await session.scalars(select(Guess.post_id).where(Guess.points.is_(None))))
    replies = {row.post_id: row for row in await session.scalars(select(Reply))}
    problems: list[str] = []

    def expect(is_so: bool, post: Post, what: str) -> None:
        if not is_so:
            problems.append(f"{post.source_id} ({post.state.value}) {what}")

    stored = Counter(post.source_id for post in posts)
    problems += [f"{name} is stored {n} times" for name, n in stored.items() if n != 1]
    problems += [f"{name} is not stored" for name in sorted(world.by_source_id.keys() - stored)]
    problems += [f"{name} was replied to twice" for name in platform.doubled]
    for post in posts:
        made = world.by_source_id.get(post.source_id)
        if made is None:
            problems.append(f"{post.source_id} was never posted")
            continue
        reply = replies.get(post.id)
        said = reply is not None and reply.state in (ReplyState.SENT, ReplyState.SETTLED)
        heard = post.source_id in platform.replies
        scored = post.state is PostState.SCORED
        matured_at = post.posted_at + timedelta(seconds=HORIZON)
        expect(post.due_at is None, post, f"is still due at {post.due_at}")
        expect(
            post.state in (PostState.SCORED, PostState.REFUSED, PostState.WITHDRAWN),
            post,
            "did not come to an end",
        )
        expect((post.state is PostState.REFUSED) == made.broken, post, "was refused wrongly")
        if post.state is PostState.WITHDRAWN:
            expect(made.deleted_at is not None, post, "was withdrawn but never deleted")
        elif made.deleted_at is not None and not made.broken:
            expect(made.deleted_at > matured_at, post, "was deleted but not withdrawn")
        if scored:
            expect(predictions[post.id] == 1, post, f"has {predictions[post.id]} predictions")
            expect(post.id not in unscored, post, "has a prediction without a score")
            expect(post.id not in without_points, post, "has a guess without points")
        expect(labels[post.id] == int(scored), post, f"has {labels[post.id]} labels")
        expect(not (post.silent and heard), post, "is silent and was replied to")
        expect(heard or not said, post, "is noted as replied to and was not")
        if scored and not post.silent:
            expect(said and heard, post, "was not replied to")
    problems += [each async for each in _wrong_scores(session, world, platform)]
    if problems:
        shown = "; ".join(problems[:_NAMED])
        more = f"; and {len(problems) - _NAMED} more" if len(problems) > _NAMED else ""
        raise SomethingLost(f"Something was lost or doubled: {shown}{more}.")
    return Counter(
        {
            "posts": len(posts),
            **{state.value: n for state, n in Counter(post.state for post in posts).items()},
            "predictions": predictions.total(),
            "replies": len(platform.replies),
            "labels": labels.total(),
            "guesses": (await session.scalars(select(func.count()).select_from(Guess))).one(),
        }
    )


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
        shown = platform.score(world.by_source_id[source_id], taken_at)
        if score != shown:
            yield f"{source_id} has the score {score} where {shown} was shown"
