"""What a message to the bot asks for, and what it is about."""

import re

from bot.people.message_commands import command_in
from bot.reddit.client import Item
from bot.reddit.items import author_of
from storage.types import InboxKind

_NAME = re.compile(r"t[14]_[0-9a-z]{1,13}")
_POST = re.compile(r"(?:t3_|/comments/)([0-9a-z]{1,13})(?:/|\Z)")
#: Subreddits, and the pages of accounts, which are subreddits, too.
_SUBREDDIT = re.compile(r"u_[A-Za-z0-9_-]{2,20}|[A-Za-z0-9_]{2,21}")


def message_name(item: Item) -> str | None:
    """The full name of a comment or a private message; None where it is none."""
    name = item.get("name")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def subreddit_of(item: Item) -> str | None:
    """The subreddit that a message was written in; None for a private one."""
    name = item.get("subreddit")
    return name if isinstance(name, str) and _SUBREDDIT.fullmatch(name) else None


def is_private(item: Item) -> bool:
    """Whether it is a private message; anything else was written where others read it."""
    name = item.get("name")
    return isinstance(name, str) and name.startswith("t4_")


def kind_of(item: Item, me: str) -> InboxKind | None:
    """What a message asks for; None where it asks for nothing, or is our own."""
    author = author_of(item)
    if author is None or author.lower() == me.lower():
        return None
    # Reddit makes the subjects of comments up.
    subject = item.get("subject") if is_private(item) else None
    found = command_in(item.get("body"), subject)
    mentioned = item.get("type") == "username_mention"
    return InboxKind.PREDICT if found is None and mentioned else found


def post_of(item: Item) -> str | None:
    """The submission that a comment was written under."""
    for place in (item.get("link_id"), item.get("context")):
        found = _POST.search(place) if isinstance(place, str) else None
        if found is not None:
            return f"t3_{found[1]}"
    return None
