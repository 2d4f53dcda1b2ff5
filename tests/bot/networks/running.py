"""A whole Peoria on a loopback network, whichever that is; nothing happens but what a test does."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select

from bot.app import App, build
from bot.core import open_core
from bot.networks.network import Place
from bot.networks.platform import NetworkPlatform
from bot.platform import OneOwner
from bot.settings import Settings
from storage.types import PlatformName
from tests.fakes.clock import FakeClock


@dataclass
class Bot:
    """A Peoria that is not started: `later` is what time would do."""

    app: App
    platform: NetworkPlatform
    clock: FakeClock

    async def later(self, seconds: float = 0) -> None:
        """So much later: look at the network, and do everything that is due."""
        self.clock.forward(seconds)
        await self.platform.tick()
        while await self.app.jobs.run_due() + await self.app.jobs.remove_replies():
            pass

    async def all(self, table: Any) -> list[Any]:
        """Every row, the oldest first."""
        async with self.app.core.database.read() as session:
            oldest_first = select(table).order_by(*inspect(table).primary_key)
            return [*await session.scalars(oldest_first)]


OpenBot = Callable[..., AbstractAsyncContextManager[Bot]]


def settings_of(data_dir: Path, **values: Any) -> Settings:
    """Settings of a Peoria that answers every post, and asks nobody but this machine."""
    own = {"web": False, "silent_share": 0, "scores_to_compare": 1}
    return Settings(**{"data_dir": data_dir, "download_allow_hosts": "127.0.0.1", **own, **values})


@asynccontextmanager
async def running(name: PlatformName, settings: Settings, clock: FakeClock) -> AsyncIterator[Bot]:
    """A Peoria from its start to its end; again on the same data, and it is a restart."""
    async with open_core(settings, clock=clock) as core:
        app = build(core)
        platform = app.platforms[name]
        assert isinstance(platform, NetworkPlatform)
        assert isinstance(platform, OneOwner)
        try:
            yield Bot(app, platform, clock)
        finally:
            await platform.stop()


class Killed(BaseException):
    """The process ends here: nothing catches it, and nothing is tidied up."""


def dying(monkeypatch: pytest.MonkeyPatch, bot: Bot, *, after_sending: bool) -> None:
    """Let the process end right before its next answer is sent, or right after."""
    network = bot.platform.network
    write = network.write

    async def die(place: Place, text: str) -> str:
        if after_sending:
            await write(place, text)
        raise Killed

    monkeypatch.setattr(network, "write", die)
