import asyncio
from typing import Any

import aiohttp
import pytest

from bot.app import App
from bot.web import feed_pages
from bot.web.feed import Feed, FeedPage
from bot.web.platform import WebPlatform
from bot.web.turns import Overloaded, Turns
from tests.fakes.visitor import Visitor


async def test_some_work_some_wait_and_the_rest_come_back() -> None:
    turns, go, working = Turns(2, waiting=1, seconds=60), asyncio.Event(), 0

    async def work() -> None:
        nonlocal working
        async with turns.take():
            working += 1
            await go.wait()

    tasks = [asyncio.create_task(work()) for _ in range(4)]
    await asyncio.sleep(0)
    assert working == 2
    with pytest.raises(Overloaded):
        await tasks[3]
    go.set()
    await asyncio.gather(*tasks[:3])
    assert working == 3
    async with turns.take():  # all turns were given back
        pass


async def test_who_waits_too_long_comes_back_later() -> None:
    turns = Turns(1, waiting=5, seconds=0.01)
    async with turns.take():
        with pytest.raises(Overloaded) as refused:
            async with turns.take():
                pytest.fail("it was not its turn")
    assert refused.value.retry_after
    async with turns.take():
        pass


async def test_readers_are_answered_while_writers_wait(
    ann: Visitor, bob: Visitor, post_id: int, app: App, board: WebPlatform
) -> None:
    async with app.core.database.write():
        votes = [asyncio.create_task(bob.vote(post_id, 1)) for _ in range(20)]
        await asyncio.sleep(0.1)
        for path in ("/", f"/posts/{post_id}", "/cards.json?ids=1", "/league", "/me", "/livez"):
            assert (await ann.page(path))[0] == 200
        assert not any(each.done() for each in votes)
    assert {(await each)[0] for each in votes} == {200}


async def test_more_readers_than_there_is_room_for_are_told_so(
    ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()

    async def wait(*_: object) -> FeedPage:
        await go.wait()
        return FeedPage([], None)

    monkeypatch.setattr(Feed, "page", wait)

    async def read() -> int:
        async with ann.session.get(ann.url) as answer:
            if answer.status == 503:
                assert answer.headers["Retry-After"]
                go.set()
            return answer.status

    statuses = await asyncio.gather(*(read() for _ in range(60)))
    assert set(statuses) == {200, 503}


async def test_a_crowd_of_strangers_sees_one_page(
    ann: Visitor, board: WebPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, page = 0, Feed.page
    held, go = asyncio.Event(), asyncio.Event()
    # However slow the machine is, what was drawn is new, and everybody has the patience.
    monkeypatch.setattr(feed_pages, "_OLD_SECONDS", 3600.0)
    monkeypatch.setattr(feed_pages, "_PATIENCE_SECONDS", 60.0)

    async def count(*asked: Any) -> FeedPage:
        nonlocal drawn
        drawn += 1
        if drawn == 4:
            held.set()
        if drawn <= 4:
            await go.wait()
        return await page(*asked)

    monkeypatch.setattr(Feed, "page", count)

    async def read(_: int) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(board.url) as answer:
            return answer.status, await answer.text()

    # All turns are taken by the first four: then a crowd comes.
    first = [asyncio.create_task(read(number)) for number in range(4)]
    await held.wait()
    answers = await asyncio.gather(*map(read, range(96)))
    assert drawn == 5
    go.set()
    answers += await asyncio.gather(*first)
    assert {status for status, _ in answers} == {200}
    assert all("The stage is empty" in text for _, text in answers)
    # Who is known sees their own page.
    assert (await ann.page("/"))[0] == 200
