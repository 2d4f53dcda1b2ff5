"""Scores of posts: from the votes that were followed, or counted again."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import discord
from sqlalchemy import select

from bot.core import Core
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.error_codes import UNKNOWN_MESSAGE, reaching_discord
from bot.discord.gateway.guild_options import PLACE, REPLY_VOTES, options_of
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.messages.find_reply import is_a_message
from bot.discord.messages.reaction_votes import ReactionVotes, VoteEmoji, count_votes
from bot.discord.messages.vote_emoji_check import Poll, VoteEmojiCheck
from bot.discord.ui.admin_messages import warn_of_permissions
from bot.platform import (
    PlatformUnavailable,
    PostHidden,
    PostRef,
    PostRemoved,
    Reading,
    ScoreRead,
    ScoreUnknown,
)
from bot.runtime.lanes import Lanes
from storage.tables import Community, Post, Reply
from storage.types import ReplyMode

log = logging.getLogger(__name__)

#: Readings that came too late for who asked, and are kept for the next time: the most.
_MOST_KEPT = 1000


class ScoreReader:
    """Reads scores on one connection."""

    def __init__(self, client: discord.Client, core: Core, votes: ReactionVotes) -> None:
        self._client = client
        self._core = core
        self._votes = votes
        self._vote_emoji = VoteEmojiCheck(client, core)
        self._lanes: Lanes[str] = Lanes("Scores")
        self._found: dict[int, Reading] = {}

    async def stop(self) -> None:
        """Stop the fetches that go on in the background."""
        await self._lanes.stop()

    async def read(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """A reading for each post that could be read, by its id.

        Early readings of posts that were followed without a gap cost nothing. At the horizon the
        message is fetched, so that what was missed or miscounted does not enter a label. A channel
        that Discord keeps waiting goes on by itself: its readings are there the next time.
        """
        async with self._core.database.read() as session:
            found = await session.execute(
                select(Post.id, Post.options, Community, Reply.source_id)
                .join(Community, Community.id == Post.community_id)
                .outerjoin(Reply, Reply.post_id == Post.id)
                .where(Post.id.in_([post.post_id for post in posts]))
            )
            polls = {
                post_id: Poll(
                    VoteEmoji.of(options_of(kept, community.options)),
                    community,
                    int((kept or {}).get(PLACE) or community.source_id),
                    _voted_reply(options_of(kept, community.options), reply_id),
                )
                for post_id, kept, community, reply_id in found
            }
        posts = [post for post in posts if post.post_id in polls]
        now = self._core.clock()
        to_fetch = []
        for post in posts:
            score = None
            # Of votes under replies nothing is heard.
            if now < post.horizon_at and polls[post.post_id].reply_id is None:
                score = self._votes.score(int(post.source_id), polls[post.post_id].emoji)
            if score is not None:
                self._found[post.post_id] = ScoreRead(score, now)
            elif post.post_id not in self._found:
                to_fetch.append(post)

        async def read(post: PostRef) -> None:
            await self._read(post, polls[post.post_id])

        await self._lanes.take(to_fetch, lambda post: post.community_source_id, read)
        readings = {
            post.post_id: self._found.pop(post.post_id)
            for post in posts
            if post.post_id in self._found
        }
        for post_id in [*self._found][:-_MOST_KEPT]:
            del self._found[post_id]
        return readings

    async def _read(self, post: PostRef, poll: Poll) -> None:
        try:
            if await self._vote_emoji.lacks(poll, post.horizon_at):
                # Nobody could vote: a score of 0 would be a lie.
                log.info("The vote emoji of post %s does not exist any more.", post.post_id)
                self._found[post.post_id] = ScoreUnknown()
                return
            reading = await self._fetch(post, poll)
        except PlatformUnavailable as error:
            log.info("The score of post %s cannot be read now (%s).", post.post_id, error)
            return
        except discord.HTTPException as error:
            if error.status not in (403, 404):
                log.warning("The score of post %s cannot be read: %s", post.post_id, error)
                self._found[post.post_id] = ScoreUnknown()
                return
            # Out of sight, which is not gone: a permission may come back before it is too late.
            log.info("The score of post %s cannot be seen: %s", post.post_id, error)
            self._found[post.post_id] = PostHidden()
            await self._warn(poll.community)
            return
        if self._core.clock() >= post.horizon_at:
            self._votes.unfollow(int(post.source_id))
        self._found[post.post_id] = reading

    async def _warn(self, community: Community) -> None:
        channel = self._client.get_channel(int(community.source_id))
        if not isinstance(channel, WatchedChannel):
            return
        missing = missing_permissions(channel, ReplyMode.SILENT)
        if missing:
            await warn_of_permissions(
                self._core.database,
                community,
                channel.guild,
                missing,
                key="notice.unreadable",
                now=self._core.clock(),
            )

    async def _fetch(self, post: PostRef, poll: Poll) -> Reading:
        channel = self._client.get_partial_messageable(poll.channel_id)
        try:
            with reaching_discord():
                message = await channel.fetch_message(int(post.source_id))
                reply = await _reply_of(channel, poll)
                score, reactors = await count_votes(message, poll.emoji, reply)
        except discord.NotFound as error:
            # Only this is proof; an unknown channel may be one that we may not see.
            if error.code == UNKNOWN_MESSAGE:
                return PostRemoved()
            raise
        return ScoreRead(score, self._core.clock(), reactors=reactors)


def _voted_reply(options: Mapping[str, Any], reply_id: str | None) -> int | None:
    """The reply whose votes count for the post; None: there is none."""
    if not options.get(REPLY_VOTES) or reply_id is None or not is_a_message(reply_id):
        return None
    return int(reply_id)


async def _reply_of(channel: discord.PartialMessageable, poll: Poll) -> discord.Message | None:
    if poll.reply_id is None:
        return None
    try:
        return await channel.fetch_message(poll.reply_id)
    except discord.NotFound:
        # A moderator deleted it, and the votes with it.
        return None
