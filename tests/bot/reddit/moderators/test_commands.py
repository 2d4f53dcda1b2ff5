"""Commands in messages of moderators."""

import pytest

from bot.reddit.moderators.commands import moderators_command
from storage.types import InboxKind


@pytest.mark.parametrize(
    ("body", "ours", "asked"),
    [
        ("status", True, (InboxKind.STATUS, 30)),
        ("Hello!\n\n**!Status**\n\nthanks", False, (InboxKind.STATUS, 30)),
        ("u/peoria_bot pause", False, (InboxKind.PAUSE, 30)),
        ("peoria: import 90 days", False, (InboxKind.IMPORT, 90)),
        ("!import 0", False, (InboxKind.IMPORT, 1)),
        ("status", False, None),
        ("please watch this user", True, None),
        ("> !pause", True, None),
        ("!pauses", True, None),
        (None, True, None),
    ],
)
def test_a_command_stands_on_a_line_of_its_own(
    body: str | None, ours: bool, asked: tuple[InboxKind, int] | None
) -> None:
    assert moderators_command(body, me="peoria_bot", ours=ours) == asked
