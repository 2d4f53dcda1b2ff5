"""The connection to Discord: one session after another, and the lock that keeps others out."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import discord
from sqlalchemy.exc import DBAPIError

from bot.core import Core
from bot.discord.gateway.client import point_at
from bot.discord.gateway.command_sync import sync_commands
from bot.discord.gateway.error_codes import (
    AUTHENTICATION_FAILED,
    AWAY,
    INVALID_SHARD,
    SHARDING_REQUIRED,
)
from bot.discord.gateway.instance_lock import InstanceLock
from bot.discord.gateway.message_content import NO_INTENT, may_read_content
from bot.discord.gateway.token import NOT_ACCEPTED, read_token
from bot.discord.session import Session, SessionState, open_session
from bot.notices import NoticeKind, note
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.posts.pipeline import Pipeline
from bot.runtime.shards import Shards, parse_shards

log = logging.getLogger(__name__)

#: How long the start waits for Discord before it goes on without, seconds.
_PATIENCE = 30.0
#: Waits between tries to connect, seconds.
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 300.0
#: How often the lock on the database is checked, seconds.
_LOCK_SECONDS = 20.0

_BAD_SHARDS = (
    "Discord does not accept the shards {shards}: the servers of this bot need another number of"
    " them. Start every process with the same larger number, as in main.py run --shards 0-3/8."
)


class Connection:
    """Keeps one session after another alive, until it is closed or Discord refuses for good."""

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        self._core = core
        self._pipeline = pipeline
        settings = core.settings
        shards = settings.discord_shards
        self._shards: Shards | None = parse_shards(shards) if shards else None
        self._lock = InstanceLock(core.database, self._shards)
        self._state = SessionState(core)
        self._session: Session | None = None
        self._running: asyncio.Task[None] | None = None
        self._watching_lock: asyncio.Task[None] | None = None
        self._refusal: PlatformRefused | None = None

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            PlatformRefused: another try would fail, too.
        """
        token = read_token(self._core.settings)
        point_at(self._core.settings.discord_api_url, self._core.settings.discord_gateway_url)
        await self._lock.take()
        self._refusal = None
        ready = asyncio.Event()
        self._running = asyncio.create_task(self._run(token, ready), name="Discord")
        self._watching_lock = asyncio.create_task(self._watch_lock(), name="Lock of Discord")
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait(
            {waiting, self._running}, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        if self._refusal is not None:
            await self.close()
            raise self._refusal
        if not ready.is_set():
            log.warning("Discord has not answered yet; connecting goes on in the background.")

    async def close(self) -> None:
        """Disconnect for good."""
        for task in (self._watching_lock, self._running):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._watching_lock = self._running = None
        await self._lock.release()

    async def ended(self) -> None:
        """Return when another try to connect would fail, too."""
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
                    await self._tell_admins(refusal)
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
            PlatformRefused: another try would fail, too.
        """
        try:
            settings = self._core.settings
            content = await may_read_content(settings.discord_message_content, token)
            async with open_session(
                self._core,
                self._pipeline,
                self._state,
                shards=self._shards,
                message_content=content,
            ) as session:
                self._session = session
                session.client.add_listener(_setter(ready), "on_ready")
                await session.client.login(token)
                await sync_commands(session.client.tree, settings.data_dir)
                await session.client.connect()
        except discord.LoginFailure as error:
            raise PlatformRefused(NOT_ACCEPTED) from error
        except discord.PrivilegedIntentsRequired as error:
            raise PlatformRefused(NO_INTENT) from error
        except discord.ConnectionClosed as error:
            if error.code == AUTHENTICATION_FAILED:
                raise PlatformRefused(NOT_ACCEPTED) from error
            if error.code in (INVALID_SHARD, SHARDING_REQUIRED):
                shards = self._core.settings.discord_shards
                raise PlatformRefused(_BAD_SHARDS.format(shards=shards)) from error
            raise
        finally:
            self._session = None

    async def _tell_admins(self, refusal: PlatformRefused) -> None:
        log.error("Discord has stopped: %s", refusal)
        await note(
            self._core.database,
            NoticeKind.DISCORD,
            f"Discord has stopped: {refusal}",
            now=self._core.clock(),
        )

    async def _watch_lock(self) -> None:
        """Take the lock again where a database server took it away with a lost connection."""
        while True:
            await asyncio.sleep(_LOCK_SECONDS)
            if await self._lock.is_held():
                continue
            try:
                await self._lock.release()
                await self._lock.take()
            except PlatformRefused as refusal:
                self._refusal = refusal
                await self._tell_admins(refusal)
                if self._running is not None:
                    self._running.cancel()
                return
            except (DBAPIError, OSError) as error:
                log.warning("The lock on the database was lost (%s); tried again.", error)


def _setter(event: asyncio.Event) -> Callable[[], Coroutine[Any, Any, None]]:
    async def on_ready() -> None:
        event.set()

    return on_ready
