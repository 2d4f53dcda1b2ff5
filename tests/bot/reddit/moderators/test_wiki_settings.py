"""What moderators write on the wiki page, and what is wrong with it."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reddit.moderators.wiki_settings import (
    Leaderboard,
    LeaderboardForm,
    PageRefused,
    read_page,
    without,
)
from storage.types import ReplyMode

PAGE = """\
# The settings of r/aww
replies: off
quiet_hours: 22:00-06:30
time_zone: Europe/Berlin
language: pt-br
buckets: [2000, 20000]
horizon_hours: 12
guesses: yes
leaderboard: sticky
leaderboard_day: Sunday
leaderboard_time: 18:30
"""


def test_a_page_is_read_as_it_is_written() -> None:
    found = read_page(PAGE)
    assert found.change == {
        "reply_mode": ReplyMode.SILENT,
        "quiet_from": 22 * 60,
        "quiet_until": 6 * 60 + 30,
        "time_zone": "Europe/Berlin",
        "low_up_to": 2000,
        "medium_up_to": 20000,
        "horizon_seconds": 12 * 3600,
        "options": {"guesses": True, "language": "pt-BR"},
    }
    assert found.leaderboard == Leaderboard(LeaderboardForm.STICKY, 6, 18 * 60 + 30)
    assert found.lines["replies"] == 2
    assert read_page("").names == frozenset()
    assert without({"guesses", "replies"}) == {
        "reply_mode": ReplyMode.REPLY,
        "options": {"guesses": None},
    }


@pytest.mark.parametrize(
    ("page", "line", "reason"),
    [
        ("replies: on\nreplis: on", 2, "Is replies meant?"),
        ("\n\nreplies: maybe", 3, "replies is on or off."),
        ("replies: on\nreplies: off", 2, "set twice"),
        ("quiet_hours: 25:00-06:00", 1, "two times of day"),
        ("language: klingon", 1, "language is one of en, de"),
        ("horizon_hours: nan", 1, "a number from"),
        ("buckets: [3, 2]", 1, "below the second"),
        ("- a\n- b", 1, "lines such as"),
        ("replies:\n  on: {a: b}", 2, "not nested"),
        ("a: &x [1]\nb: *x", 1, "anchors"),
        ("x: !!python/object/apply:os.system [ls]", 1, "tags"),
        ("replies: 'on", 1, "no YAML"),
        ("[" * 5_000, 1, "not nested"),
        ("replies: on\n" * 2_000, 1, "longer than"),
        ("\x00", 1, "does not allow"),
        ('"\\UFFFFFFFF": on', 1, "does not allow"),
        ('"\\uD800": 1\n"\\uD800": 2', 2, r"'\\ud800' is set twice"),
        ('"\\uD800": {}', 1, r"'\\ud800' is one word"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(page: str, line: int, reason: str) -> None:
    with pytest.raises(PageRefused, match=reason) as refused:
        read_page(page)
    assert refused.value.line == line


@given(st.text(max_size=200) | st.text(alphabet="abc:-[]{}&*!|>'\"\n ,#?%@`", max_size=80))
def test_any_page_is_read_or_refused(page: str) -> None:
    with suppress(PageRefused):
        assert read_page(page).names <= read_page(page).lines.keys()
