"""What a community can be judged by, and every measure of a post at its horizon."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.platform import ScoreRead
from storage.engine.upsert import insert_unless_there
from storage.queries.posts import move_post
from storage.queries.waiting_scores import waiting_scores
from storage.tables import Community, Guess, Post, PostMeasures, WaitingScore
from storage.types import Measure, PlatformName, PostRefusal, PostState

#: What each platform tells of a post.
TOLD: Final[Mapping[PlatformName, tuple[Measure, ...]]] = {
    PlatformName.REDDIT: (Measure.SCORE, Measure.COMMENTS),
    PlatformName.DISCORD: (Measure.SCORE, Measure.FAVOURITES),
    PlatformName.LEMMY: (Measure.SCORE, Measure.COMMENTS),
    PlatformName.MASTODON: (Measure.SCORE, Measure.COMMENTS),
    PlatformName.BLUESKY: (Measure.SCORE, Measure.COMMENTS),
    PlatformName.WEB: (Measure.SCORE, Measure.FAVOURITES),
}


class MeasureRefused(Exception):
    """A community cannot be judged by that; the message says why."""


def measured(read: ScoreRead, measure: Measure) -> int | None:
    """What was read of a post by a measure; None: its platform did not tell."""
    match measure:
        case Measure.SCORE:
            return read.score
        case Measure.COMMENTS:
            return read.comments
        case Measure.FAVOURITES:
            return read.reactors


def keep_measures(session: Session, at_horizon: Sequence[tuple[Post, ScoreRead, float]]) -> None:
    """Store every measure of posts at their horizon, with what only we know of them.

    Args:
        session: a write session.
        at_horizon: posts, what their platform told of each, and their net upvotes at the horizon.
    """
    counted = (
        select(Guess.post_id, func.count().label("n"))
        .where(Guess.post_id.in_([post.id for post, _, _ in at_horizon]), Guess.held.is_(None))
        .group_by(Guess.post_id)
    )
    guesses = {row.post_id: row.n for row in session.execute(counted)}
    rows = [
        {
            "post_id": post.id,
            "community_id": post.community_id,
            "taken_at": read.at,
            "score": score,
            "comments": read.comments,
            "upvote_ratio": read.upvote_ratio,
            "reactors": read.reactors,
            "guesses": guesses.get(post.id, 0),
            "views": post.views if post.platform is PlatformName.WEB else None,
        }
        for post, read, score in at_horizon
    ]
    session.execute(insert_unless_there(session, PostMeasures), rows)


def judge_by(session: Session, community: Community, measure: Measure) -> bool:
    """Judge a community by a measure from now on; return whether that is a change.

    Labels stay what they are, and are compared with none by another measure. Final scores that
    wait for others to be compared with wait as what they are by the new measure.

    Raises:
        MeasureRefused: its platform does not tell it.
    """
    if measure not in TOLD[community.platform]:
        names = " or ".join(each.value for each in TOLD[community.platform])
        raise MeasureRefused(
            f"{community.name} cannot be judged by {measure.value}: its platform does not tell"
            f" that. It can be judged by {names}."
        )
    if community.measure is measure:
        return False
    community.measure = measure
    for row in waiting_scores(session, community.id):
        known = session.get(PostMeasures, row.post_id)
        value = None if known is None else stored_measure(known, measure)
        waiting = session.get_one(WaitingScore, row.post_id)
        if value is not None:
            waiting.score = value
            continue
        move_post(
            session, row.post_id, PostState.AWAITING_SCORE, state=PostState.REFUSED,
            refusal_code=PostRefusal.SCORE_MISSED, due_at=None,
        )  # fmt: skip
        session.execute(delete(WaitingScore).where(WaitingScore.post_id == row.post_id))
    return True


def stored_measure(known: PostMeasures, measure: Measure) -> float | None:
    """One of the measures that are stored of a post; None: its platform did not tell."""
    match measure:
        case Measure.SCORE:
            return known.score
        case Measure.COMMENTS:
            return known.comments
        case Measure.FAVOURITES:
            return known.reactors
