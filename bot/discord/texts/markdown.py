"""People's text, as Discord shows it literally: no markup, no ping, no link, no more than fits."""

import re

#: Whatever begins markup, a mention, a link or an emoji in Discord's Markdown.
_MARKUP = re.compile(r"[\\*_~`|<>\[\]()#@:\-]")
#: Control characters, and those that turn the direction of the text that follows them.
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def plain(text: str, limit: int) -> str:
    """``text`` on one line and at most ``limit`` characters of it, for places without markup."""
    # Cut before it is cleaned: a title may be very long.
    words = " ".join(_INVISIBLE.sub(" ", text[: 4 * limit]).split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def escape(text: str, limit: int) -> str:
    """``text`` as `plain` leaves it, with all markup in it taken literally.

    A backslash before a sign makes it text; the result is up to twice as long as ``limit``.
    """
    return _MARKUP.sub(r"\\\g<0>", plain(text, limit))
