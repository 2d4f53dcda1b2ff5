"""The connection to Discord, holding as little of it in memory as can be."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypedDict

import discord
import yarl
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.discord.gateway.answer_shape import check_answers
from bot.discord.gateway.event_guard import guard_events
from bot.discord.gateway.lean_requests import tidy_seldom, write_forms_at_once
from bot.discord.gateway.request_trace import nobody_listens, trace_requests
from bot.discord.gateway.server_parts import read_in_parts
from bot.discord.gateway.unseen_channels import close_unseen_channels
from bot.runtime.shards import Shards

# The bot never uses voice: no warning about missing voice libraries.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False

API_URL = Route.BASE
GATEWAY_URL = str(DiscordWebSocket.DEFAULT_GATEWAY)

#: How long the servers' descriptions may keep each other waiting after a connection, seconds.
_GUILDS_SECONDS = 2.0


def point_at(api_url: str | None, gateway_url: str | None) -> None:
    """Have every client in this process use these servers; None: Discord's own."""
    Route.BASE = (api_url or API_URL).rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url or GATEWAY_URL)


def needed_intents(*, message_content: bool) -> discord.Intents:
    """The events that are used: servers and channels, messages, reactions, direct messages."""
    intents = discord.Intents.none()
    intents.guilds = True
    intents.guild_messages = True
    intents.guild_reactions = True
    # Whoever writes to the bot shows it what they write.
    intents.dm_messages = True
    intents.message_content = message_content
    return intents


class _Sharding(TypedDict, total=False):
    shard_ids: list[int]
    shard_count: int


def _sharding(shards: Shards | None) -> _Sharding:
    return {} if shards is None else {"shard_ids": shards.ids, "shard_count": shards.count}


class NoSessionsLeft(discord.DiscordException):
    """Discord lets a bot begin so many sessions a day, and those are used up."""


class Client(commands.AutoShardedBot):
    """discord.py's client for one session after another.

    Neither messages nor members are cached: what has to be remembered is in our tables.

    Args:
        message_content: whether to ask for the privileged intent that automatic replies need.
        shards: which shards to serve; None: all that Discord recommends.
        gateway_url: where the gateway is if not where the API says; None: there.
        heard: is told the time by Discord's clock, with every answer.
        before_writing: raises where nothing may be changed on Discord any more; called right before
            each request that would.
        turn: waits until a shard may begin a session, given its number and Discord's
            `max_concurrency`; None: as discord.py does, which knows of no other process.
    """

    def __init__(
        self,
        *,
        message_content: bool,
        shards: Shards | None,
        gateway_url: str | None,
        heard: Callable[[datetime], Awaitable[None]] = nobody_listens,
        before_writing: Callable[[], None] | None = None,
        turn: Callable[[int, int], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=needed_intents(message_content=message_content),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            guild_ready_timeout=_GUILDS_SECONDS,
            max_ratelimit_timeout=60.0,
            http_trace=trace_requests(heard, before_writing),
            **_sharding(shards),
        )
        self._gateway_url = gateway_url
        self._turn = turn
        self._max_concurrency = 1
        lean = write_forms_at_once(self.http.request)
        self.http.request = check_answers(lean)  # type: ignore[assignment]
        # discord.py has no public place for that.
        tidy = tidy_seldom(self.http._try_clear_expired_ratelimits)  # noqa: SLF001
        self.http._try_clear_expired_ratelimits = tidy  # type: ignore[method-assign]  # noqa: SLF001
        # discord.py has no public place between receiving an event and reading it.
        parsers = self._connection.parsers
        parsers["GUILD_CREATE"] = read_in_parts(parsers["GUILD_CREATE"], self._connection)
        close_unseen_channels(parsers, lambda: self._connection.self_id)
        guard_events(parsers, self._note_skipped)

    def _note_skipped(self, name: str, data: Any) -> None:
        """Tell listeners (``on_skipped_event``) of an event that could not be read."""
        self.dispatch("skipped_event", name, data)

    async def on_message(self, message: discord.Message, /) -> None:
        """There are no text commands; cogs hear of messages by themselves."""

    async def close(self) -> None:
        """End for good; cogs from the last to the first.

        Later ones hand over to earlier ones: posts that were missed would begin while those that
        are under way are being ended.
        """
        for name in reversed([*self.cogs]):
            # An error of one is logged by discord.py, and keeps none of the others.
            await self.remove_cog(name)
        await super().close()

    async def setup_hook(self) -> None:
        """Between logging in and connecting.

        Raises:
            NoSessionsLeft: one more would have Discord reset the bot's token.
        """
        told = await self.http.request(Route("GET", "/gateway/bot"))
        self._note_limits(told)
        if self._gateway_url is not None and self.shard_count is None:
            # With a number of shards given, the gateway's address is not asked for.
            self.shard_count = told["shards"]

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Right before a shard begins a session.

        Raises:
            NoSessionsLeft: as in `setup_hook`; other processes begin sessions of this bot, too.
        """
        if not initial:
            self._note_limits(await self.http.request(Route("GET", "/gateway/bot")))
        if self._turn is None:
            await super().before_identify_hook(shard_id, initial=initial)
        else:
            await self._turn(shard_id or 0, self._max_concurrency)

    def _note_limits(self, told: Mapping[str, Any]) -> None:
        limit = told.get("session_start_limit", {})
        self._max_concurrency = limit.get("max_concurrency", 1)
        _check_sessions_left(limit)


def _check_sessions_left(limit: Mapping[str, Any]) -> None:
    if limit.get("remaining", 1) <= 0:
        wait = timedelta(milliseconds=limit.get("reset_after", 0))
        raise NoSessionsLeft(
            f"Discord lets this bot begin no session for {wait}: it began too many today"
        )
