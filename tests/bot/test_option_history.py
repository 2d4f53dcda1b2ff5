"""What options were at a moment, whatever became of them since."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.option_history import HISTORY, options_at, with_history

KEYS = ("up", "down")
START = datetime(2026, 3, 1, tzinfo=UTC)
changes = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("a", "b", None)), min_size=1)


@given(st.lists(st.tuples(st.integers(0, 3600), changes), max_size=8))
def test_every_moment_has_the_options_that_it_had(
    steps: list[tuple[int, dict[str, str | None]]],
) -> None:
    options: dict[str, Any] = {}
    now, moments = START, [(START - timedelta(days=1), {})]
    for wait, change in steps:
        now += timedelta(seconds=wait)
        changed = {**options, **with_history(options, change, now), **change}
        options = {key: value for key, value in changed.items() if value is not None}
        shown = {key: options[key] for key in KEYS if key in options}
        # The last change of a moment holds for it.
        moments = [each for each in moments if each[0] != now] + [(now, shown)]
    for moment, were in moments:
        assert options_at(options, KEYS, moment) == were


def test_what_is_too_old_for_any_post_goes() -> None:
    options = with_history({}, {"up": "a"}, START)
    later = with_history(options, {"up": "b"}, START + timedelta(days=40))
    assert len(later[HISTORY]) == 1
    assert with_history({"up": "a"}, {"up": "a"}, START) == {}
