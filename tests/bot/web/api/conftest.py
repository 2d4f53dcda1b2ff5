"""A program with a token."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest

from bot.app import App
from bot.web.api.tokens import Scope, create_token
from bot.web.platform import WebPlatform
from tests.fakes.visitor import PICTURE


@dataclass
class Program:
    """Speaks to the API."""

    session: aiohttp.ClientSession
    url: str
    token: str
    headers: dict[str, str] = field(default_factory=dict)
    #: Of the latest answer.
    answered: Mapping[str, str] = field(default_factory=dict)

    async def ask(self, method: str, path: str, **sent: Any) -> tuple[int, Any]:
        """One request; the status and the content (None: there is none)."""
        own = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        own |= self.headers | sent.pop("headers", {})
        async with self.session.request(
            method, f"{self.url}/api/v1{path}", headers=own, **sent
        ) as answer:
            self.answered = answer.headers
            text = await answer.text()
            return answer.status, await answer.json(content_type=None) if text else None

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """Ask for something."""
        return await self.ask("GET", path, headers=headers)

    async def send_picture(
        self, path: str, picture: bytes = PICTURE, **fields: str
    ) -> tuple[int, Any]:
        """Send a form with an image."""
        form = aiohttp.FormData()
        form.add_field("image", picture, filename="picture.png", content_type="image/png")
        for name, value in fields.items():
            form.add_field(name, value)
        return await self.ask("POST", path, data=form)


MakeToken = Callable[..., Awaitable[str]]


@pytest.fixture
def make_token(app: App) -> MakeToken:
    """Makes tokens."""

    async def make(*scopes: Scope, days: int | None = None) -> str:
        async with app.core.database.write() as session:
            made = await session.run_sync(
                create_token, "a test", scopes, now=app.core.clock(), days=days
            )
        return made.text

    return make


@pytest.fixture
async def program(board: WebPlatform, make_token: MakeToken) -> AsyncIterator[Program]:
    """A program that may do everything."""
    async with aiohttp.ClientSession() as session:
        yield Program(session, board.url.rstrip("/"), await make_token(*Scope))


@pytest.fixture
async def stranger(board: WebPlatform) -> AsyncIterator[Program]:
    """A program without a token."""
    async with aiohttp.ClientSession() as session:
        yield Program(session, board.url.rstrip("/"), "")
