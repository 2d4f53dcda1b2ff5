"""A small day: benchmarks/reddit_day.py plays the one of 2,000 posts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.app import App
from bot.reddit.platform import RedditPlatform
from tests.bot.reddit.conftest import OpenBot
from tests.fakes.clock import FakeClock
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.day import SUBREDDITS, RedditDay


async def test_a_day_with_restarts_repeats_disorder_and_outages(
    start: OpenBot, reddit: FakeReddit, clock: FakeClock
) -> None:
    @asynccontextmanager
    async def open_app() -> AsyncIterator[tuple[App, RedditPlatform]]:
        changes = {"reddit_subreddits": ",".join(SUBREDDITS), "reddit_replies_per_hour": 60}
        async with start(**changes) as bot:
            yield bot.app, bot.reddit

    day = RedditDay(reddit, clock, open_app, posts=40, step=timedelta(minutes=30))
    report = await day.play()
    assert (report.missed, report.strange) == (0, 0)
    assert report.restarts >= 4
    assert report.faults >= 10
    assert report.predictions == report.predicted_posts == report.eligible
    assert max(report.comments) <= 1
    assert report.comments[1] > report.eligible * 0.7
    assert report.labels == report.eligible - len(day.removed)
    assert report.states == {"settling": report.labels, "withdrawn": len(day.removed)}
