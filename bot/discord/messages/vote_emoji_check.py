"""Whether the emoji that people vote with still exist: a server may delete its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import discord

from bot.core import Core
from bot.discord.gateway.error_codes import UNKNOWN_EMOJI, reaching_discord
from bot.discord.gateway.guild_options import GUILD
from bot.discord.messages.reaction_votes import VoteEmoji, custom_id
from bot.discord.texts.lookup import Texts
from bot.discord.ui.admin_messages import warn_admins
from bot.notices import NoticeKind
from storage.tables import Community

#: How long an emoji that was found is taken to exist, where no label depends on it.
_KNOWN_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Poll:
    """What counts as a vote on a post, and where."""

    emoji: VoteEmoji
    community: Community
    #: Of the channel or thread in which it is.
    channel_id: int
    #: The bot's reply, where votes on it count, too.
    reply_id: int | None = None


class VoteEmojiCheck:
    """Asks a server for the emoji that it made itself, and tells its admins of one that is gone."""

    def __init__(self, client: discord.Client, core: Core) -> None:
        self._client = client
        self._core = core
        self._found_at: dict[int, datetime] = {}

    async def lacks(self, poll: Poll, horizon_at: datetime) -> bool:
        """Whether an emoji that people would vote with was deleted.

        Args:
            poll: what people vote with.
            horizon_at: when the score is final, aware: from then on the answer is of then or later.

        Raises:
            PlatformUnavailable: try again later.
            discord.HTTPException: it cannot be known.
        """
        now = self._core.clock()
        since = now - _KNOWN_FOR
        if now >= horizon_at:
            since = max(since, horizon_at)
        ids = [custom_id(key) for key in (poll.emoji.up, poll.emoji.down)]
        gone = [each for each in ids if each is not None and await self._is_gone(poll, each, since)]
        if gone:
            await self._warn(poll.community)
        return bool(gone)

    async def _is_gone(self, poll: Poll, emoji_id: int, since: datetime) -> bool:
        guild_id = poll.community.options.get(GUILD)
        now = self._core.clock()
        found_at = self._found_at.get(emoji_id)
        if guild_id is None or (found_at is not None and since <= found_at <= now):
            return False
        try:
            with reaching_discord():
                await self._client.http.get_custom_emoji(int(guild_id), emoji_id)
        except discord.NotFound as error:
            if error.code != UNKNOWN_EMOJI:
                raise
            self._found_at.pop(emoji_id, None)
            return True
        self._found_at[emoji_id] = now
        return False

    async def _warn(self, community: Community) -> None:
        guild = self._client.get_guild(int(community.options[GUILD]))
        texts = Texts(None if guild is None else guild.preferred_locale)
        await warn_admins(
            self._core.database,
            community,
            NoticeKind.VOTES,
            texts("notice.emoji_gone", channel=f"<#{community.source_id}>"),
            now=self._core.clock(),
        )
