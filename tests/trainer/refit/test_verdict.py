"""What the gate is told about a challenge."""

from dataclasses import replace

import numpy as np

from tests.trainer.example_posts import learnable
from trainer.data.targets import soft_bins
from trainer.evaluation.forecasting import forecasts_of, intervals_of, ranking_of
from trainer.refit.challenge import _verdict


def test_the_community_that_loses_is_named() -> None:
    posts = replace(
        learnable(200),
        community=np.repeat([3, 7], [160, 40]),
        names={3: "r/dogs", 7: "r/cats"},
    )
    rows = np.arange(200)
    ranking = ranking_of(posts, rows)
    truth = soft_bins(intervals_of(posts, ranking))
    # Right in the one community, and the opposite of right in the other.
    challenger = np.where((posts.community == 3)[:, None], truth, truth[:, ::-1])
    base_rate = np.full((200, 10), 0.1)
    verdict = _verdict(
        posts,
        rows,
        forecasts_of(posts, rows, challenger, ranking),
        forecasts_of(posts, rows, base_rate, ranking),
        None,
    )
    assert not verdict.promote
    assert verdict.evidence["worst_community"] == 7
    assert verdict.reason.endswith("worse in r/cats.")
