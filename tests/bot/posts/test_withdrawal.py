"""Posts that end before their time, and replies that are declined or come too late."""

import asyncio
from datetime import timedelta

from sqlalchemy import update

from bot.app import App
from bot.platform import PlatformUnavailable, PostGone, ReplyDeclined
from storage.tables import Author, Community
from storage.types import PlatformName, PostState, ReplySkip, ReplyState
from tests.fakes.clock import FakeClock
from tests.fakes.platform import FakePlatform, incoming
from tests.fixtures.accepted_posts import PICTURE, accept, stored


async def test_a_reply_that_is_declined_is_not_tried_again(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    platform.refusals = [ReplyDeclined("The thread is locked.")]
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert post.state is PostState.AWAITING_SCORE
    assert post.reply is not None
    assert post.reply.state is ReplyState.SKIPPED
    assert (post.reply.skip_code, post.reply.reason) == (ReplySkip.OTHER, "The thread is locked.")
    assert platform.replies == []


async def test_a_post_that_is_gone_when_it_is_answered_is_withdrawn(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    platform.refusals = [PostGone("deleted")]
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    assert (await stored(app, post_id)).state is PostState.WITHDRAWN
    # There may be a reply by a process that died: it is looked for once.
    assert await app.jobs.remove_replies() == 1
    assert await app.jobs.remove_replies() == 0


async def test_what_was_withdrawn_comes_back_when_the_post_does(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    early = await accept(app, clock, "early", PICTURE)
    await app.pipeline.withdraw(early)
    late, out = await accept(app, clock, "late", PICTURE), await accept(app, clock, "out", PICTURE)
    for post_id in (late, out):
        await app.pipeline.advance(post_id)
        await app.pipeline.withdraw(post_id)
    async with app.core.database.write() as session:
        await session.execute(
            update(Author)
            .where(Author.id == (await stored(app, out)).author_id)
            .values(opted_out_at=clock())
        )

    async def seen_again(name: str, author: str | None = "ann") -> int | None:
        post = incoming(name, PICTURE, posted_at=clock(), author=author)
        return await app.pipeline.accept(PlatformName.REDDIT, post)

    assert await seen_again("out") is None, "who opted out stays out"
    assert (await stored(app, out)).state is PostState.WITHDRAWN
    async with app.core.database.write() as session:
        await session.execute(update(Author).values(opted_out_at=None))
    assert await seen_again("early") == early
    assert await seen_again("late") == late
    assert (await stored(app, early)).state is PostState.SEEN
    back = await stored(app, late)
    assert back.state is PostState.AWAITING_SCORE
    assert back.due_at is not None
    assert back.reply is not None
    assert back.reply.state is ReplyState.SKIPPED, "its reply was taken away"
    await app.pipeline.withdraw(late)
    clock.forward(back.community.horizon_seconds)
    assert await seen_again("late") is None, "its label cannot be had any more"


async def test_a_platform_is_left_alone_as_long_as_it_asks(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    platform.refusals = [PlatformUnavailable("slow down", timedelta(minutes=7))]
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    post = await stored(app, post_id)
    assert (post.state, post.due_at) == (PostState.PREDICTED, clock() + timedelta(minutes=7))


async def test_withdrawing_takes_the_reply_away(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    assert len(platform.replies) == 1
    await app.pipeline.withdraw(post_id)
    post = await stored(app, post_id)
    assert (post.state, post.due_at) == (PostState.WITHDRAWN, None)
    assert post.reply is not None
    assert post.reply.state is ReplyState.SKIPPED
    assert platform.replies == []
    clock.forward(10_000)
    await app.jobs.run_due()
    assert (await stored(app, post_id)).label is None


async def test_a_reply_is_taken_away_once_the_platform_is_back(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    platform.away = True
    await app.pipeline.withdraw(post_id)
    assert len(platform.replies) == 1
    platform.away = False
    assert await app.jobs.remove_replies() == 1
    assert platform.replies == []
    assert await app.jobs.remove_replies() == 0


async def test_a_post_withdrawn_while_it_is_answered_keeps_no_reply(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    await asyncio.gather(app.pipeline.advance(post_id), app.pipeline.withdraw(post_id))
    await app.jobs.remove_replies()
    assert (await stored(app, post_id)).state is PostState.WITHDRAWN
    assert platform.replies == []


async def test_a_scored_post_keeps_its_label(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    post_id = await accept(app, clock, "one", PICTURE)
    await app.pipeline.advance(post_id)
    platform.scores["one"] = 5
    clock.forward(7200)
    await app.jobs.read_scores()
    await app.pipeline.withdraw(post_id)
    post = await stored(app, post_id)
    assert post.state is PostState.SETTLING
    assert post.label is not None


async def test_a_community_that_is_watched_no_more_takes_nothing_up(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    await accept(app, clock, "one", PICTURE)
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(watched=False))
    post = incoming("two", PICTURE, posted_at=clock())
    assert await app.pipeline.accept(PlatformName.REDDIT, post) is None
    # A post that was taken up before is still known, and stays on its path.
    again = incoming("one", PICTURE, posted_at=clock())
    assert await app.pipeline.accept(PlatformName.REDDIT, again) is not None


async def test_no_more_replies_a_minute_than_the_community_wants(
    app: App, platform: FakePlatform, clock: FakeClock
) -> None:
    first = await accept(app, clock, "one", PICTURE)
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(replies_per_minute=2))
    others = [await accept(app, clock, str(number), PICTURE) for number in range(2)]
    for post_id in (first, *others):
        await app.pipeline.advance(post_id)
    assert len(platform.replies) == 2
    held_back = await stored(app, others[-1])
    assert held_back.reply is not None
    assert held_back.reply.skip_code is ReplySkip.RATE_LIMIT
    clock.forward(61)
    await app.pipeline.advance(await accept(app, clock, "later", PICTURE))
    assert len(platform.replies) == 3


async def test_guessing_closes_before_the_score_is_final(app: App, clock: FakeClock) -> None:
    post = await stored(app, await accept(app, clock, "one", PICTURE))
    assert post.guessing_closed_at == post.posted_at + timedelta(hours=1)
    async with app.core.database.write() as session:
        await session.execute(update(Community).values(guess_seconds=999_999))
    post = await stored(app, await accept(app, clock, "two", PICTURE))
    assert post.guessing_closed_at == post.posted_at + timedelta(hours=2)
