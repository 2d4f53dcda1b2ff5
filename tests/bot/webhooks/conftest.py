"""A receiver of webhooks on this machine, and a webhook that leads to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import App
from bot.settings import Settings
from bot.webhooks.addresses import add_webhook
from bot.webhooks.events import Event


@dataclass
class Receiver:
    """Takes messages, and answers as a test wants."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        self.taken.append((dict(request.headers), await request.text()))
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    site = web.Application()
    site.router.add_route("*", "/{path:.*}", receiver.handle)
    async with TestServer(site) as server:
        receiver.url = f"http://localhost:{server.port}/hook"
        yield receiver


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_allow_hosts": ("localhost",)})


@pytest.fixture
async def secret(app: App, receiver: Receiver) -> AsyncIterator[str]:
    """The secret of a webhook that is told of everything."""
    async with app.core.database.write() as session:
        made = await session.run_sync(
            add_webhook, receiver.url, [*Event], key=app.core.people_key, now=app.core.clock(),
            trusted_hosts=("localhost",),
        )  # fmt: skip
    yield made.secret
    await app.jobs.stop()
