import asyncio
import dataclasses

import pytest

from bot.app import App
from bot.platform import PlatformRefused
from bot.web.platform import WebPlatform
from storage.types import PlatformName


def board_with(app: App, **settings: object) -> WebPlatform:
    changed = dataclasses.replace(app.core, settings=app.core.settings.model_copy(update=settings))
    return WebPlatform(changed, app.pipeline)


async def test_a_port_in_use_is_said_with_the_setting(app: App, board: WebPlatform) -> None:
    port = int(board.url.rstrip("/").rpartition(":")[2])
    with pytest.raises(PlatformRefused, match=rf"{port} .*another program.*PEORIA_WEB_PORT"):
        await board_with(app, web_port=port).start()


async def test_an_address_that_is_not_this_machines(app: App) -> None:
    with pytest.raises(PlatformRefused, match="PEORIA_WEB_HOST"):
        await board_with(app, web_host="203.0.113.1").start()


async def test_stopping_what_was_not_started(app: App) -> None:
    board = app.platforms[PlatformName.WEB]
    await board.stop()
    await board.stop()


async def test_stopping_ends_what_goes_on_in_the_background(app: App) -> None:
    board = board_with(app)
    await board.start()
    task = board.tasks.start(asyncio.Event().wait(), "Waiting")
    await board.stop()
    assert task.cancelled()


async def test_what_fails_in_the_background_is_logged(
    board: WebPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise RuntimeError("on purpose")

    board.tasks.start(fail(), "Predicting post 7")
    await board.tasks.idle()
    assert "Predicting post 7 failed." in caplog.text
    assert "on purpose" in caplog.text
