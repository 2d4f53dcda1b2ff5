"""The people of the made-up community who guess, each in their own way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bot.simulation.community import World
from storage.types import Bucket

#: Share of posts that a person guesses on, and the spread of a skilled person's error (log votes).
ACTIVITY, BLUR = 0.15, 0.8
#: Guesses come between these ages of a post, minutes; guessing closes after an hour.
FIRST_MINUTE, LAST_MINUTE = 10, 55

#: A bucket from the share of posts (0 to 1) that a person expects a post to beat, and from luck.
_Answer = Callable[[float, np.random.Generator], Bucket]


@dataclass(frozen=True, slots=True)
class Guesser:
    """A person who guesses: a name that says how, and the rule itself."""

    name: str
    answer: _Answer


@dataclass(frozen=True, slots=True)
class MadeGuess:
    """A guess that will be made."""

    person: str
    source_id: str
    bucket: Bucket
    at: datetime


def _bucket(share: float) -> Bucket:
    return Bucket.LOW if share < 1 / 3 else Bucket.MEDIUM if share < 2 / 3 else Bucket.HIGH


def _skilled(share: float, _: np.random.Generator) -> Bucket:
    return _bucket(share)


def _random(_: float, rng: np.random.Generator) -> Bucket:
    return list(Bucket)[rng.integers(3)]


def _contrary(share: float, _: np.random.Generator) -> Bucket:
    return _bucket(1 - share)


def _always(bucket: Bucket) -> _Answer:
    return lambda _share, _rng: bucket


GUESSERS = (
    *(Guesser(f"skilled {k}", _skilled) for k in (1, 2, 3)),
    *(Guesser(f"random {k}", _random) for k in (1, 2, 3)),
    *(Guesser(f"always {bucket.value}", _always(bucket)) for bucket in Bucket),
    Guesser("contrary", _contrary),
)


def guesses(world: World) -> list[MadeGuess]:
    """Every guess that people will make, in the order of making."""
    expected = np.array([post.expected for post in world.posts])
    made: list[MadeGuess] = []
    for number, person in enumerate(GUESSERS):
        rng = np.random.default_rng([world.seed, 4, number])
        seen = expected + rng.normal(0, BLUR, len(expected))
        shares = np.argsort(np.argsort(seen)) / max(len(seen), 1)
        active = rng.random(len(expected)) < ACTIVITY
        minutes = rng.uniform(FIRST_MINUTE, LAST_MINUTE, len(expected))
        for post in world.posts:
            if active[post.number]:
                bucket = person.answer(float(shares[post.number]), rng)
                at = post.posted_at + timedelta(minutes=float(minutes[post.number]))
                made.append(MadeGuess(person.name, post.source_id, bucket, at))
    return sorted(made, key=lambda guess: (guess.at, guess.person))
