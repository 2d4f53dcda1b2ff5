"""What a Discord channel has settings for besides those of every community: `Community.options`."""

from collections.abc import Mapping
from types import MappingProxyType
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
#: Whether channels of the server that are watched for the first time start with its settings.
TEMPLATE = "template"
#: Whether the bot adds the vote emoji under posts, so that voting starts; its own never count.
AUTOSTAR = "autostar"
#: Whether votes under the bot's reply count for the post.
REPLY_VOTES = "reply_votes"
#: Whether what a proxy (PluralKit, Tupperbox) posts anew is the post, and not the original.
PROXIED = "proxied"
#: Whether PluralKit is asked who wrote what it posts anew.
PROXIED_AUTHORS = "proxied_authors"
#: Days that an account must have existed before a post for its votes and guesses on it to count.
VOTER_DAYS = "voter_days"
#: Whose images are posts, see `bot.discord.gateway.post_rules`: keyed hashes of people and ids of
#: roles that are left out, and of those that alone are taken, days that an account must have
#: existed, posts of one person in a day.
IGNORED_PEOPLE = "ignored_people"
IGNORED_ROLES = "ignored_roles"
ONLY_PEOPLE = "only_people"
ONLY_ROLES = "only_roles"
ACCOUNT_DAYS = "account_days"
POSTS_PER_DAY = "posts_per_day"
#: Guesses on posts of the channel, and questions about pictures in it, of one person in a day.
GUESSES_PER_DAY = "guesses_per_day"
QUESTIONS_PER_DAY = "questions_per_day"

#: Keys of `Post.options`: its picture is a sticker; a proxy posted it.
STICKER = "sticker"
BY_PROXY = "by_proxy"
#: What makes a message a post only where a channel's setting says so: that setting, by its key.
BY_SETTING = MappingProxyType({STICKER: STICKERS, BY_PROXY: PROXIED})
#: Key of `Post.options`: the thread in which a post is; without it, in its community's channel.
PLACE = "place"

#: Options that a post keeps: its votes are those that people were asked for.
KEPT = (UPVOTE, DOWNVOTE, VOTER_DAYS, REPLY_VOTES)

#: Options that are settings of people, and are copied with the others.
SETTINGS = (
    UPVOTE, DOWNVOTE, ANNOUNCEMENTS, THREADS, STICKERS, AUTOSTAR, REPLY_VOTES, PROXIED,
    PROXIED_AUTHORS, VOTER_DAYS,
    IGNORED_PEOPLE, IGNORED_ROLES, ONLY_PEOPLE, ONLY_ROLES, ACCOUNT_DAYS, POSTS_PER_DAY,
    GUESSES_PER_DAY, QUESTIONS_PER_DAY,
)  # fmt: skip

DEFAULT_UPVOTE = "⬆️"
DEFAULT_DOWNVOTE = "⬇️"


def options_of(post: Mapping[str, Any] | None, community: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options that hold for a post; those of its community where it keeps none."""
    return community if post is None else post


def is_wanted(incoming_options: Mapping[str, Any], community: Mapping[str, Any]) -> bool:
    """Whether a message is a post by a channel's settings, where it is one only by those."""
    return all(
        community.get(setting) for key, setting in BY_SETTING.items() if incoming_options.get(key)
    )


def upvote_of(options: Mapping[str, Any]) -> str:
    """The emoji that counts as an upvote."""
    return str(options.get(UPVOTE) or DEFAULT_UPVOTE)


def downvote_of(options: Mapping[str, Any]) -> str:
    """The emoji that counts as a downvote."""
    return str(options.get(DOWNVOTE) or DEFAULT_DOWNVOTE)


def place_of(post: Post) -> str:
    """Id of the channel or thread in which a post (with its community loaded) is."""
    return str((post.options or {}).get(PLACE) or post.community.source_id)
