from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core import Core
from bot.reports.calibration import calibration_points
from bot.reports.stats import read_stats
from storage.tables import Label, Post, Prediction
from storage.types import Bucket
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import row


@pytest.mark.usefixtures("post")
async def test_calibration_is_of_the_newest_scored_predictions(
    core: Core, clock: FakeClock
) -> None:
    async with core.database.write() as session:
        for number in range(2, 6):
            session.add(row(Post, id=number, source_id=f"p{number}"))
            await session.flush()
            session.add(
                row(Label, post_id=number, bucket=Bucket.HIGH if number > 2 else Bucket.LOW,
                    matured_at=clock() - timedelta(hours=number))
            )  # fmt: skip
            scored = {} if number == 5 else {
                "scored_at": clock(), "log_score": 2.0, "rps": 0.1, "brier": 0.5,
            }  # fmt: skip
            session.add(
                row(Prediction, id=number, post_id=number, p_low=0.1, p_medium=0.15, p_high=0.75,
                    **scored)
            )  # fmt: skip
    async with core.database.read() as session:
        stats = await read_stats(session, community_id=1, days=7, now=clock())
    (point,) = stats.calibration
    assert (point.n, point.confidence) == (3, pytest.approx(0.75))
    assert point.happened == pytest.approx(2 / 3)


@given(st.lists(st.tuples(st.sampled_from(list(Bucket)), st.integers(1, 99), st.integers(1, 99))))
def test_calibration_counts_every_post_once(posts: list[tuple[Bucket, int, int]]) -> None:
    outcomes = [
        (bucket, (a / (a + b + 7), b / (a + b + 7), 7 / (a + b + 7))) for bucket, a, b in posts
    ]
    points = calibration_points(outcomes)
    assert sum(point.n for point in points) == len(posts)
    confidences = [point.confidence for point in points]
    assert confidences == sorted(confidences)
    for point in points:
        assert point.interval[0] <= point.happened <= point.interval[1]
