"""Nothing is missed that was posted while nobody listened, and nothing is answered twice."""

import asyncio
from unittest.mock import patch

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.app import App
from bot.discord.events.backfill import Backfill
from bot.discord.events.reactions import ReactionListener
from bot.discord.platform import DiscordPlatform
from bot.leases import LeaseLost
from bot.posts.pipeline import Pipeline
from bot.runtime.periodic import Periodic
from storage.tables import Community
from tests.bot.discord.steps import OTHER, PNG, answered, connected, stored, watch
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member
from tests.fakes.discord.faults import answer


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


async def test_a_message_of_the_past_is_not_skipped_when_the_right_to_it_is_lost(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member
) -> None:
    accept, lost = Pipeline.accept, False

    async def lose_once(*args: object, **kwargs: object) -> object:
        nonlocal lost
        if not lost:
            lost = True
            raise LeaseLost("another process does the work of discord now")
        return await accept(*args, **kwargs)  # type: ignore[arg-type]

    await watch(app, channel)
    message = await fake.post_message(channel, ann, attachments=[PNG])
    with patch.object(Pipeline, "accept", lose_once):
        async with connected(app, fake):
            await fake.settle()
    assert lost
    # The same process has the right again.
    async with connected(app, fake):
        await answered(fake, message)


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


async def test_a_message_that_cannot_be_read_does_not_hide_those_after_it(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, caplog: pytest.LogCaptureFixture
) -> None:
    await watch(app, channel)
    before = await fake.post_message(channel, ann, attachments=[PNG])
    odd = await fake.post_message(channel, ann, attachments=[PNG])
    after = await fake.post_message(channel, ann, attachments=[OTHER])
    whole = [message.payload(fake.bot) for message in (before, odd, after)]
    del whole[1]["type"]
    fake.on(
        "GET /channels/{channel_id}/messages",
        # Every time: a server that comes late is read once more.
        lambda _: answer(200, [*reversed(whole)]),
        times=None,
    )
    async with connected(app, fake):
        await answered(fake, before, after)
        assert fake.replies_to(odd) == []
    assert f"Message {odd.id} cannot be read and is skipped" in caplog.text


async def test_a_server_that_comes_while_its_shard_is_read_is_read_too(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel,
    ann: Member,
) -> None:  # fmt: skip
    client = discord._connection.session().client
    backfill = client.get_cog("Backfill")
    assert isinstance(backfill, Backfill)
    server = client.get_guild(guild.id)
    assert server is not None
    # The shard has begun anew, and its servers that are there are being read: this one is late.
    await backfill.on_shard_connect(0)
    backfill._shards[0] = asyncio.create_task(asyncio.Event().wait())
    with patch.object(fake.gateway, "dispatch"):
        message = await fake.post_message(channel, ann, attachments=[PNG])
    await backfill.on_guild_available(server)
    await answered(fake, message)


async def test_a_message_whose_event_cannot_be_read_is_read_from_the_history(
    app: App,
    fake: FakeDiscord,
    discord: DiscordPlatform,
    channel: Channel,
    ann: Member,
) -> None:
    await fake.settle()
    fake.gateway.dispatch("MESSAGE_CREATE", {"channel_id": str(channel.id)}, guild=channel.guild)
    await fake.settle()
    session = discord._connection.session()
    backfill = session.client.get_cog("Backfill")
    assert isinstance(backfill, Backfill)
    assert channel.id in backfill._high_water.stalled
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    await backfill._catch_up(backfill._high_water.stalled)
    await answered(fake, message)
    assert backfill._high_water.stalled == frozenset()
    assert await stored(app, message) is not None


async def test_no_round_of_a_session_is_ended_by_an_outage_of_the_database(
    app: App, discord: DiscordPlatform, channel: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    client = discord._connection.session().client
    rounds = [
        each for cog in client.cogs.values() for each in vars(cog).values()
        if isinstance(each, Periodic)
    ]  # fmt: skip
    backfill, reactions = client.get_cog("Backfill"), client.get_cog("ReactionListener")
    assert isinstance(backfill, Backfill)
    assert isinstance(reactions, ReactionListener)
    backfill._high_water.stall(channel.id)
    backfill._high_water.read(channel.id, 1)
    reactions._changed.add(1)
    away = DBAPIError("SELECT", {}, ConnectionRefusedError("away"))
    database = app.core.database.__class__
    with (
        patch.object(database, "read", side_effect=away),
        patch.object(database, "write", side_effect=away),
        patch.object(database, "run_read", side_effect=away),
        patch.object(database, "run_write", side_effect=away),
    ):
        for each in rounds:
            await each.turn()
    assert len(rounds) == 8
    assert caplog.text.count("has to wait") == len(rounds)
    assert all(each._task is not None and not each._task.done() for each in rounds)
    # Whose votes were to be looked at is not forgotten.
    assert reactions._changed == {1}
    for each in rounds:
        await each.turn()
    assert app.core.services.not_running == {}
