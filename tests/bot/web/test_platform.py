import asyncio
import dataclasses

import aiohttp
import pytest

from bot.app import App
from bot.platform import PlatformRefused
from bot.service_states import Report, ServiceStates
from bot.web.platform import WebPlatform
from storage.types import PlatformName, ServiceState


def board_with(app: App, **settings: object) -> WebPlatform:
    changed = dataclasses.replace(app.core, settings=app.core.settings.model_copy(update=settings))
    return WebPlatform(changed, app.pipeline, app.readiness.look, app.backups)


async def test_a_port_in_use_is_said_with_the_setting(app: App, board: WebPlatform) -> None:
    port = int(board.url.rstrip("/").rpartition(":")[2])
    with pytest.raises(PlatformRefused, match=rf"{port} .*another program.*PEORIA_WEB_PORT"):
        await board_with(app, web_port=port).start()


async def test_an_address_that_is_not_this_machines(app: App) -> None:
    with pytest.raises(PlatformRefused, match="PEORIA_WEB_HOST"):
        await board_with(app, web_host="203.0.113.1").start()


class Told(Report):
    """Hands on what is reported."""

    def __init__(self, states: ServiceStates) -> None:
        super().__init__(states, "board", "The board")
        self.states: asyncio.Queue[tuple[ServiceState, str | None]] = asyncio.Queue()

    async def _change(self, state: ServiceState, why: str | None, *, expected: bool) -> None:
        await super()._change(state, why, expected=expected)
        self.states.put_nowait((state, why))


async def test_a_board_that_closes_is_opened_again_where_it_was(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.web.platform._LOOK_SECONDS", 0.01)
    monkeypatch.setattr("bot.web.platform._FIRST_WAIT", 0.01)
    board = board_with(app)
    board._report = told = Told(app.core.services)
    await board.start()
    try:
        assert await told.states.get() == (ServiceState.RUNNING, None)
        assert board._runner is not None
        for site in [*board._runner.sites]:
            await site.stop()
        state, why = await told.states.get()
        assert state is ServiceState.WAITING
        assert board.url in str(why)
        assert await told.states.get() == (ServiceState.RUNNING, None)
        async with aiohttp.ClientSession() as visitor, visitor.get(f"{board.url}healthz") as answer:
            assert await answer.json() == {"ok": True}
    finally:
        await board.stop()
    assert "The board has ended" in caplog.text
    assert "Traceback" not in caplog.text


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
