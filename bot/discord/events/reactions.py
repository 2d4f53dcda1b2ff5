"""Votes, as they are cast and taken back."""

from collections.abc import Collection
from typing import Any

import discord
from discord.ext import commands
from sqlalchemy import Row, select

from bot.core import Core
from bot.discord.gateway.guild_options import options_of
from bot.discord.messages.reaction_votes import ReactionVotes, VoteEmoji, reaction_name
from bot.discord.rounds import rounds
from bot.league.guesses import close_at_score
from storage.engine.scopes import ITS_ROWS
from storage.tables import Community, Post
from storage.types import PlatformName

_CLOSE_SECONDS = 5.0
#: Messages that are looked up in one statement.
_BATCH = 500


class ReactionListener(commands.Cog):
    """Keeps the votes on followed messages up to date.

    An event costs no request and no query. What a storm of them comes to is looked at every few
    seconds: where a score gives a post away, guessing closes.
    """

    def __init__(self, core: Core, votes: ReactionVotes) -> None:
        self._core = core
        self._votes = votes
        #: Messages whose votes changed since they were last looked at.
        self._changed: set[int] = set()
        self._rounds = rounds(
            core, "guessing to close", "Closing guessing by votes", _CLOSE_SECONDS,
            self.close_guessing,
        )  # fmt: skip

    async def cog_load(self) -> None:
        self._rounds.start()

    async def cog_unload(self) -> None:
        await self._rounds.stop()

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody reacted."""
        if event.member is not None and not event.member.bot:
            self._votes.add(event.message_id, reaction_name(event.emoji), event.user_id)
            if self._votes.is_followed(event.message_id):
                self._changed.add(event.message_id)

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, event: discord.RawReactionActionEvent) -> None:
        """Somebody took a reaction back."""
        self._votes.remove(event.message_id, reaction_name(event.emoji), event.user_id)

    @commands.Cog.listener()
    async def on_raw_reaction_clear(self, event: discord.RawReactionClearEvent) -> None:
        """A moderator took all reactions away."""
        self._votes.clear(event.message_id)

    @commands.Cog.listener()
    async def on_raw_reaction_clear_emoji(self, event: discord.RawReactionClearEmojiEvent) -> None:
        """A moderator took all reactions with one emoji away."""
        self._votes.clear(event.message_id, reaction_name(event.emoji))

    async def close_guessing(self) -> int:
        """Close guessing on posts whose votes reached their channel's bound; return how many."""
        changed = [*self._changed][:_BATCH]
        self._changed.difference_update(changed)
        try:
            return await self._close_guessing_on(changed) if changed else 0
        except BaseException:
            # They are looked at again in the next round.
            self._changed.update(changed)
            raise

    async def _close_guessing_on(self, changed: Collection[int]) -> int:
        now = self._core.clock()
        async with self._core.database.read() as session:
            rows = await session.execute(
                select(
                    Post.id,
                    Post.source_id,
                    Post.options.label("kept"),
                    Community.guess_score,
                    Community.options,
                )
                .join(Community, Community.id == Post.community_id)
                .where(
                    Post.platform == PlatformName.DISCORD,
                    Post.source_id.in_([str(each) for each in changed]),
                    Post.guessing_closed_at > now,
                    Community.guess_score.is_not(None),
                )
            )
            reached = [
                (row.id, row.guess_score, score)
                for row in rows
                if (score := self._votes.score(int(row.source_id), _emoji(row))) is not None
                and score >= row.guess_score
            ]
        closed = 0
        if reached:
            async with self._core.database.write(alone_in=ITS_ROWS) as session:
                for post_id, bound, score in sorted(reached):
                    closed += await session.run_sync(close_at_score, post_id, bound, score, now)
        return closed


def _emoji(row: Row[*tuple[Any, ...]]) -> VoteEmoji:
    return VoteEmoji.of(options_of(row.kept, row.options))
