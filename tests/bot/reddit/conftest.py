"""A whole Peoria that talks to a loopback Reddit, with the real praw client in between."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
from prawcore.sessions import FiniteRetryStrategy
from sqlalchemy import inspect, select

from bot.app import App, build
from bot.core import open_core
from bot.reddit.client import RedditClient
from bot.reddit.platform import RedditPlatform
from bot.settings import Settings
from storage.tables import Base, Community, Post, Reply
from storage.types import PlatformName
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import CLIENT, PASSWORD, REFRESH_TOKEN, FakeReddit, serving
from tests.fakes.reddit.world import ME

T = TypeVar("T", bound=Base)


@pytest.fixture(autouse=True)
def no_sleep_in_prawcore(monkeypatch: pytest.MonkeyPatch) -> None:
    """prawcore waits up to two seconds before it asks for a new token."""
    monkeypatch.setattr(FiniteRetryStrategy, "_sleep_seconds", lambda _: None)


@pytest.fixture
async def reddit(clock: FakeClock) -> AsyncIterator[FakeReddit]:
    """The loopback Reddit, with r/aww on it."""
    fake = FakeReddit(clock)
    fake.subreddit("aww")
    async with serving(fake):
        yield fake


def reddit_settings(data_dir: Path, origin: str, **changes: Any) -> Settings:
    """Settings with which the loopback Reddit lets Peoria in."""
    return Settings(
        **{
            "data_dir": data_dir,
            "web": False,
            "silent_share": 0,
            "scores_to_compare": 1,
            "download_allow_hosts": "127.0.0.1",
            "reddit_client_id": CLIENT[0],
            "reddit_client_secret": CLIENT[1],
            "reddit_username": ME,
            "reddit_password": PASSWORD,
            "reddit_url": origin,
            "reddit_oauth_url": origin,
            "reddit_subreddits": "aww",
            "reddit_reply": "on",
            **changes,
        }
    )


@dataclass
class Bot:
    """A Peoria with Reddit, not started by itself: `tick` and `work` are what time would do."""

    app: App
    reddit: RedditPlatform
    clock: FakeClock

    async def tick(self) -> None:
        """Look at Reddit, and then do everything that is due."""
        await self.reddit.tick()
        await self.work()

    async def work(self) -> None:
        while await self.app.jobs.run_due() + await self.app.jobs.remove_replies():
            pass

    async def all(self, table: type[T]) -> list[T]:
        async with self.app.core.database.read() as session:
            oldest_first = select(table).order_by(*inspect(table).primary_key)
            return [*await session.scalars(oldest_first)]

    async def post(self, name: str) -> Post | None:
        async with self.app.core.database.read() as session:
            found: Post | None = await session.scalar(select(Post).filter_by(source_id=name))
            return found

    async def reply(self, name: str) -> Reply | None:
        post = await self.post(name)
        async with self.app.core.database.read() as session:
            return await session.get(Reply, post.id) if post else None

    async def community(self, name: str = "aww") -> Community:
        async with self.app.core.database.read() as session:
            query = select(Community).filter_by(source_id=name)
            return (await session.scalars(query)).one()


OpenBot = Callable[..., AbstractAsyncContextManager[Bot]]


@asynccontextmanager
async def open_bot(settings: Settings, clock: FakeClock) -> AsyncIterator[Bot]:
    """A Peoria from its start to its end."""
    async with open_core(settings, clock=clock) as core:
        app = build(core)
        platform = app.platforms[PlatformName.REDDIT]
        assert isinstance(platform, RedditPlatform)
        platform.client.pace._jitter = lambda: 1.0
        try:
            yield Bot(app, platform, clock)
        finally:
            await platform.stop()


@pytest.fixture
def start(data_dir: Path, reddit: FakeReddit, clock: FakeClock) -> OpenBot:
    """Opens a Peoria on the test's data; again, and it is a restart."""
    return lambda **changes: open_bot(reddit_settings(data_dir, reddit.origin, **changes), clock)


@pytest.fixture
async def bot(start: OpenBot) -> AsyncIterator[Bot]:
    """A Peoria that watches r/aww and replies."""
    async with start() as bot:
        yield bot


def client_of(settings: Settings, clock: FakeClock, **changes: Any) -> RedditClient:
    from bot.reddit.credentials import read_credentials

    return RedditClient(
        read_credentials(settings),
        url=settings.reddit_url,
        oauth_url=settings.reddit_oauth_url,
        clock=clock,
        **changes,
    )


__all__ = ["REFRESH_TOKEN", "Bot", "OpenBot", "client_of", "reddit_settings"]
