"""The first scores of a community: no label until there are others to compare them with.

Low, medium and high say where a score stands among others. Until a community has a stated number
of different final scores (`PEORIA_SCORES_TO_COMPARE`), its posts keep their state and their score
waits (`WaitingScore`): no verdict, no points, nothing to learn from. When history is there, they
get their labels together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot.labels.ranking import rank_next, rank_together
from bot.labels.write import history_before, write_label
from bot.serving.score_scale import bucket_rule
from storage.engine.upsert import insert_if_new
from storage.queries.posts import load_post, move_post
from storage.queries.waiting_scores import waiting_scores
from storage.tables import Community, Post, WaitingScore
from storage.types import PostState

#: Labels that are written in one transaction.
BATCH = 100


@dataclass(frozen=True, slots=True)
class LabelRules:
    """What labels are written by.

    Attributes:
        season_time_zone: the one that the league's seasons are counted by.
        needed: different final scores that a community needs before anything is told of them.
    """

    season_time_zone: str = "UTC"
    needed: int = 1


def label_or_wait(
    session: Session, post: Post, score: float, *, rules: LabelRules, now: datetime
) -> bool:
    """Write the label of a post, or have its score wait; return whether the label was written.

    Args:
        session: a write session.
        post: waiting for its score, with all that `storage.queries.posts.load_post` loads.
        score: at the horizon.
        rules: how many different scores are needed, and how seasons are counted.
        now: aware.
    """
    matured_at = post.posted_at + timedelta(seconds=post.community.horizon_seconds)
    history = history_before(session, post.community, matured_at)
    if waiting_scores(session, post.community_id) or (
        len({score, *(each.score for each in history)}) < rules.needed
    ):
        insert_if_new(
            session, WaitingScore, post_id=post.id, community_id=post.community_id, score=score,
            matured_at=matured_at,
        )  # fmt: skip
        return False
    rank = rank_next(score, history, bucket_rule(post.community))
    write_label(session, post, score, now=now, season_time_zone=rules.season_time_zone, rank=rank)
    _moved_on(session, post.id, now)
    return True


def label_waiting(session: Session, community_id: int, *, rules: LabelRules, now: datetime) -> int:
    """Write labels of scores that waited, if their community has enough now; return how many.

    At most `BATCH`, the oldest first; all are ranked among all, so that the batches do not matter.
    """
    waiting = waiting_scores(session, community_id)
    if not waiting:
        return 0
    community = session.get_one(Community, community_id)
    history = history_before(session, community, waiting[-1].matured_at)
    scores = [row.score for row in waiting]
    if len({*scores, *(each.score for each in history)}) < rules.needed:
        return 0
    rule = bucket_rule(community)
    ranks = (
        [rank_next(scores[0], history, rule)]
        if len(scores) == 1
        else rank_together(scores, history, rule)
    )
    for row, rank in list(zip(waiting, ranks, strict=True))[:BATCH]:
        post = load_post(session, row.post_id)
        assert post is not None  # noqa: S101 - its score goes with it
        write_label(
            session, post, row.score, now=now, season_time_zone=rules.season_time_zone,
            matured_at=row.matured_at, rank=rank,
        )  # fmt: skip
        _moved_on(session, post.id, now)
        session.execute(delete(WaitingScore).where(WaitingScore.post_id == post.id))
    return min(len(waiting), BATCH)


def _moved_on(session: Session, post_id: int, now: datetime) -> None:
    # Due at once: what remains is to show the outcome.
    move_post(
        session, post_id, PostState.AWAITING_SCORE,
        state=PostState.SETTLING, due_at=now, tries=0,
    )  # fmt: skip
