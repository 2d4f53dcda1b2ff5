"""What a Discord channel has settings for besides those of every community: `Community.options`."""

from collections.abc import Mapping
from typing import Any

from storage.tables import Post

#: Keys of `Community.options`. Emoji are stored as Discord writes them: the character, or
#: ``<:name:id>``; channels and guilds as their ids in digits.
UPVOTE = "upvote"
DOWNVOTE = "downvote"
GUILD = "guild"
#: Where announcements to admins go; `NOWHERE`: not at all; unset: see `tell_admins`.
ANNOUNCEMENTS = "announcements"
NOWHERE = "nowhere"
#: What is watched of a channel's threads, see `bot.discord.gateway.thread_rule`.
THREADS = "threads"

#: Whether a message whose only picture is a sticker is a post.
STICKERS = "stickers"

#: Key of `Post.options`: its picture is a sticker.
STICKER = "sticker"
#: Key of `Post.options`: the thread in which a post is; without it, in its community's channel.
PLACE = "place"

#: Options that a post keeps: its votes are those that people were asked for.
KEPT = (UPVOTE, DOWNVOTE)

#: Options that are settings of people, and are copied with the others.
SETTINGS = (UPVOTE, DOWNVOTE, ANNOUNCEMENTS, THREADS, STICKERS)

DEFAULT_UPVOTE = "⬆️"
DEFAULT_DOWNVOTE = "⬇️"


def options_of(post: Mapping[str, Any] | None, community: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that hold for a post; those of its community where it keeps none."""
    return community if post is None else post


def upvote_of(options: Mapping[str, Any]) -> str:
    """The emoji that counts as an upvote."""
    return str(options.get(UPVOTE) or DEFAULT_UPVOTE)


def downvote_of(options: Mapping[str, Any]) -> str:
    """The emoji that counts as a downvote."""
    return str(options.get(DOWNVOTE) or DEFAULT_DOWNVOTE)


def place_of(post: Post) -> str:
    """Id of the channel or thread in which a post (with its community loaded) is."""
    return str((post.options or {}).get(PLACE) or post.community.source_id)
