"""What a message to the bot asks for, and what it is about."""

import re

from bot.reddit.client import Item
from bot.reddit.items import author_of
from bot.reddit.texts import OPT_IN, OPT_OUT, PREDICT
from storage.types import InboxKind

_NAME = re.compile(r"t[14]_[0-9a-z]{1,13}")
_POST = re.compile(r"(?:t3_|/comments/)([0-9a-z]{1,13})(?:/|\Z)")
_SUBREDDIT = re.compile(r"[A-Za-z0-9_]{2,21}")

#: What people write, the strongest first: who writes both wants to be left alone.
_COMMANDS = ((OPT_OUT, InboxKind.OPT_OUT), (OPT_IN, InboxKind.OPT_IN), (PREDICT, InboxKind.PREDICT))


def message_name(item: Item) -> str | None:
    """The full name of a comment or a private message; None where it is none."""
    name = item.get("name")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def subreddit_of(item: Item) -> str | None:
    """The subreddit that a message was written in; None for a private one."""
    name = item.get("subreddit")
    return name if isinstance(name, str) and _SUBREDDIT.fullmatch(name) else None


def kind_of(item: Item, me: str) -> InboxKind | None:
    """What a message asks for; None where it asks for nothing, or is our own."""
    author = author_of(item)
    if author is None or author.lower() == me.lower():
        return None
    texts = [text for text in (item.get("subject"), item.get("body")) if isinstance(text, str)]
    # A quote of somebody else asks for nothing.
    lines = [line for text in texts for line in text.splitlines() if line.lstrip()[:1] != ">"]
    words = set(re.findall(r"(?<![\w!])!\w+", "\n".join(lines).lower()))
    for word, kind in _COMMANDS:
        if word in words:
            return kind
    return InboxKind.PREDICT if item.get("type") == "username_mention" else None


def post_of(item: Item) -> str | None:
    """The submission that a comment was written under."""
    for place in (item.get("link_id"), item.get("context")):
        found = _POST.search(place) if isinstance(place, str) else None
        if found is not None:
            return f"t3_{found[1]}"
    return None
