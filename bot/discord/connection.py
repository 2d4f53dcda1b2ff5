"""Staying connected to Discord, and what goes on over the connection."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
from sqlalchemy.exc import DBAPIError

from bot.core import Core
from bot.discord.commands import add_commands
from bot.discord.events.backfill import Backfill
from bot.discord.events.guesses import GuessListener
from bot.discord.events.messages import MessageListener
from bot.discord.events.reactions import ReactionListener
from bot.discord.gateway.client import Client, needed_intents, point_at
from bot.discord.gateway.command_sync import sync_commands
from bot.discord.gateway.error_codes import (
    AUTHENTICATION_FAILED,
    AWAY,
    INVALID_SHARD,
    SHARDING_REQUIRED,
)
from bot.discord.gateway.instance_lock import InstanceLock
from bot.discord.gateway.token import NOT_ACCEPTED, read_token
from bot.discord.messages.high_water import HighWater
from bot.discord.messages.reaction_votes import ReactionVotes
from bot.discord.messages.score_reader import ScoreReader
from bot.discord.messages.send_reply import Replies
from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.guess_buttons import GuessButton
from bot.discord.ui.member_names import MemberNames
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.posts.pipeline import Pipeline
from bot.runtime.shards import Shards, parse_shards
from storage.tables import Notice

log = logging.getLogger(__name__)

#: How long the start waits for Discord before it goes on without, seconds.
_PATIENCE = 30.0
#: Waits between tries to connect, seconds.
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 300.0
#: How often the lock on the database is looked after, seconds.
_LOCK_SECONDS = 20.0

_NO_INTENT = (
    "Discord does not give this bot the content of messages. Switch on Message Content Intent in"
    " the Discord Developer Portal (your application → Bot → Privileged Gateway Intents), or set"
    " PEORIA_DISCORD_MESSAGE_CONTENT=auto to run without automatic replies until then."
)
_BAD_SHARDS = (
    "Discord does not accept the shards {shards}: the servers of this bot need another number of"
    " them. Start every process with the same larger number, as in main.py run --shards 0-3/8."
)


@dataclass(frozen=True, slots=True)
class Session:
    """One client, from logging in to being closed, and what works over it."""

    client: Client
    replies: Replies
    scores: ScoreReader
    guesses: GuessListener
    reactions: ReactionListener


class Connection:
    """Keeps one session after another alive, until it is closed or Discord refuses for good."""

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        self._core = core
        self._pipeline = pipeline
        settings = core.settings
        shards = settings.discord_shards
        self._shards: Shards | None = parse_shards(shards) if shards else None
        self._lock = InstanceLock(core.database, self._shards)
        self._names = MemberNames(core.people_key)
        self._cooldowns = Cooldowns(
            core.clock, per_person=10, per_channel=120, within=timedelta(seconds=30)
        )
        self._high_water = HighWater(core.database)
        self._votes = ReactionVotes()
        self._session: Session | None = None
        self._running: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._refusal: PlatformRefused | None = None

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            PlatformRefused: it is no use to try again.
        """
        token = read_token(self._core.settings)
        point_at(self._core.settings.discord_api_url, self._core.settings.discord_gateway_url)
        await self._lock.take()
        self._refusal = None
        ready = asyncio.Event()
        self._running = asyncio.create_task(self._run(token, ready), name="Discord")
        self._keeping = asyncio.create_task(self._keep_lock(), name="Lock of Discord")
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait(
            {waiting, self._running}, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        if self._refusal is not None:
            await self.close()
            raise self._refusal
        if not ready.is_set():
            log.warning("Discord has not answered yet; it is tried on in the background.")

    async def close(self) -> None:
        """Disconnect for good."""
        for task in (self._keeping, self._running):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._keeping = self._running = None
        await self._lock.release()

    async def ended(self) -> None:
        """Return when it is no use to try again."""
        if self._running is not None:
            await asyncio.wait({self._running})

    def session(self) -> Session:
        """The session that is connected.

        Raises:
            PlatformUnavailable: there is none just now.
        """
        session = self._session
        if session is None or session.client.is_closed():
            raise PlatformUnavailable(str(self._refusal or "Discord is not connected"))
        return session

    async def _run(self, token: str, ready: asyncio.Event) -> None:
        wait = _FIRST_WAIT
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await self._run_once(token, ready)
            except PlatformRefused as refusal:
                self._refusal = refusal
                if ready.is_set():
                    await self._tell_of_the_end(refusal)
                return
            except (*AWAY, discord.HTTPException, discord.ConnectionClosed) as error:
                why = str(error) or type(error).__name__
            else:
                why = "it ended the connection"
            if loop.time() - started > _LONGEST_WAIT:
                wait = _FIRST_WAIT
            log.warning("Discord cannot be reached (%s); tried again in %g s.", why, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _run_once(self, token: str, ready: asyncio.Event) -> None:
        """One session, from logging in until it ends.

        Raises:
            PlatformRefused: it is no use to try again.
        """
        try:
            content = await self._may_read_content(token)
            await self._start_session(token, ready, content=content)
        except discord.LoginFailure as error:
            raise PlatformRefused(NOT_ACCEPTED) from error
        except discord.PrivilegedIntentsRequired as error:
            raise PlatformRefused(_NO_INTENT) from error
        except discord.ConnectionClosed as error:
            if error.code == AUTHENTICATION_FAILED:
                raise PlatformRefused(NOT_ACCEPTED) from error
            if error.code in (INVALID_SHARD, SHARDING_REQUIRED):
                shards = self._core.settings.discord_shards
                raise PlatformRefused(_BAD_SHARDS.format(shards=shards)) from error
            raise
        finally:
            self._session = None

    async def _tell_of_the_end(self, refusal: PlatformRefused) -> None:
        log.error("Discord has stopped: %s", refusal)
        async with self._core.database.write() as session:
            session.add(
                Notice(
                    kind="discord",
                    text=f"Discord has stopped: {refusal}",
                    made_at=self._core.clock(),
                )
            )

    async def _keep_lock(self) -> None:
        """Keep watch over the lock, which a database server takes away with a lost connection."""
        while True:
            await asyncio.sleep(_LOCK_SECONDS)
            if await self._lock.is_held():
                continue
            try:
                await self._lock.release()
                await self._lock.take()
            except PlatformRefused as refusal:
                self._refusal = refusal
                await self._tell_of_the_end(refusal)
                if self._running is not None:
                    self._running.cancel()
                return
            except (DBAPIError, OSError) as error:
                log.warning("The lock on the database was lost (%s); tried again.", error)

    async def _may_read_content(self, token: str) -> bool:
        """Whether to ask for the content of messages; asking in vain ends the connection.

        Raises:
            PlatformRefused: it is asked for by the settings, and not granted.
        """
        wanted = self._core.settings.discord_message_content
        if wanted == "off":
            return False
        async with discord.Client(intents=needed_intents(message_content=False)) as client:
            await client.login(token)
            flags = client.application_flags
        granted = flags.gateway_message_content or flags.gateway_message_content_limited
        if wanted == "on" and not granted:
            raise PlatformRefused(_NO_INTENT)
        if not granted:
            log.warning(
                "Discord keeps the content of messages from this bot: there are no automatic"
                " replies until Message Content Intent is switched on in the Developer Portal."
            )
        return granted

    async def _start_session(self, token: str, ready: asyncio.Event, *, content: bool) -> None:
        client = Client(
            message_content=content,
            shards=self._shards,
            gateway_url=self._core.settings.discord_gateway_url,
        )
        async with client:
            replies = Replies(client, self._core, self._names)
            guesses = GuessListener(self._core, replies, self._names, self._cooldowns)
            reactions = ReactionListener(self._core, self._votes)
            await self._add_cogs(client, guesses, reactions)
            client.add_listener(_setter(ready), "on_ready")
            scores = ScoreReader(client, self._core, self._votes)
            self._session = Session(client, replies, scores, guesses, reactions)
            await client.login(token)
            await sync_commands(client.tree, self._core.settings.data_dir)
            await client.connect()

    async def _add_cogs(
        self, client: Client, guesses: GuessListener, reactions: ReactionListener
    ) -> None:
        messages = MessageListener(self._core, self._pipeline, self._votes, self._high_water)
        client.add_dynamic_items(GuessButton)
        await client.add_cog(messages)
        await client.add_cog(reactions)
        await client.add_cog(Backfill(client, self._core, messages, self._votes, self._high_water))
        await client.add_cog(guesses)
        await add_commands(client, self._core, self._pipeline, known=self._names)


def _setter(event: asyncio.Event) -> Callable[[], Coroutine[Any, Any, None]]:
    async def on_ready() -> None:
        event.set()

    return on_ready
