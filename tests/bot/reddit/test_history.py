"""The past of a subreddit, imported while the bot runs."""

from datetime import timedelta
from typing import Any

from bot.posts.history_imports import begin_import
from bot.subreddits import watch_subreddit
from storage.tables import HistoryImport, ImagelessPost, Label, Post
from storage.types import PostOrigin
from tests.bot.reddit.conftest import OpenBot
from tests.fakes.reddit import FakeReddit
from tests.fakes.reddit.world import gallery

DAY = 86_400


async def test_an_import_goes_on_after_a_restart_and_stores_nothing_twice(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    now = clock().timestamp()
    for n in range(30, 0, -1):
        reddit.post("aww", f"Old {n}", created_utc=now - n * DAY, score=n * 7)
    pictures = gallery(reddit.origin, "one", "two")
    reddit.post("aww", "Gallery", created_utc=now - 1.5 * DAY, score=5, **pictures)
    reddit.post("aww", "Words", created_utc=now - 2.5 * DAY, is_self=True, post_hint=None)
    async with start() as bot:
        await bot.tick()
        community = await bot.community()
        assert await begin_import(
            bot.app.core.database,
            community.id,
            since=clock() - timedelta(days=25, hours=1),
            shown_in={},
            now=clock(),
        )
        clock.forward(6)
        await bot.tick()
        assert 0 < len(await bot.all(Post)) < 26, "a piece of it"
    async with start() as bot:
        for _ in range(4):
            clock.forward(6)
            await bot.tick()
        (row,) = await bot.all(HistoryImport)
        assert row.ended_at is not None
        posts = await bot.all(Post)
        past = [post for post in posts if post.origin is PostOrigin.IMPORTED]
        assert len(past) == 26
        assert {post.title for post in past} >= {"Gallery", "Old 2", "Old 25"}
        assert len(await bot.all(Label)) == len(past)
        assert len(await bot.all(ImagelessPost)) == 1


async def test_a_subreddit_is_watched_without_a_setting(
    start: OpenBot, reddit: FakeReddit, clock: Any
) -> None:
    reddit.subreddit("u_somebody")
    async with start(reddit_subreddits="") as bot:
        database = bot.app.core.database
        community = await watch_subreddit(database, "u/somebody", horizon_seconds=3600, now=clock())
        assert (community.source_id, community.name) == ("u_somebody", "u/somebody")
        shown = reddit.post("u_somebody")
        await bot.tick()
        assert len(reddit.comments_on(shown["name"])) == 1
