"""Votes, as they are cast and taken back."""

import discord
from discord.ext import commands

from bot.discord.ballots import Ballots, emoji_key


class Reactions(commands.Cog):
    """Keeps the ballots of followed messages up to date; costs no request and no query."""

    def __init__(self, ballots: Ballots) -> None:
        self._ballots = ballots

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody reacted."""
        if event.member is not None and not event.member.bot:
            self._ballots.add(event.message_id, emoji_key(event.emoji), event.user_id)

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody took a reaction back."""
        self._ballots.remove(event.message_id, emoji_key(event.emoji), event.user_id)

    @commands.Cog.listener()
    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        """A moderator took all reactions away."""
        self._ballots.clear(event.message_id)

    @commands.Cog.listener()
    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        """A moderator took all reactions with one emoji away."""
        self._ballots.clear(event.message_id, emoji_key(event.emoji))
