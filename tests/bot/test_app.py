import asyncio
import logging

import pytest

from bot.app import App, build, running
from bot.core import Core
from bot.platform import PlatformRefused
from bot.settings import Settings
from storage.types import PlatformName
from tests.fakes.platform import FakePlatform


class RefusedPlatform(FakePlatform):
    async def start(self) -> None:
        raise PlatformRefused("The token was revoked.")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"web": False})


async def test_a_platform_that_cannot_run_does_not_keep_the_others_from_running(
    app: App, core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    app.platforms[PlatformName.REDDIT] = RefusedPlatform(core.clock)
    app.platforms[PlatformName.DISCORD] = FakePlatform(core.clock)
    with caplog.at_level(logging.ERROR):
        async with running(app):
            assert "Reddit is left out: The token was revoked." in caplog.text


async def test_where_nothing_else_runs_a_refusal_is_the_end(app: App, core: Core) -> None:
    app.platforms[PlatformName.REDDIT] = RefusedPlatform(core.clock)
    with pytest.raises(PlatformRefused, match="revoked"):
        async with running(app):
            pytest.fail("it ran")


async def test_platforms_stop_side_by_side_and_one_that_fails_keeps_none(
    app: App, core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    stopped: set[str] = set()

    class Slow(FakePlatform):
        def __init__(self, name: str, others: asyncio.Barrier) -> None:
            super().__init__(core.clock)
            self._name, self._others = name, others

        async def stop(self) -> None:
            # Each ends when all of them are stopping.
            async with asyncio.timeout(10), self._others:
                stopped.add(self._name)
            raise ConnectionRefusedError(self._name)

    together = asyncio.Barrier(2)
    app.platforms[PlatformName.REDDIT] = Slow("first", together)
    app.platforms[PlatformName.DISCORD] = Slow("second", together)
    with pytest.raises(ConnectionRefusedError, match="first"):
        async with running(app):
            pass
    assert stopped == {"first", "second"}
    assert "ConnectionRefusedError: second" in caplog.text


async def test_without_any_platform_there_is_nothing_to_run(core: Core) -> None:
    with pytest.raises(PlatformRefused, match="PEORIA_WEB"):
        async with running(build(core)):
            pytest.fail("it ran")
