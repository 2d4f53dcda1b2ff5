"""Who voted on which message: kept live from reaction events, fetched where those were missed.

Ids of people are held in memory only, and only for messages that wait for their score.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import discord

from bot.discord.gateway.guild_options import VOTER_DAYS, downvote_of, upvote_of
from bot.discord.gateway.post_rules import is_old_enough

#: Messages whose votes are held; the oldest are dropped, and fetched when they are needed.
MOST_MESSAGES = 2000

#: Signs that make no other emoji of one: how it is drawn (as text or coloured), and skin tones.
_VARIANTS = dict.fromkeys([0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)])

#: Emoji of two people or hands are spelt as a sequence where the two have different skin tones.
_PAIRS = {
    "\U0001faf1\u200d\U0001faf2": "\U0001f91d",  # two hands: handshake
    "\U0001f469\u200d\U0001f91d\u200d\U0001f469": "\U0001f46d",  # women holding hands
    "\U0001f469\u200d\U0001f91d\u200d\U0001f468": "\U0001f46b",  # woman and man holding hands
    "\U0001f468\u200d\U0001f91d\u200d\U0001f468": "\U0001f46c",  # men holding hands
    "\U0001f9d1\u200d\u2764\u200d\U0001f48b\u200d\U0001f9d1": "\U0001f48f",  # kiss
    "\U0001f9d1\u200d\u2764\u200d\U0001f9d1": "\U0001f491",  # couple with heart
}


@dataclass(frozen=True, slots=True)
class VoteEmoji:
    """The two emoji that count in a channel, as `emoji_key` spells them, and whose.

    Attributes:
        voter_days: how long an account must have existed before the post, days.
    """

    up: str
    down: str
    voter_days: int = 0

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "VoteEmoji":
        """Those of a community's options."""
        return cls(
            emoji_key(upvote_of(options)),
            emoji_key(downvote_of(options)),
            int(options.get(VOTER_DAYS) or 0),
        )


def emoji_key(emoji: object) -> str:
    """One spelling for each emoji, whatever its tone: the character, or the id of a server's."""
    text = reaction_name(emoji)
    plain = text.translate(_VARIANTS) or text
    return _PAIRS.get(plain, plain)


def reaction_name(emoji: object) -> str:
    """An emoji as one reaction: in another skin tone it is another one."""
    text = str(emoji)
    return text.rstrip(">").rpartition(":")[2] if text.startswith("<") else text


def custom_id(key: str) -> int | None:
    """The id in an emoji's key; None for one that no server made."""
    return int(key) if key.isascii() and key.isdecimal() and len(key) > 1 else None


@dataclass(slots=True)
class MessageVotes:
    """Who reacted to one message, by `reaction_name`; its author and bots are left out."""

    message_id: int
    author_id: int
    voters: dict[str, set[int]] = field(default_factory=dict)

    def score(self, emoji: VoteEmoji) -> int:
        """Distinct members who voted up, minus those who voted down."""
        up, down = self.voted(emoji)
        return len(up) - len(down)

    def people(self, emoji: VoteEmoji) -> int:
        """Distinct members who voted, whichever way."""
        up, down = self.voted(emoji)
        return len(up | down)

    def voted(self, emoji: VoteEmoji) -> tuple[set[int], set[int]]:
        """Who voted up, and who voted down; accounts that are too young are left out."""
        posted_at = discord.utils.snowflake_time(self.message_id)
        up, down = (
            {
                user_id
                for user_id in self._for(key)
                if is_old_enough(user_id, emoji.voter_days, posted_at)
            }
            for key in (emoji.up, emoji.down)
        )
        return up, down

    def _for(self, key: str) -> set[int]:
        """Everybody who reacted with an emoji, in whatever tone."""
        found = (voters for name, voters in self.voters.items() if emoji_key(name) == key)
        return set().union(*found)


class ReactionVotes:
    """The votes on messages whose every event was heard, by message id."""

    def __init__(self) -> None:
        self._votes: OrderedDict[int, MessageVotes] = OrderedDict()

    def follow(self, message_id: int, author_id: int) -> None:
        """Follow a message that has just appeared."""
        self._votes.setdefault(message_id, MessageVotes(message_id, author_id))
        if len(self._votes) > MOST_MESSAGES:
            self._votes.popitem(last=False)

    def is_followed(self, message_id: int) -> bool:
        """Whether a message's votes are held."""
        return message_id in self._votes

    def unfollow(self, message_id: int) -> None:
        """Stop following a message."""
        self._votes.pop(message_id, None)

    def unfollow_all(self) -> None:
        """Stop following all messages: events of some may have been missed."""
        self._votes.clear()

    def add(self, message_id: int, emoji: str, user_id: int) -> None:
        """Somebody who is no bot reacted."""
        votes = self._votes.get(message_id)
        if votes is not None and user_id != votes.author_id:
            votes.voters.setdefault(emoji, set()).add(user_id)

    def remove(self, message_id: int, emoji: str, user_id: int) -> None:
        """Somebody took a reaction back."""
        votes = self._votes.get(message_id)
        if votes is not None:
            votes.voters.get(emoji, set()).discard(user_id)

    def clear(self, message_id: int, emoji: str | None = None) -> None:
        """All reactions were removed, or all with one emoji."""
        votes = self._votes.get(message_id)
        if votes is not None and emoji is None:
            votes.voters.clear()
        elif votes is not None and emoji is not None:
            votes.voters.pop(emoji, None)

    def score(self, message_id: int, emoji: VoteEmoji) -> int | None:
        """The message's score now; None where it is not followed."""
        votes = self._votes.get(message_id)
        return None if votes is None else votes.score(emoji)


async def count_votes(
    message: discord.Message, emoji: VoteEmoji, reply: discord.Message | None = None
) -> tuple[int, int]:
    """Score and number of voters of a message that was just fetched, from the lists of who reacted.

    Args:
        reply: a message on which votes count, too; who votes on both has one vote.

    Raises:
        discord.HTTPException: a list cannot be read.
    """
    votes = MessageVotes(message.id, message.author.id)
    for reaction in [*message.reactions, *(reply.reactions if reply is not None else ())]:
        name = reaction_name(reaction.emoji)
        if emoji_key(name) not in (emoji.up, emoji.down):
            continue
        voters = votes.voters.setdefault(name, set())
        lists = [reaction.users(limit=None)]
        if reaction.burst_count:
            # Super reactions are listed apart; who gave both is one member all the same.
            lists.append(reaction.users(limit=None, type=discord.ReactionType.burst))
        for users in lists:
            async for user in users:
                if not user.bot and user.id != message.author.id:
                    voters.add(user.id)
    return votes.score(emoji), votes.people(emoji)
