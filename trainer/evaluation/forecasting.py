"""Forecasts of labelled posts: predictions beside the results, by each community's buckets."""

import numpy as np
from numpy.typing import NDArray

from models.head import Head
from models.percentiles import BucketRule
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.reference import Reference
from trainer.data.splits import Parts
from trainer.data.targets import Intervals, Ranking
from trainer.evaluation.figures import Forecasts

#: Posts predicted at once.
_CHUNK = 8192


def ranking_of(posts: LabelledPosts, rows: NDArray[np.intp]) -> Ranking:
    """What posts are ranked among when ``rows`` are the training labels."""
    return Ranking(posts.score[rows], posts.community[rows], posts.platform[rows])


def intervals_of(posts: LabelledPosts, ranking: Ranking) -> Intervals:
    """Percentile intervals of all posts."""
    return ranking.intervals(posts.score, posts.community, posts.platform)


def predict_rows(head: Head, posts: LabelledPosts, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Predictions of some posts, float64 [n, 10], a chunk in memory at a time."""
    found = [np.empty((0, 10))]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        found.append(head.predict_groups({name: g[chunk] for name, g in posts.groups.items()}))
    return np.concatenate(found)


def forecasts_of(
    posts: LabelledPosts,
    rows: NDArray[np.intp],
    bins: NDArray[np.float64],
    ranking: Ranking,
) -> Forecasts:
    """Predictions ``bins`` [n, 10] of some posts beside their results."""
    communities, platforms = posts.community[rows], posts.platform[rows]
    cuts, base = np.empty((len(rows), 2)), np.empty((len(rows), 3))
    bucket = np.empty(len(rows), np.int64)
    for community in np.unique(communities):
        own = np.flatnonzero(communities == community)
        rule = posts.rules.get(int(community), BucketRule())
        reference = Reference(ranking.reference(int(community), str(platforms[own[0]])))
        cuts[own], base[own] = reference.cuts(rule), reference.base(rule)
        bucket[own] = reference.buckets(posts.score[rows][own], rule)
    scores = posts.score[rows]
    intervals = ranking.intervals(scores, communities, platforms)
    return Forecasts(bins, scores, communities, intervals, cuts, bucket, base)


def judge_parts(posts: LabelledPosts, parts: Parts, bins: NDArray[np.float64]) -> Forecasts:
    """Predictions of the judged part beside the results, ranked among the first two parts."""
    ranking = ranking_of(posts, np.concatenate([parts.fit, parts.stop]))
    return forecasts_of(posts, parts.judge, bins, ranking)
