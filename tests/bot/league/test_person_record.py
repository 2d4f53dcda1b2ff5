from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.league.person_record import ScoredGuess, badges_of, records_of
from bot.web.points_chart import HEIGHT, WIDTH, draw_points
from storage.types import Bucket

START = datetime(2026, 11, 1, tzinfo=UTC)


def guesses(hits: int, misses: int, bucket: Bucket = Bucket.HIGH) -> list[ScoredGuess]:
    other = Bucket.LOW if bucket is not Bucket.LOW else Bucket.HIGH
    return [
        ScoredGuess(
            START + timedelta(hours=number), bucket, bucket if number < hits else other,
            2.0 if number < hits else -1.0, 1 / 3,
        )
        for number in range(hits + misses)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("hits", "misses", "names"),
    [
        (7, 13, []),  # as chance has it
        (12, 8, ["Knows the place", "An eye for high"]),
        (6, 2, ["An eye for high"]),
        (7, 0, []),  # too few to tell
    ],
)
def test_badges_are_for_what_chance_does_not_explain(
    hits: int, misses: int, names: list[str]
) -> None:
    made = guesses(hits, misses)
    assert [each.name for each in badges_of(made, records_of(made), [])] == names


def test_posts_that_beat_most_others_please_the_crowd() -> None:
    assert badges_of([], [], [0.9, 0.8, 0.7, 0.9, 0.8])[0].name == "Crowd pleaser"
    assert badges_of([], [], [0.9, 0.2, 0.7, 0.4, 0.6]) == []


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=400))
def test_the_chart_holds_every_sum(points: list[float]) -> None:
    chart = draw_points(points)
    assert chart is not None
    places = [tuple(map(float, each.split(","))) for each in chart.line.split()]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)
    assert places[0] == (0.0, chart.zero)
    assert places[-1] == chart.end
