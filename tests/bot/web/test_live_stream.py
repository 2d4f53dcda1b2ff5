import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.app import App
from bot.settings import Settings
from bot.visibility import Viewer, Visibility
from bot.web import live_stream
from bot.web.live_signs import read_shown
from bot.web.platform import WebPlatform
from storage.tables import Community, Post, TrainingRun
from storage.types import PlatformName, RunState
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor
from tests.fixtures.rows import row

PATIENCE = 30


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_stream, "LOOK_SECONDS", 0.02)


class Stream:
    """What a page that is open is told."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event, with its data."""
        name = ""
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await self.answer.content.readline()).decode()
                assert line, "the stream ended"
                if line.startswith("event: "):
                    name = line[7:].strip()
                elif line.startswith("data: "):
                    return name, json.loads(line[6:])

    async def card(self, words: str) -> str:
        """The first card that is sent and holds some words."""
        while True:
            name, content = await self.next()
            if name == "card" and words in content["html"]:
                html: str = content["html"]
                return html


@asynccontextmanager
async def watching(visitor: Visitor, query: str) -> AsyncIterator[Stream]:
    async with visitor.session.get(f"{visitor.url}/live?{query}") as answer:
        assert answer.status == 200
        assert answer.content_type == "text/event-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        # It has been written to: from now on whatever happens is seen.
        assert (await answer.content.readline()).startswith(b"retry:")
        yield Stream(answer)


async def looked(stream: Stream, ann: Visitor) -> None:
    """Wait until the first look is over: a new post is told of."""
    await ann.post(title="A mark")
    while (await stream.next())[0] != "new":
        pass


async def test_a_vote_reaches_others_as_a_card_and_the_voter_as_their_own(
    ann: Visitor, bob: Visitor, post_id: int
) -> None:
    query = f"posts={post_id}&community=board"
    async with watching(ann, query) as anns, watching(bob, query) as bobs:
        await looked(anns, ann)
        await looked(bobs, ann)
        status, _ = await bob.vote(post_id, 1)
        assert status == 200
        seen = await anns.card("1 up, 0 down")
        own = await bobs.card("1 up, 0 down")
    assert 'title="Take the vote back"' not in seen
    assert 'title="Take the vote back"' in own
    assert f'data-post="{post_id}"' in seen


async def test_of_more_new_posts_than_are_told_of_one_by_one_it_is_told_that_they_are_many(
    bob: Visitor, app: App, post_id: int
) -> None:
    async with watching(bob, "community=board") as bobs:
        async with app.core.database.write() as session:
            first = await session.get_one(Post, post_id)
            session.add_all(
                row(
                    Post, id=None, community_id=first.community_id, platform=PlatformName.WEB,
                    author_id=None, source_id=f"imported {each}",
                )
                for each in range(live_stream._MANY_NEW + 1)
            )  # fmt: skip
        assert await bobs.next() == ("many", {"id": 0})


async def test_what_ends_by_the_clock_is_told(
    ann: Visitor, bob: Visitor, post_id: int, clock: FakeClock
) -> None:
    async with watching(bob, f"posts={post_id}&community=board") as bobs:
        await looked(bobs, ann)
        clock.forward(24 * 3600)
        await bobs.card("The votes are being counted")


async def test_training_is_told_to_those_who_ask_for_it(
    bob: Visitor, ann: Visitor, post_id: int, app: App
) -> None:
    async with watching(bob, "training=1&community=board") as bobs:
        await looked(bobs, ann)
        async with app.core.database.write() as session:
            session.add(row(TrainingRun, state=RunState.RUNNING, progress={"stage": "reading"}))
        assert (await bobs.next())[0] == "training"


async def test_streams_take_half_of_the_places_of_a_household(
    bob: Visitor, settings: Settings
) -> None:
    async with AsyncExitStack() as streams:
        for _ in range(settings.web_connections_each // 2):
            await streams.enter_async_context(watching(bob, ""))
        async with bob.session.get(f"{bob.url}/live") as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "30"
        status, _ = await bob.page("/")
        assert status == 200


async def test_what_was_open_ends_when_they_sign_out(
    ann: Visitor, bob: Visitor, board: WebPlatform, post_id: int
) -> None:
    await bob.become_admin(board.admin_link())
    query = f"posts={post_id}&community=board"
    async with watching(ann, query) as anns, watching(bob, query) as bobs:
        async with bob.send("/admin/leave", {}) as answer:
            assert answer.status == 303
        async with asyncio.timeout(PATIENCE):
            while await bobs.answer.content.readline():
                pass
        # Nobody else's ends.
        await looked(anns, ann)


async def test_the_board_stops_while_somebody_watches(bob: Visitor, board: WebPlatform) -> None:
    async with watching(bob, "") as bobs:
        async with asyncio.timeout(PATIENCE):
            await board.stop()
            assert not (await bobs.answer.content.read()).strip()


@pytest.mark.parametrize("query", ["posts=x", "posts=" + ",".join("1" * 61)])
async def test_an_address_that_is_none_is_refused(bob: Visitor, query: str) -> None:
    status, _ = await bob.page(f"/live?{query}")
    assert status == 400


async def test_nobody_is_told_that_something_happens_where_they_may_not_look(
    app: App, settings: Settings, post_id: int
) -> None:
    channel = PlatformName.DISCORD
    async with app.core.database.write() as session:
        community = row(Community, id=None, platform=channel, source_id="9", name="#secret")
        session.add(community)
        await session.flush()
        secret = row(Post, id=None, community_id=community.id, platform=channel, author_id=None)
        session.add(secret)
        hidden = await session.get_one(Post, post_id)
        board = hidden.community_id
    posts, places = [secret.id, post_id, 10**9], [community.id, board]
    rule = Visibility(settings)
    async with app.core.database.read() as session:
        seen = await session.run_sync(read_shown, Viewer(), rule, posts, places)
        assert seen == (frozenset({post_id}), frozenset({board}))
        seen = await session.run_sync(read_shown, Viewer(is_admin=True), rule, posts, places)
        assert seen == (frozenset(posts[:2]), frozenset(places))
    async with app.core.database.write() as session:
        (await session.get_one(Post, post_id)).hidden_at = app.core.clock()
    async with app.core.database.read() as session:
        assert not (await session.run_sync(read_shown, Viewer(), rule, posts, []))[0]


async def test_a_household_has_its_share_of_the_posts_that_are_watched(
    ann: Visitor, bob: Visitor, post_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_stream, "_MOST_POSTS", 3)
    _, content = await ann.post(title="Another")
    async with watching(bob, f"posts={post_id},{10**9}"), watching(bob, f"posts={post_id}"):
        status, _ = await bob.page(f"/live?posts={content['post']['id']}")
    assert status == 503
