"""What somebody's guesses and posts come to: points over time, how sure they are right, badges."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.league.intervals import Interval, wilson
from bot.serving.number_format import number, percent
from bot.serving.phrases import bucket_word
from bot.texts.translate import gettext as _
from storage.tables import Guess, Label, Post
from storage.types import Bucket, PostState

#: Newest guesses and posts that are looked at.
MOST = 2000
#: A badge is given for what chance alone would bring to one in forty (one-sided 97.5%).
SURE = 1.96
_ENOUGH_GUESSES, _ENOUGH_OF_ONE, _ENOUGH_POSTS = 20, 8, 5
#: Standard deviation of the percentile of a post that is like any other.
_SPREAD = 1 / math.sqrt(12)


@dataclass(frozen=True, slots=True)
class ScoredGuess:
    """A guess on a post whose score is final.

    Attributes:
        at: when the score was final.
        bucket: what was guessed.
        happened: what came.
        points: what it brought.
        base_rate: share of posts in the guessed bucket, 0 to 1: a hit by chance.
    """

    at: datetime
    bucket: Bucket
    happened: Bucket
    points: float
    base_rate: float


@dataclass(frozen=True, slots=True)
class BucketRecord:
    """How often one kind of guess was right."""

    bucket: Bucket
    n: int
    hits: int
    expected: float

    @property
    def rate(self) -> float:
        """The share of hits."""
        return self.hits / self.n

    @property
    def interval(self) -> Interval:
        """Of the rate, 95%."""
        return wilson(self.hits, self.n)

    @property
    def chance(self) -> float:
        """The share of hits that chance would have brought."""
        return self.expected / self.n


@dataclass(frozen=True, slots=True)
class Badge:
    """Something that chance does not explain."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class PersonRecord:
    """Everything that a person's page tells.

    Attributes:
        guesses: scored ones, the earliest first.
        by_bucket: how often each kind of guess was right; those that were never made are left out.
        posts: posts that people can see.
        labelled: those with a final score that was ranked.
        percentile: mean of their percentiles, 0 to 1; None: there are none.
        badges: what they earned.
    """

    guesses: Sequence[ScoredGuess]
    by_bucket: Sequence[BucketRecord]
    posts: int
    labelled: int
    percentile: float | None
    badges: Sequence[Badge]

    @property
    def points(self) -> Sequence[float]:
        """The sum of points after each guess."""
        return tuple(accumulate(each.points for each in self.guesses))


def read_record(session: Session, author_id: int) -> PersonRecord:
    """Read what somebody's guesses and posts come to."""
    rows = session.execute(
        select(Label.matured_at, Guess.bucket, Label.bucket, Guess.points, Guess.base_rate)
        .join(Label, Label.post_id == Guess.post_id)
        .where(Guess.author_id == author_id, Guess.points.is_not(None))
        .order_by(Label.matured_at.desc(), Guess.id.desc())
        .limit(MOST)
    ).all()
    guesses = [
        ScoredGuess(at, own, came, points, base or 0.0)
        for at, own, came, points, base in rows
        if points is not None
    ]
    guesses.reverse()
    shown = (
        Post.author_id == author_id,
        Post.hidden_at.is_(None),
        Post.state.not_in([PostState.REFUSED, PostState.WITHDRAWN]),
    )
    posts = len(session.scalars(select(Post.id).where(*shown).limit(MOST)).all())
    percentiles = [
        (low + high) / 2
        for low, high in session.execute(
            select(Label.percentile_low, Label.percentile_high)
            .join(Post, Post.id == Label.post_id)
            .where(*shown)
            .order_by(Label.matured_at.desc())
            .limit(MOST)
        )
    ]
    by_bucket = records_of(guesses)
    return PersonRecord(
        guesses=guesses,
        by_bucket=by_bucket,
        posts=posts,
        labelled=len(percentiles),
        percentile=sum(percentiles) / len(percentiles) if percentiles else None,
        badges=badges_of(guesses, by_bucket, percentiles),
    )


def records_of(guesses: Sequence[ScoredGuess]) -> list[BucketRecord]:
    """How often each kind of guess was right."""
    found = []
    for bucket in Bucket:
        own = [each for each in guesses if each.bucket is bucket]
        if own:
            hits = sum(each.happened is bucket for each in own)
            found.append(BucketRecord(bucket, len(own), hits, sum(each.base_rate for each in own)))
    return found


def badges_of(
    guesses: Sequence[ScoredGuess],
    by_bucket: Sequence[BucketRecord],
    percentiles: Sequence[float],
) -> list[Badge]:
    """What somebody did that chance alone would hardly do."""
    badges = []
    if len(guesses) >= _ENOUGH_GUESSES and _beyond_chance(guesses) >= SURE:
        hits = sum(each.happened is each.bucket for each in guesses)
        chance = sum(each.base_rate for each in guesses)
        badges.append(
            Badge(
                _("Knows the place"),
                _("{hits} of {guesses} right; chance brings {chance}.").format(
                    hits=hits, guesses=len(guesses), chance=number(chance, 1)
                ),
            )
        )
    for record in by_bucket:
        own = [each for each in guesses if each.bucket is record.bucket]
        if record.n >= _ENOUGH_OF_ONE and _beyond_chance(own) >= SURE:
            badges.append(
                Badge(
                    _("An eye for {bucket}").format(bucket=bucket_word(record.bucket)),
                    _("{hits} of {n} such guesses right; chance brings {expected}.").format(
                        hits=record.hits, n=record.n, expected=number(record.expected, 1)
                    ),
                )
            )
    if len(percentiles) >= _ENOUGH_POSTS:
        mean = sum(percentiles) / len(percentiles)
        if (mean - 0.5) * math.sqrt(len(percentiles)) / _SPREAD >= SURE:
            badges.append(
                Badge(
                    _("Crowd pleaser"),
                    _("{percentiles} posts beat {mean} of the others on average.").format(
                        percentiles=len(percentiles), mean=percent(mean)
                    ),
                )
            )
    return badges


def _beyond_chance(guesses: Sequence[ScoredGuess]) -> float:
    """How many standard deviations more hits there are than chance brings."""
    expected = sum(each.base_rate for each in guesses)
    variance = sum(each.base_rate * (1 - each.base_rate) for each in guesses)
    hits = sum(each.happened is each.bucket for each in guesses)
    return (hits - expected) / math.sqrt(variance) if variance > 0 else 0.0
