"""The first scores of a community: no label until there are others to compare them with.

Low, medium and high say where a score stands among others. Until a community has a stated number
of different final scores (`PEORIA_SCORES_TO_COMPARE`), its posts keep their state and their score
waits (`WaitingScore`): no verdict, no points, nothing to learn from. When history is there, they
get their labels together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot.labels.ranking import rank_next, rank_together
from bot.labels.write import NewLabel, seen_before, windows_of, write_labels
from bot.serving.score_scale import bucket_rule
from storage.engine.upsert import insert_unless_there
from storage.queries.posts import load_posts, move_posts
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
    session: Session,
    final: Sequence[tuple[Post, float]],
    *,
    rules: LabelRules,
    now: datetime,
) -> int:
    """Write the labels of posts, or have their scores wait; return how many labels were written.

    Args:
        session: a write session.
        final: posts of one community that wait for their score, with all that
            `storage.queries.posts.load_post` loads, and the score of each at the horizon.
        rules: how many different scores are needed, and how seasons are counted.
        now: aware.
    """
    community = final[0][0].community
    rule = bucket_rule(community)
    windows = windows_of(session, community, [_matured_at(post) for post, _ in final])
    # Who comes after one that waits, waits with it.
    have_to_wait = bool(waiting_scores(session, community.id))
    new: list[NewLabel] = []
    late: list[dict[str, Any]] = []
    for post, score in final:
        matured_at = _matured_at(post)
        before = seen_before(windows, matured_at)
        if have_to_wait or len({score, *(each.score for each in before)}) < rules.needed:
            have_to_wait = True
            late.append(
                {
                    "post_id": post.id,
                    "community_id": community.id,
                    "score": score,
                    "matured_at": matured_at,
                }
            )
            continue
        rank = rank_next(score, before, rule)
        new.append(NewLabel(post, score, matured_at, rank))
        windows.add(matured_at, post.id, score, rank.bucket)
    if late:
        session.execute(insert_unless_there(session, WaitingScore), late)
    if new:
        _write(session, new, rules=rules, now=now)
    return len(new)


def label_waiting(session: Session, community_id: int, *, rules: LabelRules, now: datetime) -> int:
    """Write labels of scores that waited, if their community has enough now; return how many.

    At most `BATCH`, the oldest first; all are ranked among all, so that the batches do not matter.
    """
    waiting = waiting_scores(session, community_id)
    if not waiting:
        return 0
    community = session.get_one(Community, community_id)
    last = waiting[-1].matured_at
    history = seen_before(windows_of(session, community, [last]), last)
    scores = [row.score for row in waiting]
    if len({*scores, *(each.score for each in history)}) < rules.needed:
        return 0
    rule = bucket_rule(community)
    ranks = (
        [rank_next(scores[0], history, rule)]
        if len(scores) == 1
        else rank_together(scores, history, rule)
    )
    now_labelled = list(zip(waiting, ranks, strict=True))[:BATCH]
    ids = [row.post_id for row, _ in now_labelled]
    new = [
        NewLabel(post, row.score, row.matured_at, rank)
        for post, (row, rank) in zip(load_posts(session, ids), now_labelled, strict=True)
    ]
    _write(session, new, rules=rules, now=now)
    session.execute(delete(WaitingScore).where(WaitingScore.post_id.in_(ids)))
    return len(new)


def _write(session: Session, new: Sequence[NewLabel], *, rules: LabelRules, now: datetime) -> None:
    write_labels(session, new, now=now, season_time_zone=rules.season_time_zone)
    # Due at once: what remains is to show the outcome.
    step = {"state": PostState.SETTLING, "due_at": now, "tries": 0}
    move_posts(session, PostState.AWAITING_SCORE, {each.post.id: step for each in new})


def _matured_at(post: Post) -> datetime:
    return post.posted_at + timedelta(seconds=post.community.horizon_seconds)
