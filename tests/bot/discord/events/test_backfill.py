"""Nothing is missed that was posted while nobody listened, and nothing is answered twice."""

from unittest.mock import patch

from sqlalchemy import select

from bot.app import App
from bot.discord.platform import DiscordPlatform
from bot.posts.pipeline import Pipeline
from storage.tables import Community
from tests.bot.discord.steps import OTHER, PNG, answered, connected, stored, watch
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member


async def high_water(app: App) -> str | None:
    async with app.core.database.read() as session:
        return await session.scalar(select(Community.high_water))


async def test_what_was_posted_before_the_start_is_taken_up(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, clock: FakeClock
) -> None:
    await watch(app, channel)
    messages = [await fake.post_message(channel, ann, attachments=[PNG]) for _ in range(3)]
    clock.forward(60)
    async with connected(app, fake):
        await answered(fake, *messages)
    newest = max(message.id for message in fake.messages(channel))
    assert int(await high_water(app) or 0) >= messages[-1].id
    assert int(await high_water(app) or 0) <= newest


async def test_what_was_posted_during_a_cut_is_taken_up_once(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    before = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    fake.cut_gateway()
    fake.forget_sessions()
    during = await fake.post_message(channel, ann, attachments=[OTHER])
    await answered(fake, during)
    after = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    await answered(fake, before, during, after)


async def test_what_is_too_old_is_left_alone(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, clock: FakeClock
) -> None:
    await watch(app, channel)
    old = await fake.post_message(channel, ann, attachments=[PNG])
    clock.forward(25 * 3600)
    young = await fake.post_message(channel, ann, attachments=[PNG])
    async with connected(app, fake):
        await answered(fake, young)
        assert fake.replies_to(old) == []


async def test_a_post_that_cannot_be_stored_is_read_again(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member
) -> None:
    accept, failed = Pipeline.accept, False

    async def fail_once(*args: object, **kwargs: object) -> object:
        nonlocal failed
        if not failed:
            failed = True
            raise OSError("the disk is full")
        return await accept(*args, **kwargs)  # type: ignore[arg-type]

    await watch(app, channel)
    async with connected(app, fake):
        with patch.object(Pipeline, "accept", fail_once):
            first = await fake.post_message(channel, ann, attachments=[PNG])
            second = await fake.post_message(channel, ann, attachments=[OTHER])
            await fake.settle()
        assert await stored(app, first) is None
        assert await stored(app, second) is not None
    # Whoever starts now begins before the first.
    assert int(await high_water(app) or 0) < first.id
    async with connected(app, fake):
        await answered(fake, first, second)


async def test_a_channel_that_cannot_be_read_is_named_to_the_admin_once(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, clock: FakeClock
) -> None:
    await watch(app, channel)
    fake.permit(channel, fake.bot, read_message_history=False)
    await fake.post_message(channel, ann, attachments=[PNG])
    for _ in range(2):
        async with connected(app, fake):
            await app.jobs.deliver_notices()
        clock.forward(60)
    told = [each.text for each in fake.messages(fake.dm(fake.owner))]
    assert len(told) == 1
    assert "Read Message History" in told[0]
    assert f"<#{channel.id}>" in told[0]
