"""Platforms that are set up while Peoria runs, on the first-run page: they start by themselves.

The page writes credentials and names of subreddits to files. They are looked at now and then: a
platform that has got its credentials starts, and one starts anew where something else is to be
watched, or another server is to be asked. One that
does not start is tried again when its credentials change, and every hour. What the credentials of a
platform that runs are is its own affair.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.platform import Platform, PlatformRefused, SignsIn
from bot.runtime.another_try import RETRY_SECONDS
from bot.runtime.roles import Role
from bot.runtime.side_by_side import end_side_by_side
from bot.service_states import ServiceStates
from bot.settings import Settings, with_written_credentials
from bot.written_networks import NETWORKS
from storage.errors import ExpectedError
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often the files are looked at, seconds.
LOOK_SECONDS = 10.0
_ODD = "It does not start; the log says why."
_CREDENTIALS = (
    "discord_token", "discord_token_file", "reddit_client_id", "reddit_client_secret",
    "reddit_username", "reddit_password", "reddit_refresh_token", "reddit_credentials_file",
    *(each for fields in NETWORKS.values() for each in fields.credentials),
)  # fmt: skip
#: What a platform is made anew for: it is read once.
_READ_ONCE: Mapping[PlatformName, tuple[str, ...]] = {
    PlatformName.REDDIT: ("reddit_subreddits",),
    **{name: (*fields.account, fields.watched) for name, fields in NETWORKS.items()},
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A platform that can be set up later.

    Attributes:
        is_given: whether settings hold its credentials.
        make: the platform with such settings.
    """

    is_given: Callable[[Settings], bool]
    make: Callable[[Settings], Platform]


def discord_is_given(settings: Settings) -> bool:
    """Whether there is a token of Discord's."""
    return bool(settings.discord_token or settings.discord_token_file)


def reddit_is_given(settings: Settings) -> bool:
    """Whether there are credentials of Reddit's."""
    return bool(settings.reddit_client_id or settings.reddit_credentials_file)


def network_is_given(name: PlatformName) -> Callable[[Settings], bool]:
    """Whether there is an account on a network."""
    return lambda settings: getattr(settings, NETWORKS[name].account[0]) is not None


def _read_once(settings: Settings, name: PlatformName) -> tuple[object, ...]:
    return tuple(getattr(settings, each) for each in _READ_ONCE.get(name, ()))


@dataclass(frozen=True, slots=True)
class _Failed:
    """A platform that did not start.

    Attributes:
        read: gives its credentials as they are now; only to be compared.
        credentials: those that it was started with.
        at: when, by the event loop's clock, seconds.
        reason: why, a sentence.
    """

    read: Callable[[], object]
    credentials: object
    at: float
    reason: str

    async def is_worth_a_try(self) -> bool:
        """Whether its credentials have changed since, or it is long ago."""
        if asyncio.get_running_loop().time() - self.at >= RETRY_SECONDS:
            return True
        return await asyncio.to_thread(self.read) != self.credentials


@dataclass
class SetUpLater:
    """Starts what is set up while Peoria runs.

    Attributes:
        settings: those of the start.
        settings_now: reads them as they are written now.
        services: told what cannot run.
        platforms: those of this process; new ones are added.
        kinds: what can be set up later.
    """

    settings: Settings
    settings_now: Callable[[], Settings]
    services: ServiceStates
    platforms: dict[PlatformName, Platform]
    kinds: Mapping[PlatformName, Kind]
    _read_once: dict[PlatformName, tuple[object, ...]] = field(init=False)
    _failed: dict[PlatformName, _Failed] = field(default_factory=dict, init=False)
    _started: list[Platform] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._read_once = {name: _read_once(self.settings, name) for name in self.kinds}

    async def run(self) -> None:
        """Look as long as Peoria runs."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except ExpectedError as error:
                # What is written is not whole, or not right: it may be in a moment.
                log.warning("What is set up cannot be used now: %s", error)

    async def look(self) -> None:
        """Start what has been set up since."""
        now = await asyncio.to_thread(self._read)
        for name, kind in self.kinds.items():
            if Role(name.value) not in now.roles or not kind.is_given(now):
                continue
            others = _read_once(now, name) != self._read_once[name]
            if name in self.platforms and not others:
                continue
            failed = self._failed.get(name)
            if failed is not None and not others and not await failed.is_worth_a_try():
                continue
            if others:
                self._read_once[name] = _read_once(now, name)
                await self._stop(name)
            await self._start(name, kind.make(now))

    def _read(self) -> Settings:
        """The settings of the start with the credentials of now."""
        written = self.settings_now()
        credentials = {name: getattr(written, name) for name in _CREDENTIALS}
        return with_written_credentials(self.settings.model_copy(update=credentials))

    async def stop(self) -> None:
        """Stop what was started here."""
        await end_side_by_side([platform.stop for platform in self._started])

    async def _stop(self, name: PlatformName) -> None:
        platform = self.platforms.pop(name, None)
        if platform is not None:
            await platform.stop()

    async def _start(self, name: PlatformName, platform: Platform) -> None:
        self._started.append(platform)
        title = name.value.capitalize()
        read = platform.credentials if isinstance(platform, SignsIn) else lambda: None
        credentials = await asyncio.to_thread(read)
        try:
            await platform.start()
        except Exception as error:  # one platform that does not start ends no other
            await platform.stop()
            self._started.remove(platform)
            reason = str(error) if isinstance(error, PlatformRefused) else _ODD
            if not isinstance(error, PlatformRefused):
                log.exception("%s was set up, but does not start.", title)
            before = self._failed.get(name)
            if before is None or before.reason != reason:
                log.warning("%s was set up, but cannot run: %s", title, reason)
                await self.services.report(name.value, title).stopped(reason)
            now = asyncio.get_running_loop().time()
            self._failed[name] = _Failed(read, credentials, now, reason)
            return
        self._failed.pop(name, None)
        self.platforms[name] = platform
        log.info("%s was set up, and runs.", title)
