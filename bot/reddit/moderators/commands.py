"""What moderators ask for in a message: one command on a line of its own."""

import html
import re

from bot.posts.history_imports import MOST_DAYS
from storage.types import InboxKind

#: What stands before a command: a sign, our name, or a mention.
_BEFORE = r"(?:[!/]|peoria[,:]?\s+|/?u/{me}[,:]?\s+)"
_WORDS = "help|status|pause|resume|watch|unwatch|leaderboard|import"
_COMMAND = rf"({_WORDS})(?:\s+(\d{{1,4}})(?:\s+days?)?)?[.!]?"

#: How far back an import goes where no number of days is given.
DAYS = 30


def moderators_command(body: object, *, me: str, ours: bool) -> tuple[InboxKind, int] | None:
    """What a message asks for, and for how many days; None: nothing.

    Args:
        body: Markdown.
        me: our account.
        ours: whether the conversation is about us, so that nothing need stand before a command.
    """
    if not isinstance(body, str):
        return None
    before = _BEFORE.format(me=re.escape(me)) + ("?" if ours else "")
    pattern = re.compile(before + _COMMAND, re.IGNORECASE)
    for line in html.unescape(body).splitlines():
        match = pattern.fullmatch(line.strip().strip("*`_"))
        if match is not None:
            days = int(match[2] or DAYS)
            return InboxKind(match[1].lower()), min(max(days, 1), MOST_DAYS)
    return None
