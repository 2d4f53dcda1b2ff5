"""How good advice was: predictions that were stored before their labels, beside what came."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.serving.pair_record import MOST_POSTS, PairRecord, pair_record
from models.distribution import mean_percentile
from storage.tables import Label, Post, Prediction

#: Newest labels among which predictions are looked for: imported posts have a label and none.
_LABELS_LOOKED_AT = 4_000


@dataclass(frozen=True, slots=True)
class ScoredPost:
    """A prediction that was stored before its label: what it said, and what came.

    Attributes:
        beats: the share of the posts that it should have beaten, 0 to 1.
        score: the final one.
        percentile: its place among the community's posts, 0 to 1.
        community: id of its community.
    """

    beats: float
    score: float
    percentile: float
    community: int


def ranking_record(
    scored: Sequence[ScoredPost], gap: float | None
) -> tuple[PairRecord, PairRecord | None]:
    """How often the better of two posts of a community was called.

    Args:
        scored: the posts.
        gap: by how much the predictions of the pairs of the second record differ, about.

    Returns:
        for all pairs, and for such pairs alone; None: no gap was given, or they are too few.
    """
    predicted, community = _beats(scored), _communities(scored)
    scores = np.array([each.score for each in scored], np.float64)
    record = pair_record(predicted, scores, community)
    if not gap:
        return record, None
    near = pair_record(predicted, scores, community, gap=gap)
    return record, None if near.right is None else near


def placing_record(scored: Sequence[ScoredPost]) -> PairRecord:
    """How often the better of two posts of different communities was called, each by its own."""
    percentiles = np.array([each.percentile for each in scored], np.float64)
    return pair_record(_beats(scored), percentiles, _communities(scored), across=True)


def _beats(scored: Sequence[ScoredPost]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([each.beats for each in scored], np.float64)


def _communities(scored: Sequence[ScoredPost]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array([each.community for each in scored], np.int64)


def scored_in(session: Session, *, communities: Sequence[int]) -> list[ScoredPost]:
    """The newest posts with a prediction and a label, as many of each community."""
    most = MOST_POSTS // max(len(communities), 1)
    if not most:
        # Too many to compare all: the oldest communities stand for the others.
        communities, most = communities[:MOST_POSTS], 1
    return [
        each
        for community_id in communities
        for each in scored_posts(session, community_id=community_id, most=most)
    ]


def scored_posts(
    session: Session, *, community_id: int | None, most: int = MOST_POSTS
) -> list[ScoredPost]:
    """The newest posts with a prediction and a label; of all communities without one.

    What it costs does not grow with the number of labels: only the newest are looked at.
    """
    newest = (
        select(Label.post_id, Label.matured_at)
        .order_by(Label.matured_at.desc())
        .limit(_LABELS_LOOKED_AT)
    )
    if community_id is not None:
        newest = newest.where(Label.community_id == community_id)
    label = newest.subquery()
    # The first prediction of a post is the one that people saw.
    first = (
        select(func.min(Prediction.id).label("id"), label.c.matured_at)
        .join(label, label.c.post_id == Prediction.post_id)
        .where(Prediction.scored_at.is_not(None))
        .group_by(Prediction.post_id, label.c.matured_at)
        .order_by(label.c.matured_at.desc())
        .limit(most)
        .subquery()
    )
    query = (
        select(Prediction.bins, Label.score, Label.percentile_low, Label.percentile_high,
               Label.community_id)
        .join(first, first.c.id == Prediction.id)
        .join(Label, Label.post_id == Prediction.post_id)
    )  # fmt: skip
    return [
        ScoredPost(
            mean_percentile(np.asarray(row.bins, np.float64)),
            row.score,
            (row.percentile_low + row.percentile_high) / 2,
            row.community_id,
        )
        for row in session.execute(query)
    ]


def posting_times(
    session: Session, *, community_id: int | None, since: datetime | None
) -> list[tuple[datetime, float, int]]:
    """When the newest labelled posts were posted, their scores, and their communities.

    Args:
        session: a read session.
        community_id: of this community only; None: of all.
        since: only labels that matured later, which the champion did not learn from: of the others
            it knows how their hours did. None: it learned from none.
    """
    query = (
        select(Post.posted_at, Label.score, Label.community_id)
        .join(Label, Label.post_id == Post.id)
        .order_by(Label.matured_at.desc())
        .limit(MOST_POSTS)
    )
    if community_id is not None:
        query = query.where(Label.community_id == community_id)
    if since is not None:
        query = query.where(Label.matured_at > since)
    return [(row.posted_at, row.score, row.community_id) for row in session.execute(query)]
