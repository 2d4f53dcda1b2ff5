"""The connection to Discord: one session after another, while no other process serves it."""

import asyncio
import logging
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial

import discord

from bot.core import Core
from bot.discord.gateway.client import NoSessionsLeft, point_at
from bot.discord.gateway.command_sync import sync_commands
from bot.discord.gateway.error_codes import (
    AUTHENTICATION_FAILED,
    AWAY,
    INVALID_SHARD,
    SHARDING_REQUIRED,
)
from bot.discord.gateway.message_content import NO_INTENT, may_read_content
from bot.discord.gateway.shard_lease import shard_lease
from bot.discord.gateway.token import NOT_ACCEPTED, read_token
from bot.discord.session import Session, SessionState, open_session
from bot.leases import LeaseLost
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.posts.pipeline import Pipeline
from bot.runtime.another_try import until_another_try
from bot.runtime.shards import Shards, shard_choices
from bot.runtime.supervisor import keep_running, tell
from bot.runtime.system_clock import SystemClock
from storage.engine.faults import DATABASE_ERRORS, may_pass

log = logging.getLogger(__name__)

#: How long the start waits for Discord before it goes on without, seconds.
_PATIENCE = 30.0
#: Waits between tries to connect, seconds.
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 300.0
#: How often the shards are checked, seconds.
_WATCH_SECONDS = 20.0
#: How long a session goes on whose right was not renewed in time, seconds: nobody has it yet.
_PATIENCE_WITHOUT = 1.0
#: How often it is asked whether the process that serves Discord has ended, seconds.
_ASK_SECONDS = 1.0

_BAD_SHARDS = (
    "Discord does not accept the shards {shards}: the servers of this bot need another number of"
    " them. Start every process with the same larger number, as in main.py run --shards 0-3/8."
)


class Connection:
    """Keeps one session after another alive, until it is closed.

    After a refusal it tries again when the token changes, and every hour.

    Of several processes on one database one is connected. The others wait until it ends.
    """

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        self._core = core
        self._pipeline = pipeline
        settings = core.settings
        shards = settings.discord_shards
        choices: tuple[Shards | None, ...] = shard_choices(shards) if shards else (None,)
        #: Ranges of shards of which one is served, with the right to each.
        self._choices = [(each, shard_lease(core.database, each)) for each in choices]
        #: The one that is served, or was the last time.
        self._shards, self._lease = self._choices[0]
        self._state = SessionState(core)
        self._session: Session | None = None
        self._report = core.services.report(f"discord {shards}" if shards else "discord", "Discord")
        self._running: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[Exception] | None = None
        self._refusal: PlatformRefused | None = None
        #: The token of the latest try; None: there was none.
        self._used: str | None = None

    def token(self) -> str | None:
        """The token as it is set now; None: there is none, or it cannot be read."""
        try:
            return read_token(self._core.settings_now())
        except PlatformRefused:
            return None

    async def open(self) -> None:
        """Connect for the first time.

        Raises:
            PlatformRefused: another try would fail, too.
        """
        try:
            read_token(self._core.settings_now())
        except PlatformRefused as refusal:
            self._refusal = refusal
            raise
        point_at(self._core.settings.discord_api_url, self._core.settings.discord_gateway_url)
        self._refusal = None
        begun = asyncio.Event()
        self._running = asyncio.create_task(self._run(begun), name="Discord")
        self._watching = asyncio.create_task(
            keep_running("The watch over Discord", self._watch, report=self._report),
            name="Watch over Discord",
        )
        waiting = asyncio.create_task(begun.wait())
        await asyncio.wait(
            {waiting, self._running}, timeout=_PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        if self._refusal is not None:
            await self.close()
            raise self._refusal
        if not begun.is_set():
            log.warning("Discord has not answered yet; connecting goes on in the background.")

    async def close(self) -> None:
        """Disconnect for good."""
        tasks = [each for each in (self._watching, self._running) if each is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            # What they ended with was told when they ended: stopping never fails.
            await asyncio.wait(tasks)
        self._watching = self._running = None
        if self._refusal is None:
            await tell("Discord", self._report.closed())
        await self._lease.release()

    @property
    def on_duty(self) -> bool:
        """Whether Discord is this process's: of several on one database, one looks after it."""
        return not self._lease.is_elsewhere

    def guarding(self) -> AbstractContextManager[None]:
        """A block in which nothing is written once Discord is another process's."""
        return self._lease.guarding()

    def _check_duty(self) -> None:
        """Do nothing if Discord is this process's.

        Raises:
            PlatformUnavailable: another process looks after it.
        """
        if not self.on_duty:
            raise PlatformUnavailable("another process looks after Discord now")

    def session(self) -> Session:
        """The session that is connected.

        Raises:
            PlatformUnavailable: there is none just now.
        """
        session = self._session
        self._check_duty()
        if session is None or session.client.is_closed():
            raise PlatformUnavailable(str(self._refusal or "Discord is not connected"))
        return session

    async def _run(self, begun: asyncio.Event) -> None:
        """Be connected until closed. A refusal at the start ends it, a later one is waited out."""
        while True:
            refusal = await keep_running(
                "Discord",
                partial(self._run_in_turn, begun),
                report=self._report,
                refused=PlatformRefused,
                away=_passes,
                first_wait=_FIRST_WAIT,
                longest_wait=_LONGEST_WAIT,
            )
            self._refusal = PlatformRefused(str(refusal))
            await self._lease.release()
            if not begun.is_set():
                return
            log.error("Discord has stopped: %s", refusal)
            await until_another_try(self.token, self._used)
            log.info("Discord is tried again.")

    async def _run_in_turn(self, begun: asyncio.Event) -> None:
        """Wait until no other process serves Discord, then serve it.

        Raises:
            LeaseLost: another process may serve it now.
            PlatformRefused: another try would fail, too.
        """
        if not await self._hold_one():
            log.info("Another process looks after Discord; this one waits until it ends.")
            await tell("Discord", self._report.closed())
            begun.set()
            while not await self._hold_one():  # noqa: ASYNC110 - another process ends
                await asyncio.sleep(_ASK_SECONDS)
            log.info("This process looks after Discord now.")
        losing: asyncio.Task[None] | None = None
        try:
            async with asyncio.timeout(None) as until_lost:
                losing = asyncio.create_task(self._end_when_lost(until_lost))
                with self._lease.guarding():
                    await self._run_once(begun)
        except TimeoutError:
            if not until_lost.expired():
                raise
            why = "the right to serve Discord could not be renewed in the database"
            raise LeaseLost(why) from None
        finally:
            if losing is not None:
                losing.cancel()

    async def _hold_one(self) -> bool:
        """Take the right to a range of shards that nobody serves; return whether there is one.

        The range that was served before comes first.
        """
        if await self._lease.hold():
            return True
        for shards, lease in self._choices:
            if lease is not self._lease and await lease.hold():
                # Not to be renewed beside the new one.
                await self._lease.release()
                self._shards, self._lease = shards, lease
                log.info("This process serves the shards %s.", shards)
                return True
        return False

    async def _end_when_lost(self, session: asyncio.Timeout) -> None:
        """End a session when the right to it is lost; one that was renewed too late is not."""
        fence = self._lease.fence
        try:
            async with asyncio.timeout(None) as patience:
                while True:
                    await self._lease.lost()
                    patience.reschedule(asyncio.get_running_loop().time() + _PATIENCE_WITHOUT)
                    # Ours again after another had it, it is another right.
                    if not await self._lease.hold() or self._lease.fence != fence:
                        break
                    patience.reschedule(None)
        except DATABASE_ERRORS as error:
            ours = None if may_pass(error) else error
            log.warning(
                "The right to serve Discord could not be renewed (%s).", error, exc_info=ours
            )
        session.reschedule(asyncio.get_running_loop().time())

    async def _run_once(self, begun: asyncio.Event) -> None:
        """One session, from logging in until it ends.

        Raises:
            PlatformRefused: another try would fail, too.
        """
        try:
            settings = self._core.settings
            self._used = None
            token = self._used = read_token(self._core.settings_now())
            content = await may_read_content(settings.discord_message_content, token)
            async with open_session(
                self._core,
                self._pipeline,
                self._state,
                shards=self._shards,
                message_content=content,
                heard=self._hear_time,
                before_writing=self._check_duty,
            ) as session:
                self._session = session
                session.client.add_listener(partial(self._note_ready, begun), "on_ready")
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

    async def _note_ready(self, begun: asyncio.Event) -> None:
        begun.set()
        self._refusal = None
        await tell("Discord", self._report.running())

    async def _hear_time(self, told: datetime) -> None:
        clock = self._core.clock
        # A clock of a simulation has no other to agree with.
        if isinstance(clock, SystemClock) and (ahead := clock.hear(told)) is not None:
            await tell("Discord", self._report.clock_ahead(ahead))

    async def _note_shards(self) -> None:
        """Note whether every shard is connected: discord.py connects lost ones again by itself."""
        session = self._session
        if session is None or not session.client.is_ready():
            return
        shards = session.client.shards.values()
        lost = sum(shard.is_closed() for shard in shards)
        if lost:
            why = f"{lost} of {len(shards)} connections are lost"
            await self._report.waiting(why, expected=True)
        else:
            await self._report.running()

    async def _watch(self) -> None:
        """See to the shards."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            await tell("Discord", self._note_shards())


def _passes(error: Exception) -> bool:
    """Whether a session ended because of others: Discord, the database, another process."""
    kinds = *AWAY, NoSessionsLeft, LeaseLost, discord.HTTPException, discord.ConnectionClosed
    return isinstance(error, kinds) or may_pass(error)
