import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.author_record import AuthorRecord, EarlierPost, author_columns, author_record

HOUR = 3600.0
DAY = 24 * HOUR
NOW = 1_800_000_000.0

earlier_posts = st.lists(
    st.builds(
        EarlierPost,
        st.integers(0, 100).map(lambda hours: NOW - 1 - hours * HOUR),
        st.none() | st.integers(0, 1_000_000),
    ),
    max_size=12,
)


def record(*posts: tuple[float, int | None]) -> AuthorRecord:
    """Of posts made so many hours ago."""
    earlier = [EarlierPost(NOW - hours * HOUR, millionths) for hours, millionths in posts]
    return author_record(earlier, moment=NOW, waits_since=NOW - DAY)


def test_a_stranger_has_the_empty_record_and_neutral_columns() -> None:
    assert record() == AuthorRecord.empty()
    columns = author_columns(AuthorRecord.empty(), 0.3)
    assert columns.pop("author_gap") == pytest.approx(math.log1p(365 * 24))
    assert set(columns.values()) == {0.0}
    # Of a stranger nothing is said about the community, either.
    assert author_columns(AuthorRecord.empty(), 0.9) == author_columns(AuthorRecord.empty(), 0.1)


def test_a_record_says_how_earlier_posts_did() -> None:
    found = record((100, 200_000), (50, 800_000), (30, 500_000), (2, None))
    assert (found.n, found.posts, found.waiting, found.gap_hours) == (3, 4, 1, 2.0)
    assert found.mean == pytest.approx(0.5)
    assert (found.last, found.best, found.worst) == (0.5, 0.8, 0.2)
    assert found.recent == pytest.approx((0.49 * 0.2 + 0.7 * 0.8 + 0.5) / (0.49 + 0.7 + 1))


def test_newer_posts_weigh_more() -> None:
    assert record((90, 100_000), (30, 900_000)).recent > 0.5
    assert record((90, 900_000), (30, 100_000)).recent < 0.5


def test_a_post_without_a_label_waits_until_the_horizon_and_no_longer() -> None:
    assert record((23.9, None)).waiting == 1
    assert record((24, None)).waiting == 0
    assert record((24, None)).posts == 1


def test_who_was_away_for_a_year_is_as_away_as_somebody_who_never_came() -> None:
    long_ago = author_columns(record((400 * 24, None)), 0.5)
    assert long_ago["author_gap"] == author_columns(AuthorRecord.empty(), 0.5)["author_gap"]


def test_of_posts_at_the_same_time_the_better_one_is_the_last() -> None:
    assert record((30, 900_000), (30, 100_000)).last == 0.9
    assert record((30, 100_000), (30, 900_000), (30, None)).last == 0.9


def test_means_are_pulled_towards_the_community_while_there_are_few_posts() -> None:
    def above(n: int) -> float:
        return author_columns(record(*[(30, 900_000)] * n), 0.4)["author_above"]

    assert 0 < above(1) < above(5) < above(20) < 0.5


@given(earlier_posts, st.randoms(use_true_random=False))
def test_the_order_in_which_posts_are_handed_in_changes_nothing(
    posts: list[EarlierPost], rng: random.Random
) -> None:
    shuffled = rng.sample(posts, len(posts))
    assert author_record(shuffled, moment=NOW, waits_since=NOW - DAY) == author_record(
        posts, moment=NOW, waits_since=NOW - DAY
    )


@given(earlier_posts, st.floats(0, 1))
def test_every_record_is_in_its_ranges(posts: list[EarlierPost], community: float) -> None:
    found = author_record(posts, moment=NOW, waits_since=NOW - DAY)
    assert 0 <= found.worst <= found.last <= found.best <= 1
    tiny = 1e-9
    assert found.worst - tiny <= found.recent <= found.best + tiny
    assert found.worst - tiny <= found.mean <= found.best + tiny
    assert found.n + found.waiting <= found.posts == len(posts)
    assert all(math.isfinite(value) for value in author_columns(found, community).values())
