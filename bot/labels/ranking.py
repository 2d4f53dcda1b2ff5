"""Where a final score stands among others: its percentiles, its bucket, and the base rates.

A score is ranked among the labels before it. The first scores of a community, which waited for
each other, are ranked together, each among all others.

One rule for ties: posts with the same score share their percentiles, and so their bucket, which is
that of the middle. As others come, the middle may pass the end of a bucket; a score that was seen
before then keeps its bucket for as long as its percentiles still reach into it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.league.scoring import base_rates, shares
from models.percentiles import BucketRule, tie_interval
from storage.types import Bucket


class Seen(NamedTuple):
    """The score and the bucket of an earlier label."""

    score: float
    bucket: Bucket


@dataclass(frozen=True, slots=True)
class Rank:
    """Where a score stands.

    Attributes:
        low: lower end of the percentile interval that it covers, 0 to 1.
        high: upper end.
        bucket: the one it fell into.
        rates: shares of low, medium and high by which points are counted.
        others: how many scores it was ranked among.
    """

    low: float
    high: float
    bucket: Bucket
    rates: tuple[float, float, float]
    others: int


def rank_next(score: float, before: Sequence[Seen], rule: BucketRule) -> Rank:
    """Rank one score among the labels before it.

    Args:
        score: the score.
        before: the community's newest labels, the newest first.
        rule: its buckets.
    """
    interval = tie_interval(score, sorted(each.score for each in before))
    return Rank(
        *interval,
        _bucket(score, interval, before, rule),
        base_rates([b.bucket for b in before]),
        len(before),
    )


def rank_together(scores: Sequence[float], before: Sequence[Seen], rule: BucketRule) -> list[Rank]:
    """Rank scores that waited for each other, each among all the others and the labels before.

    Their base rates are their own shares, so that nobody earns by guessing one bucket on all.
    """
    everything = sorted([*scores, *(each.score for each in before)])
    found = []
    for score in scores:
        others = everything.copy()
        others.remove(score)
        interval = tie_interval(score, others)
        found.append((interval, _bucket(score, interval, before, rule)))
    rates = shares([*(bucket for _, bucket in found), *(each.bucket for each in before)])
    return [Rank(*interval, bucket, rates, len(everything) - 1) for interval, bucket in found]


def _bucket(
    score: float, interval: tuple[float, float], before: Sequence[Seen], rule: BucketRule
) -> Bucket:
    low, high = interval
    if rule.low_up_to is None:
        same = next((each.bucket for each in before if each.score == score), None)
        reaches = {
            Bucket.LOW: low < 1 / 3,
            Bucket.MEDIUM: low < 2 / 3 and high > 1 / 3,
            Bucket.HIGH: high > 2 / 3,
        }
        if same is not None and reaches[same]:
            return same
    return Bucket(rule.bucket(score, (low + high) / 2))
