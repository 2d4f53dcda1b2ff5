"""A board that listens on a loopback port, and people who visit it. No job runs by itself."""

from collections.abc import AsyncIterator

import pytest

from bot.app import App
from bot.web.platform import WebPlatform
from storage.types import PlatformName
from tests.fakes.visitor import Visitor, visiting


@pytest.fixture
async def board(app: App) -> AsyncIterator[WebPlatform]:
    """The board, listening."""
    board = app.platforms[PlatformName.WEB]
    assert isinstance(board, WebPlatform)
    await board.start()
    yield board
    await board.stop()


@pytest.fixture
async def ann(board: WebPlatform) -> AsyncIterator[Visitor]:
    """Somebody who posts."""
    async with visiting(board.url) as visitor:
        yield visitor


@pytest.fixture
async def bob(board: WebPlatform) -> AsyncIterator[Visitor]:
    """Somebody else."""
    async with visiting(board.url) as visitor:
        yield visitor


@pytest.fixture
async def post_id(ann: Visitor, board: WebPlatform) -> int:
    """A post of Ann's that was predicted."""
    status, content = await ann.post()
    assert status == 201, content
    await board.tasks.idle()
    return int(content["post"]["id"])
