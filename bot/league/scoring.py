"""How forecasters are scored: proper scores for distributions, points for buckets."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.distribution import UNIFORM, Floats, interval_target
from models.metrics import brier_scores, log_losses, ranked_probability_scores
from storage.types import Bucket


@dataclass(frozen=True, slots=True)
class ProperScores:
    """Scores of one prediction; lower is better for all.

    Attributes:
        log: log loss against the label's percentile interval, nats (ln 10 ≈ 2.303 for uniform).
        rps: ranked probability score over the ten bins, 0 (certain and right) to 1.
        brier: Brier score over the three buckets, 0 to 2.
        base_log: log loss of equal chances for all ten bins, the score of knowing nothing.
        base_rps: ranked probability score of the same.
    """

    log: float
    rps: float
    brier: float
    base_log: float
    base_rps: float


def score_prediction(
    bins: Floats,
    chances: tuple[float, float, float],
    percentile: tuple[float, float],
    bucket: Bucket,
) -> ProperScores:
    """Score a prediction against its label.

    Args:
        bins: float64[10], the predicted distribution over the percentile.
        chances: the predicted P(low), P(medium), P(high).
        percentile: the interval that the label covers, 0 to 1.
        bucket: the label's bucket.
    """
    # The prediction, and beside it equal chances for all bins.
    predicted = np.stack([bins, UNIFORM])
    target = interval_target(*percentile)[np.newaxis]
    logs, scores = log_losses(predicted, target), ranked_probability_scores(predicted, target)
    happened = np.array([[float(bucket is each) for each in Bucket]])
    return ProperScores(
        log=float(logs[0]),
        rps=float(scores[0]),
        brier=float(brier_scores(np.array([chances]), happened)[0]),
        base_log=float(logs[1]),
        base_rps=float(scores[1]),
    )


def points(guess: Bucket, bucket: Bucket, base_rates: tuple[float, float, float]) -> float:
    """League points of a guess: 1/p − 1 when right, −1 when wrong.

    ``base_rates`` are P(low), P(medium), P(high) in the community; p is that of the guessed
    bucket, so that always guessing the same bucket earns nothing in the long run.

    Raises:
        ValueError: the guessed bucket's base rate is not above 0.
    """
    rate = base_rate(guess, base_rates)
    if rate <= 0:
        raise ValueError(f"the base rate of {guess} must be above 0")
    return 1 / rate - 1 if guess is bucket else -1.0


def base_rate(guess: Bucket, base_rates: tuple[float, float, float]) -> float:
    """The probability (0 to 1) that a guess is right by chance; points are computed from it."""
    return base_rates[list(Bucket).index(guess)]


def shares(buckets: Sequence[Bucket]) -> tuple[float, float, float]:
    """Shares of low, medium and high among labels that are written together (0 to 1).

    Whoever guesses the same bucket on all of them earns nothing, exactly. A bucket without a label
    gets what `base_rates` would give it, because no base rate may be 0; where all are alike their
    share stays below 1.
    """
    counts, n = Counter(buckets), len(buckets)
    low, medium, high = (
        min(counts[bucket] / n, n / (n + 1)) if counts[bucket] else 1 / (n + 3) for bucket in Bucket
    )
    return low, medium, high


def base_rates(recent: Sequence[Bucket]) -> tuple[float, float, float]:
    """Shares of low, medium and high among a community's recent labels (0 to 1, sum 1).

    One label of each is added, so that no share is 0, none is 1, and the first posts count like
    even odds.
    """
    counts = Counter(recent)
    low, medium, high = (counts[bucket] + 1 for bucket in Bucket)
    total = low + medium + high
    return low / total, medium / total, high / total
