"""What people give as an emoji."""

import re

_CUSTOM = re.compile(r"<(a?):(\w{2,32}):(\d{15,20})>")


def custom_emoji_id(text: str) -> int | None:
    """The id of a server's own emoji, written as ``<:name:id>``; None for anything else."""
    match = _CUSTOM.fullmatch(text.strip())
    return int(match[3]) if match else None


def is_unicode_emoji(text: str) -> bool:
    """Whether ``text`` is one emoji of Unicode, with or without its variation selector."""
    # Its list of emoji takes 70 ms to import, and only /settings needs it.
    import emoji

    return emoji.is_emoji(text)
