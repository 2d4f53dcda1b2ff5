"""How forecasters are scored: proper scores for distributions, points for buckets."""

from dataclasses import dataclass

import numpy as np

from models.distribution import Floats, interval_target
from storage.types import Bucket
from trainer.metrics import brier_scores, log_losses, ranked_probability_scores


@dataclass(frozen=True, slots=True)
class ProperScores:
    """Scores of one prediction; lower is better for all three.

    Attributes:
        log: log loss against the label's percentile interval, nats (ln 10 ≈ 2.303 for uniform).
        rps: ranked probability score over the ten bins, 0 (certain and right) to 1.
        brier: Brier score over the three buckets, 0 to 2.
    """

    log: float
    rps: float
    brier: float


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
    predicted, target = bins[np.newaxis], interval_target(*percentile)[np.newaxis]
    happened = np.array([[float(bucket is each) for each in Bucket]])
    return ProperScores(
        log=float(log_losses(predicted, target)[0]),
        rps=float(ranked_probability_scores(predicted, target)[0]),
        brier=float(brier_scores(np.array([chances]), happened)[0]),
    )


def points(guess: Bucket, bucket: Bucket, base_rates: tuple[float, float, float]) -> float:
    """League points of a guess: 1/p − 1 when right, −1 when wrong.

    ``base_rates`` are P(low), P(medium), P(high) in the community; p is that of the guessed
    bucket, so that whoever always guesses the same one earns nothing in the long run.

    Raises:
        ValueError: the guessed bucket's base rate is not above 0.
    """
    rate = base_rates[list(Bucket).index(guess)]
    if rate <= 0:
        raise ValueError(f"the base rate of {guess} must be above 0")
    return 1 / rate - 1 if guess is bucket else -1.0
