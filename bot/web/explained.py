"""One example for each figure that needs one, worked out by the code that measures.

Shown behind "What is this?", with a small chart.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from models.metrics import ranked_probability_scores

#: Chances of low, medium and high of one post, which came out high; and what plain guessing says.
FORECAST, CAME, PLAIN = (0.2, 0.3, 0.5), (0.0, 0.0, 1.0), (1 / 3, 1 / 3, 1 / 3)
#: Of ten pairs of posts, those that were put in the right order.
PAIRS, RIGHT_PAIRS = 10, 7
#: Groups of posts: the chance that was given, how many there are, and how many came true.
GROUPS = ((0.7, 10, 5), (0.2, 30, 6))


@dataclass(frozen=True, slots=True)
class Examples:
    """What the examples come to.

    Attributes:
        gaps: by how much the summed chances miss what came, at either border of the thirds.
        rps: ranked probability score of the forecast.
        plain_rps: of plain guessing.
        skill: share of the plain score that is saved.
        groups: chance given, posts, how many came true, share that came true.
        ece: how far chances are from what happens, over all groups.
    """

    gaps: tuple[float, ...]
    rps: float
    plain_rps: float
    skill: float
    groups: tuple[tuple[float, int, int, float], ...]
    ece: float
    pairs: int = PAIRS
    right_pairs: int = RIGHT_PAIRS


@cache
def examples() -> Examples:
    """Work the examples out."""
    came = np.array([CAME])
    rps, plain = (
        float(ranked_probability_scores(np.array([each]), came)[0]) for each in (FORECAST, PLAIN)
    )
    gaps = np.abs(np.cumsum(FORECAST) - np.cumsum(CAME))[:-1]
    posts = sum(n for _, n, _ in GROUPS)
    return Examples(
        gaps=tuple(map(float, gaps)),
        rps=rps,
        plain_rps=plain,
        skill=1 - rps / plain,
        groups=tuple((said, n, hits, hits / n) for said, n, hits in GROUPS),
        ece=sum(n * abs(said - hits / n) for said, n, hits in GROUPS) / posts,
    )
