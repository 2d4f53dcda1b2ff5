"""Scores of posts: from the votes that were followed, or counted again."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

import discord
from sqlalchemy import select

from bot.core import Core
from bot.discord.gateway.error_codes import reaching_discord
from bot.discord.messages.reaction_votes import ReactionVotes, VoteEmoji, count_votes
from bot.platform import PlatformUnavailable, PostRef, PostRemoved, Reading, ScoreRead
from storage.tables import Community
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: Messages that are fetched at the same time.
_AT_ONCE = 8


class ScoreReader:
    """Reads scores on one connection."""

    def __init__(self, client: discord.Client, core: Core, votes: ReactionVotes) -> None:
        self._client = client
        self._core = core
        self._votes = votes
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def read(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """A reading for each post that could be read, by its id.

        Early readings of posts that were followed without a gap cost nothing. At the horizon the
        message is fetched, so that what was missed or miscounted does not enter a label.
        """
        async with self._core.database.read() as session:
            communities = await session.scalars(
                select(Community).where(
                    Community.platform == PlatformName.DISCORD,
                    Community.source_id.in_({post.community_source_id for post in posts}),
                )
            )
            emoji = {each.source_id: VoteEmoji.of(each.options) for each in communities}
        readings = await asyncio.gather(
            *(self._read(post, emoji[post.community_source_id]) for post in posts)
        )
        return {
            post.post_id: reading
            for post, reading in zip(posts, readings, strict=True)
            if reading is not None
        }

    async def _read(self, post: PostRef, emoji: VoteEmoji) -> Reading | None:
        now = self._core.clock()
        message_id = int(post.source_id)
        if now < post.horizon_at:
            score = self._votes.score(message_id, emoji)
            if score is not None:
                return ScoreRead(score, now)
        try:
            async with self._at_once:
                reading = await self._fetch(post, emoji)
        except PlatformUnavailable as error:
            log.info("The score of post %s cannot be read now (%s).", post.post_id, error)
            return None
        except discord.HTTPException as error:
            # Out of sight, which is not gone: a permission may come back before it is too late.
            log.info("The score of post %s cannot be seen: %s", post.post_id, error)
            return None
        if now >= post.horizon_at:
            self._votes.unfollow(message_id)
        return reading

    async def _fetch(self, post: PostRef, emoji: VoteEmoji) -> Reading:
        channel = self._client.get_partial_messageable(int(post.community_source_id))
        try:
            with reaching_discord():
                message = await channel.fetch_message(int(post.source_id))
                score = await count_votes(message, emoji)
        except discord.NotFound:
            return PostRemoved()
        return ScoreRead(score, self._core.clock())
