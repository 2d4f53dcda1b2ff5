"""The numbers that are shown of a prediction and of its outcome, without the sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from bot.serving.number_format import percent
from bot.texts.translate import mark
from models.attributes.read import Attributes
from models.distribution import Floats, mean_percentile, quantile
from models.experts import first_weights, named
from models.percentiles import BucketRule, Quantiles, Source, score_interval
from storage.queries.attributes import described
from storage.tables import Label, Prediction
from storage.types import Bucket


class Familiarity(StrEnum):
    """How well Peoria knows a place, by how much of a forecast is more than the base rate."""

    NEW = mark("hardly yet")
    LITTLE = mark("a little")
    FAIR = mark("fairly well")
    WELL = mark("well")


#: From which share on each word is said.
_FAMILIAR = (
    (0.8, Familiarity.WELL), (0.5, Familiarity.FAIR), (0.2, Familiarity.LITTLE),
)  # fmt: skip


def familiarity(known: float) -> Familiarity:
    """The word for a share, 0 to 1, of what is shown."""
    return next((word for least, word in _FAMILIAR if known >= least), Familiarity.NEW)


#: Of three chances that are even but for a point none is called the most probable.
_EVEN = 1 / 3 + 0.01


def likely_buckets(chances: Mapping[Bucket, float]) -> tuple[Bucket, ...]:
    """The most probable bucket, or two of them where people read the same number.

    None where all three are alike.

    Args:
        chances: of every bucket, 0 to 1.
    """
    most = max(chances.values())
    found = tuple(each for each in Bucket if percent(chances[each]) == percent(most))
    return () if most <= _EVEN or len(found) == len(Bucket) else found


@dataclass(frozen=True, slots=True)
class Place:
    """How well Peoria knows the community that a prediction is for.

    Attributes:
        known: how much of the prediction is more than the base rate, 0 to 1.
        tested: whether the votes of any prediction there have said anything about the experts.
    """

    known: float
    tested: bool

    @classmethod
    def of(cls, weights: Sequence[float], share: float) -> "Place":
        """By the weights of the experts, and the share of their mean that is shown."""
        first = first_weights(len(weights)).tolist()
        moved = max(abs(now - then) for now, then in zip(weights, first, strict=True))
        return cls(share * (1.0 - weights[0]), moved > 1e-9)

    @property
    def familiarity(self) -> Familiarity:
        """The word for it."""
        return familiarity(self.known)


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
        place: how well Peoria knows the community. None where no community's experts were asked,
            as for a file without a community.
        set_aside: sources of the post that it does not go by, because they are unlike all that
            was learned from (`models.support.SOURCES`).
        blank: the image holds no picture, so that nothing but the base rate is said.
        attributes: what people can read off the image; None where that was not stored.
        untrained: the model version learned from nothing, so that this is no prediction.
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
    place: Place | None = None
    set_aside: tuple[str, ...] = ()
    blank: bool = False
    attributes: Attributes | None = None
    untrained: bool = False

    @property
    def chances(self) -> dict[Bucket, float]:
        """The probability of each bucket."""
        return {Bucket.LOW: self.p_low, Bucket.MEDIUM: self.p_medium, Bucket.HIGH: self.p_high}

    @property
    def likely(self) -> tuple[Bucket, ...]:
        """The most probable bucket, two, or none: `likely_buckets`."""
        return likely_buckets(self.chances)

    @property
    def tells_beats(self) -> bool:
        """Whether there is a share of the community's posts to tell that it beats.

        There are enough posts to compare it with, and what is told is more than that anything
        may happen, of which 50% is always a fair share.
        """
        return self.quantiles == "community" and not self.blank and bool(self.likely)

    @property
    def bucket(self) -> Bucket:
        """The most probable bucket, which the model plays in the league; of equals the lower."""
        chances = self.chances
        # Rounded, so that rounding errors do not decide between equals.
        return max(chances, key=lambda bucket: round(chances[bucket], 9))


#: Of fewer posts than this no share is said: 67% of three posts sounds like knowledge.
ENOUGH_FOR_SHARES = 10


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
    #: How many other posts it beats, of how many, where these are too few for a share.
    beats_few: tuple[int, int] | None = None

    @property
    def right(self) -> bool | None:
        """Whether the prediction was right; None where that cannot be said.

        It cannot where there is nothing to compare with, and where the bucket is one of two that
        looked equally probable.
        """
        likely = self.card.likely
        if not self.told or not likely:
            return None
        if self.bucket in likely:
            return True if len(likely) == 1 else None
        return False


@dataclass(frozen=True, slots=True)
class OutcomeWaits:
    """The score is final, but its community has too few to compare it with yet.

    Attributes:
        card: the prediction.
        score: the final one.
        missing: how many more different scores are needed.
        needed: how many are needed in all.
    """

    card: Card
    score: float
    missing: int
    needed: int


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """Nobody knows what happened: the final score could not be read in time."""

    card: Card


#: What becomes of a prediction.
Ending: TypeAlias = Outcome | OutcomeWaits | OutcomeUnknown


def read_card(
    bins: Floats,
    quantiles: Quantiles,
    rule: BucketRule,
    model_version: str,
    *,
    place: Place | None = None,
    set_aside: tuple[str, ...] = (),
    blank: bool = False,
    attributes: Attributes | None = None,
    untrained: bool = False,
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
        place=place,
        set_aside=set_aside,
        blank=blank,
        attributes=attributes,
        untrained=untrained,
    )


def stored_card(prediction: Prediction, *, genre: str | None = None) -> Card:
    """The card as it was shown, from the stored prediction (with its model version loaded).

    Args:
        prediction: the stored one.
        genre: the one that counts for the post; None: what the image's attributes say.
    """
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
        place=_place(prediction),
        set_aside=tuple(prediction.set_aside or ()),
        blank=prediction.blank,
        attributes=_attributes(prediction, genre),
        untrained=prediction.model_version.labels == 0,
    )


def outcome(card: Card, label: Label) -> Outcome:
    """A stored label beside the prediction."""
    middle = (label.percentile_low + label.percentile_high) / 2
    told = label.percentile_low > 0 or label.percentile_high < 1
    return Outcome(card, label.score, middle, label.bucket, told, beats_few(label))


def beats_few(label: Label) -> tuple[int, int] | None:
    """How many other posts a label beats, of how many; None where a share (%) says it better."""
    others = label.others
    if others is None or others >= ENOUGH_FOR_SHARES:
        return None
    return round(label.percentile_low * (others + 1)), others


def _attributes(prediction: Prediction, genre: str | None) -> Attributes | None:
    stored = described(prediction.image.attributes, prediction.image.text_layout)
    if stored is None:
        return None
    found = Attributes.from_json(stored)
    return found if genre is None else found.with_genre(genre)


def _place(prediction: Prediction) -> Place | None:
    weights, share = prediction.weights, prediction.share
    if weights is None or share is None:
        return None
    names = named(len(weights))
    if weights.keys() != set(names):
        # Of other experts than today's: nobody has their weights without a label.
        return Place(share * (1.0 - weights["base"]), tested=True)
    return Place.of([weights[name] for name in names], share)


def _points(bins: Floats) -> tuple[float, float, float]:
    return quantile(bins, 0.1), quantile(bins, 0.5), quantile(bins, 0.9)
