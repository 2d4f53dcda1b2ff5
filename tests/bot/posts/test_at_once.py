"""Posts that come at the same moment are written together, and each is as if it had come alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.app import App
from bot.platform import CommunityRef, PostRef, ReplyDeclined
from bot.serving.forecast import Card
from storage.engine.database import Database
from storage.engine.scopes import community_scope
from storage.engine.shared_write import SharedWrite
from storage.tables import (
    Author,
    Base,
    Community,
    Image,
    Post,
    Prediction,
    Reply,
    Webhook,
    WebhookMessage,
)
from storage.types import PlatformName, PostState, ReplySkip, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, incoming
from tests.fixtures import images
from tests.fixtures.accepted_posts import PICTURE, accept, stored

OTHER = images.encode(images.photo(120, 90), "JPEG")


async def have_come(shared: SharedWrite[Any, Any], count: int) -> None:
    """Return when so many are to be written."""
    async with asyncio.timeout(30):
        while len(shared._waiting) + sum(map(len, shared._together.values())) < count:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0)


@asynccontextmanager
async def nobody_writes(database: Database) -> AsyncIterator[AsyncSession]:
    """A write for which all others wait, however slow the machine is."""
    async with database.write() as session:
        if not database.takes_turns:
            await session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield session


async def accept_elsewhere(app: App, clock: FakeClock, source_id: str) -> int:
    """Accept a post in another community than others are in."""
    post = incoming(source_id, PICTURE, posted_at=clock())
    post = replace(post, community=CommunityRef("b", "r/b"))
    post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
    assert post_id is not None
    return post_id


async def count(app: App, table: type[Base]) -> int:
    async with app.core.database.read() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_arrivals_of_one_moment(app: App, clock: FakeClock) -> None:
    # A new community, and new people of whom some post twice; two posts are handed in twice.
    names = ["one", "two", "three", "two", "four", "five", "one"]
    async with nobody_writes(app.core.database):
        tasks = [
            asyncio.create_task(accept(app, clock, name, PICTURE, OTHER, author=f"a{len(name)}"))
            for name in names
        ]
        await have_come(app.pipeline._ingest._arrivals, len(names))
    ids = await asyncio.gather(*tasks)
    assert len(set(ids)) == 5
    assert [ids[names.index(name)] for name in names] == ids
    assert await count(app, Author) == 3
    for name, post_id in zip(names, ids, strict=True):
        post = await stored(app, post_id)
        assert (post.source_id, post.state) == (name, PostState.SEEN)
        assert [each.position for each in post.images] == [0, 1]
        assert len({each.source for each in post.images}) == 2


async def test_predictions_of_one_moment(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    ids = [await accept(app, clock, f"p{n}", OTHER if n % 2 else PICTURE) for n in range(7)]
    elsewhere = await accept_elsewhere(app, clock, "p9")
    gone = ids[3]
    async with app.core.database.write() as session:
        hook = Webhook(url="https://example.org/", salt="0", events=["prediction"])
        hook.created_at = clock()
        session.add(hook)
    async with nobody_writes(app.core.database) as session:
        tasks = [asyncio.create_task(app.pipeline.advance(each)) for each in (*ids, elsewhere)]
        await have_come(app.pipeline._predictor._writer._shared, len(tasks))
        await session.execute(
            update(Post).where(Post.id == gone).values(state=PostState.WITHDRAWN, due_at=None)
        )
    await asyncio.gather(*tasks)
    assert (await stored(app, gone)).prediction_rows == []
    async with app.core.database.read() as session:
        predicted = (
            await session.execute(
                select(Post, Prediction.waiting, Reply.state, Reply.skip_code)
                .join(Prediction, Prediction.post_id == Post.id)
                .join(Reply, Reply.post_id == Post.id)
                .where(Post.id != elsewhere)
                .order_by(Prediction.waiting)
            )
        ).all()
    assert await count(app, Image) == 2
    # With the one that was gone all were rolled back: who is told of them is told once.
    assert await count(app, WebhookMessage) == 7
    # Each spends what is left of its community's budget after the one before it.
    assert [each.waiting for each in predicted] == [*range(6)]
    assert all(each.Post.state is PostState.AWAITING_SCORE for each in predicted)
    assert {each.Post.id for each in predicted} == {*ids} - {gone}
    assert (await stored(app, elsewhere)).prediction_rows[0].waiting == 0
    assert Counter(each.state for each in predicted) == {ReplyState.SENT: 6}
    assert len(platform.replies) == 7


async def test_what_a_community_takes_a_minute_is_not_passed_at_once(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    first = await accept(app, clock, "first", PICTURE)
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(replies_per_minute=3))
    await app.pipeline.advance(first)
    ids = [await accept(app, clock, f"p{n}", PICTURE) for n in range(6)]
    await asyncio.gather(*map(app.pipeline.advance, ids))
    replies = [(await stored(app, each)).reply for each in ids]
    assert Counter((each.state, each.skip_code) for each in replies if each is not None) == {
        (ReplyState.SENT, None): 2,
        (ReplyState.SKIPPED, ReplySkip.RATE_LIMIT): 4,
    }
    assert len(platform.replies) == 3


async def test_what_takes_long_in_one_community_holds_up_no_other(
    app: App, clock: FakeClock, platform: FakePlatform
) -> None:
    if app.core.database.takes_turns:
        pytest.skip("there, writers take turns")
    held = [await accept(app, clock, f"p{n}", PICTURE) for n in range(2)]
    elsewhere = [await accept_elsewhere(app, clock, f"q{n}") for n in range(2)]
    scope = community_scope((await stored(app, held[0])).community_id)
    another_process = Database(app.core.database.url)
    async with another_process.engine.begin() as connection:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({scope.number})"))
        waiting = [asyncio.create_task(app.pipeline.advance(each)) for each in held]
        async with asyncio.timeout(30):
            await asyncio.gather(*map(app.pipeline.advance, elsewhere))
        await have_come(app.pipeline._predictor._writer._shared, len(waiting))
        assert {post for post, *_ in platform.replies} == {"q0", "q1"}
    await asyncio.gather(*waiting)
    await another_process.close()
    predictions = [(await stored(app, each)).prediction_rows for each in (*held, *elsewhere)]
    assert Counter(row.waiting for rows in predictions for row in rows) == {0: 2, 1: 2}
    assert len(platform.replies) == 4


class SlowPlatform(FakePlatform):
    """Answers nobody until it is told to."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock)
        self.asked = asyncio.Semaphore(0)
        self.answers = asyncio.Event()

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        self.asked.release()
        await self.answers.wait()
        return await super().reply(post, card, sent_before=sent_before)


async def test_results_of_one_moment(app: App, clock: FakeClock) -> None:
    platform = app.platforms[PlatformName.REDDIT] = SlowPlatform(clock)
    platform.refusals = [ReplyDeclined("I may not speak there.")]
    ids = [await accept(app, clock, f"p{n}", PICTURE) for n in range(5)]
    tasks = [asyncio.create_task(app.pipeline.advance(each)) for each in ids]
    for _ in ids:
        await platform.asked.acquire()
    async with nobody_writes(app.core.database) as session:
        await session.execute(
            update(Post).where(Post.id == ids[2]).values(state=PostState.WITHDRAWN, due_at=None)
        )
        platform.answers.set()
        await have_come(app.pipeline._replier._results, len(ids))
        recorded_at = clock()
        clock.forward(5)
    await asyncio.gather(*tasks)
    posts = [await stored(app, each) for each in ids]
    assert Counter(each.state for each in posts) == {
        PostState.AWAITING_SCORE: 4,
        PostState.WITHDRAWN: 1,
    }
    replies = [each.reply for each in posts if each.reply is not None]
    # That of the withdrawn post was sent, too, and has to be removed.
    assert Counter((each.state, each.reason) for each in replies) == {
        (ReplyState.SENT, None): 4,
        (ReplyState.SKIPPED, "I may not speak there."): 1,
    }
    assert {each.recorded_at for each in replies} == {recorded_at}
    sent = {each.source_id for each in replies if each.state is ReplyState.SENT}
    assert sent == {reply_id for _, reply_id, _ in platform.replies}
    assert posts[2].reply is not None
    assert posts[2].reply.post_ended
