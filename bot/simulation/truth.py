"""What the made-up community likes: the known truth behind every score.

The logarithm of a post's votes is a sum of what is to be seen, what is said, when it is posted and
by whom, and luck. How much each part counts is fixed here; what the community likes in each (cats
or cities, warm colours or cold ones) is drawn from the seed. Stickers on a picture mean
nothing: they are noise.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bot.simulation.memes import Palette, Scene

Numbers: TypeAlias = NDArray[np.float64]

#: Standard deviations of the parts of log votes, over all posts of a world.
IMAGE, TITLE, TIME, AUTHOR, LUCK = 0.7, 0.4, 0.3, 0.5, 1.0
#: Mean of log votes: about twenty.
LEVEL = 3.0
#: A reply in the first minute of a post's life multiplies its votes by this.
LIFT = 1.2
#: Votes of a post are counted from here: as many people vote it down as a matter of course.
VOTED_DOWN = 1


@dataclass(frozen=True, slots=True)
class Visible:
    """What the truth looks at, a column for each post."""

    scene: NDArray[np.int64]
    palette: NDArray[np.int64]
    caption_words: Numbers
    topic: NDArray[np.int64]
    question: NDArray[np.bool_]
    shouted: NDArray[np.bool_]
    hour: Numbers
    weekend: NDArray[np.bool_]
    author: NDArray[np.int64]


def expected_log_votes(
    visible: Visible, *, topics: int, authors: int, rng: np.random.Generator
) -> Numbers:
    """The mean of each post's log votes without a reply, before luck.

    Args:
        visible: of ``n`` posts.
        topics: how many there are to write about.
        authors: how many there are.
        rng: draws the community's taste.
    """
    scenes, palettes = len(Scene), len(Palette)
    likes_scene, likes_palette = rng.normal(size=scenes), rng.normal(size=palettes)
    # Neon cats may do better than either of the two would make one think.
    likes_both = rng.normal(size=(scenes, palettes))
    best_caption = rng.uniform(0, 12)
    image: Numbers = (
        likes_scene[visible.scene]
        + 0.7 * likes_palette[visible.palette]
        + 0.5 * likes_both[visible.scene, visible.palette]
        - 0.7 * _standard(np.square(visible.caption_words - best_caption))
    )
    title = (
        rng.normal(size=topics)[visible.topic]
        + 0.7 * _sign(rng) * _standard(visible.question)
        + 0.7 * _sign(rng) * _standard(visible.shouted)
    )
    peak = rng.uniform(0, 24)
    time = np.cos(2 * math.pi * (visible.hour - peak) / 24) + 0.5 * _sign(rng) * visible.weekend
    author = rng.normal(size=authors)[visible.author]
    parts = zip((image, title, time, author), (IMAGE, TITLE, TIME, AUTHOR), strict=True)
    return LEVEL + sum((spread * _standard(part) for part, spread in parts), np.zeros(len(image)))


def grown(age_seconds: float, horizon_seconds: int, pace_seconds: float) -> float:
    """The share of its votes at the horizon that a post has at some age; above 1 beyond it.

    Args:
        age_seconds: 0 or more.
        horizon_seconds: the age at which the share is 1.
        pace_seconds: how slowly votes come: two thirds of all there will ever be have by then.
    """
    if age_seconds <= 0:
        return 0.0
    return math.expm1(-age_seconds / pace_seconds) / math.expm1(-horizon_seconds / pace_seconds)


def score_of(votes: float) -> int:
    """The score that is shown for a number of votes."""
    return round(votes) - VOTED_DOWN


def _standard(values: NDArray[np.float64] | NDArray[np.bool_]) -> Numbers:
    """Values at mean 0 and standard deviation 1; all 0 where they are alike."""
    numbers: Numbers = values.astype(np.float64)
    standard: Numbers = (numbers - numbers.mean()) / (float(numbers.std()) or 1.0)
    return standard


def _sign(rng: np.random.Generator) -> float:
    return 1.0 if rng.random() < 0.5 else -1.0
