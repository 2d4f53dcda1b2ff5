"""The numbers that are shown of a prediction and of its outcome, without the sentences."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from models.distribution import Floats, mean_percentile, quantile
from models.percentiles import BucketRule, Quantiles, Source, score_interval
from storage.tables import Label, Prediction
from storage.types import Bucket


class Familiarity(StrEnum):
    """How well Peoria knows a place, by how much of a forecast is more than the base rate."""

    NEW = "not yet"
    LITTLE = "a little"
    FAIR = "fairly well"
    WELL = "well"


#: From which share on each word is said.
_FAMILIAR = (
    (0.8, Familiarity.WELL), (0.5, Familiarity.FAIR), (0.2, Familiarity.LITTLE),
)  # fmt: skip


def familiarity(known: float) -> Familiarity:
    """The word for a share, 0 to 1, of what is shown."""
    return next((word for least, word in _FAMILIAR if known >= least), Familiarity.NEW)


@dataclass(frozen=True, slots=True)
class Card:
    """One prediction. Probabilities and percentiles are 0 to 1.

    Attributes:
        bins: probability of each of ten equal bins of the percentile.
        p_low: probability of the bucket low.
        p_medium: of medium.
        p_high: of high.
        percentile: 10%, 50% and 90% points of the percentile.
        beats: the share of the posts here that this one should beat: the mean percentile.
        score: 10%, 50% and 90% points of the score; None while there are no scores to read it
            from.
        quantiles: whose quantiles the score was read from.
        model_version: name of the version that predicted.
        known: how much of it is more than the base rate, 0 to 1: how well Peoria knows the place.
            None where no community's experts were asked, as for a file without a community.
    """

    bins: tuple[float, ...]
    p_low: float
    p_medium: float
    p_high: float
    percentile: tuple[float, float, float]
    beats: float
    score: tuple[float, float, float] | None
    quantiles: Source
    model_version: str
    known: float | None = None

    @property
    def familiarity(self) -> Familiarity | None:
        """How well Peoria knows the place; None where no community's experts were asked."""
        return None if self.known is None else familiarity(self.known)

    @property
    def bucket(self) -> Bucket:
        """The most probable bucket; of equals, the lower one."""
        chances = {Bucket.LOW: self.p_low, Bucket.MEDIUM: self.p_medium, Bucket.HIGH: self.p_high}
        # Rounded, so that rounding errors do not decide between equals.
        return max(chances, key=lambda bucket: round(chances[bucket], 9))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What really happened to a post."""

    card: Card
    score: float
    #: Middle of the percentile interval that the score covers, 0 to 1.
    percentile: float
    bucket: Bucket
    #: False while there is no other score to compare it with: then the bucket says nothing.
    told: bool = True


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """Nobody knows what happened: the final score could not be read in time."""

    card: Card


def read_card(
    bins: Floats,
    quantiles: Quantiles,
    rule: BucketRule,
    model_version: str,
    known: float | None = None,
) -> Card:
    """Read a distribution (float64[10]) through a community's quantiles and bucket rule."""
    p_low, p_medium, p_high = rule.probabilities(bins, quantiles)
    return Card(
        bins=tuple(float(value) for value in bins),
        p_low=p_low,
        p_medium=p_medium,
        p_high=p_high,
        percentile=_points(bins),
        beats=mean_percentile(bins),
        score=score_interval(bins, quantiles),
        quantiles=quantiles.source,
        model_version=model_version,
        known=known,
    )


def stored_card(prediction: Prediction) -> Card:
    """The card as it was shown, from the stored prediction (with its model version loaded)."""
    bins = np.asarray(prediction.bins, np.float64)
    points = (prediction.score_p10, prediction.score_median, prediction.score_p90)
    return Card(
        bins=tuple(prediction.bins),
        p_low=prediction.p_low,
        p_medium=prediction.p_medium,
        p_high=prediction.p_high,
        percentile=_points(bins),
        beats=mean_percentile(bins),
        score=None if None in points else points,  # type: ignore[arg-type]
        quantiles=prediction.quantiles,  # type: ignore[arg-type]
        model_version=prediction.model_version.name,
        known=_known(prediction),
    )


def outcome(card: Card, label: Label) -> Outcome:
    """A stored label beside the prediction."""
    middle = (label.percentile_low + label.percentile_high) / 2
    told = label.percentile_low > 0 or label.percentile_high < 1
    return Outcome(card, label.score, middle, label.bucket, told)


def _known(prediction: Prediction) -> float | None:
    if prediction.weights is None or prediction.share is None:
        return None
    return prediction.share * (1.0 - prediction.weights["base"])


def _points(bins: Floats) -> tuple[float, float, float]:
    return quantile(bins, 0.1), quantile(bins, 0.5), quantile(bins, 0.9)
