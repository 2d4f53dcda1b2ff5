"""Several Peorias on one database, as in every rolling deploy: one serves Discord at a time."""

import asyncio
import dataclasses

import pytest
from sqlalchemy import update
from sqlalchemy.exc import TimeoutError as NoConnection

import bot.leases
from bot.app import App, build
from bot.core import Core
from bot.discord.gateway.shard_lease import shard_lease
from bot.discord.platform import DiscordPlatform
from bot.runtime.shards import Shards
from bot.service_states import ServiceStates
from storage.engine.database import Database
from storage.tables import Lease
from storage.types import PlatformName
from tests.bot.discord.steps import PNG, answered
from tests.fakes.discord import Channel, FakeDiscord, Member


@pytest.fixture(autouse=True)
def nobody_waits_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.discord.connection._ASK_SECONDS", 0.02)
    monkeypatch.setattr("bot.discord.connection._FIRST_WAIT", 0.02)
    monkeypatch.setattr("bot.leases._LOOK_SECONDS", 0.02)


def second_app(core: Core) -> App:
    """Another process on the same database."""
    services = ServiceStates(core.database, clock=core.clock)
    return build(dataclasses.replace(core, services=services))


async def test_the_second_bot_takes_over_when_the_first_ends(
    app: App, core: Core, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    other = second_app(core)
    second = other.platforms[PlatformName.DISCORD]
    assert isinstance(second, DiscordPlatform)
    await second.start()
    try:
        assert (discord.on_duty, second.on_duty) == (True, False)
        first_post = await fake.post_message(channel, ann, attachments=[PNG])
        await fake.settle()
        for each in (other, app):
            await each.jobs.run_due()
        await discord.stop()
        await fake.ready()
        assert second.on_duty
        second_post = await fake.post_message(channel, ann, attachments=[PNG])
        await fake.settle()
        await app.jobs.run_due()
        await other.jobs.run_due()
        await fake.settle()
    finally:
        await second.stop()
    assert [len(fake.replies_to(each)) for each in (first_post, second_post)] == [1, 1]


async def test_who_lost_the_lease_disconnects_and_says_nothing(
    core: Core, fake: FakeDiscord, discord: DiscordPlatform
) -> None:
    async with core.database.write() as session:
        # As after a sleep of the machine: somebody elsewhere has it now.
        now = await session.run_sync(bot.leases._now)
        await session.execute(
            update(Lease)
            .filter_by(name="discord")
            .values(owner="elsewhere 1 1.0 abc", expires=now + 60)
        )
    lease = discord._connection._lease
    lease._until = 0.0
    await fake.until(lambda: not fake.gateway.connected, "the end of the connection")
    assert not discord.on_duty


async def test_a_session_ends_whose_right_cannot_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, fake: FakeDiscord, discord: DiscordPlatform
) -> None:
    lease = discord._connection._lease

    async def hold() -> bool:
        # All connections to the database are in use.
        raise NoConnection("none is free")

    monkeypatch.setattr(lease, "hold", hold)
    lease._until = 0.0
    await fake.until(lambda: not fake.gateway.connected, "the end of the connection")


async def test_a_lease_that_was_renewed_too_late_ends_nothing_where_nobody_took_it(
    fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    lease = discord._connection._lease
    # As where the machine was so busy that nothing ran for some seconds.
    lease._until = 0.0
    async with asyncio.timeout(10):
        while not lease.held:  # noqa: ASYNC110 - it is renewed by a task
            await asyncio.sleep(0.01)
    await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))
    assert fake.gateway.identified == 1


async def test_a_bot_of_all_shards_and_bots_of_some_exclude_each_other(database: Database) -> None:
    other = Database(database.url)

    async def excluded(ours: Shards | None, theirs: Shards | None) -> bool:
        first, second = shard_lease(database, ours), shard_lease(other, theirs)
        assert await first.hold()
        held = await second.hold()
        await first.release()
        assert await second.hold()
        await second.release()
        return not held

    assert await excluded(None, None)
    assert await excluded(None, Shards(1, 1, 4))
    assert await excluded(Shards(0, 3, 8), None)
    assert await excluded(Shards(0, 1, 4), Shards(1, 2, 4))
    assert not await excluded(Shards(0, 1, 4), Shards(2, 3, 4))
    # Server 5 is on shard 1 of 4 and on shard 5 of 8, and never on shard 6.
    assert await excluded(Shards(1, 1, 4), Shards(5, 5, 8))
    assert not await excluded(Shards(1, 1, 4), Shards(6, 6, 8))
    await other.close()


async def test_processes_divide_the_shards_by_themselves(core: Core, fake: FakeDiscord) -> None:
    some = core.settings.model_copy(update={"discord_shards": "1 of 2"})
    apps = [second_app(dataclasses.replace(core, settings=some)) for _ in range(3)]
    first, second, third = (app.platforms[PlatformName.DISCORD] for app in apps)
    try:
        for each in (first, second, third):
            assert isinstance(each, DiscordPlatform)
            await each.start()
        assert [each["shard"] for each in fake.identifies] == [[0, 2], [1, 2]]
        assert [each.on_duty for each in (first, second, third)] == [True, True, False]  # type: ignore[attr-defined]
        await second.stop()
        await fake.until(lambda: len(fake.identifies) == 3, "the third process on its shard")
        assert fake.identifies[2]["shard"] == [1, 2]
        assert third.on_duty  # type: ignore[attr-defined]
    finally:
        for each in (first, second, third):
            await each.stop()
