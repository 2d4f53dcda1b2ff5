"""How far an import has come, in words."""

from collections.abc import Mapping

import discord

from bot.discord.history.import_history import FAILED, MESSAGES
from bot.discord.texts.lookup import Texts
from bot.posts.past_posts import PastPost

#: What was left out, in the order in which it is told.
_LEFT_OUT = (
    PastPost.KNOWN.value, PastPost.TOO_YOUNG.value, PastPost.NO_IMAGE.value,
    PastPost.OPTED_OUT.value, FAILED,
)  # fmt: skip


def progress_embed(
    texts: Texts, channel_id: str, counts: Mapping[str, int], *more: str
) -> discord.Embed:
    """The figures of an import.

    Args:
        counts: how many there were, by what became of them.
        more: sentences that follow.
    """
    lines = [
        texts(
            "history.progress",
            messages=texts.number(counts.get(MESSAGES, 0)),
            stored=texts.number(counts.get(PastPost.STORED.value, 0)),
        )
    ]
    lines += [
        texts(f"history.{key}", n=texts.number(counts[key])) for key in _LEFT_OUT if counts.get(key)
    ]
    return discord.Embed(
        title=texts("history.heading", channel=f"<#{channel_id}>"),
        description="\n".join([*lines, *more]),
    )
