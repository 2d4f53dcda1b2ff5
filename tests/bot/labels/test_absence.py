"""A post that is out of sight waits, and no longer than its label can be had."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.labels.absence import LONGEST_WAIT, look_again_at

START = datetime(2026, 3, 1, tzinfo=UTC)


@given(
    seen_again=st.integers(0, 200_000),
    horizon=st.integers(600, 86_400),
    late=st.floats(0, 2),
)
def test_a_post_is_found_again_while_its_label_can_be_had_and_given_up_after(
    seen_again: int, horizon: int, late: float
) -> None:
    now, tries = START, 0
    back_at = START + timedelta(seconds=seen_again)
    too_late = START + timedelta(seconds=horizon) * (1 + late)
    while now < back_at:
        then = look_again_at(
            now, tries, posted_at=START, horizon=timedelta(seconds=horizon), late_share=late
        )
        if then is None:
            assert now >= too_late, "given up too early"
            assert back_at > too_late
            return
        assert now < then <= min(now + LONGEST_WAIT, too_late)
        now, tries = then, tries + 1
    assert now <= too_late or seen_again == 0
    assert tries <= 8 + (too_late - START) / LONGEST_WAIT
