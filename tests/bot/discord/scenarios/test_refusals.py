"""Discord takes something away: the token, a permission, the message, the channel, the server."""

import pytest
from pydantic import SecretStr

from bot.app import running
from bot.discord.platform import DiscordPlatform
from bot.platform import PlatformRefused
from bot.settings import Settings
from storage.types import PlatformName, PostState
from tests.bot.discord.scenarios.scene import PNG, SEND, Scene, peoria
from tests.fakes.clock import FakeClock
from tests.fakes.discord import FakeDiscord


async def test_a_wrong_token_is_refused_with_a_sentence(
    settings: Settings, fake: FakeDiscord, clock: FakeClock
) -> None:
    with pytest.raises(PlatformRefused) as refused:
        async with peoria(settings, fake, clock, discord_token=SecretStr("MTIz.wrong")):
            pass
    assert "token" in str(refused.value).lower()
    assert "MTIz.wrong" not in str(refused.value)


async def test_a_revoked_token_loses_nothing(scene: Scene) -> None:
    post, _ = await scene.posted()
    await scene.fake.revoke_token()
    missed = await scene.fake.post_message(scene.channel, scene.bob, attachments=[PNG])
    await scene.fake.until(lambda: not scene.fake.gateway.connections)
    for _ in range(3):
        await scene.pass_time(60)
    assert scene.fake.replies_to(missed) == []
    stored = await scene.stored(post)
    assert stored is not None
    assert stored.state is PostState.AWAITING_SCORE


@pytest.mark.parametrize(
    "permission", ["send_messages", "embed_links", "read_message_history", "view_channel"]
)
async def test_a_permission_that_is_lost(scene: Scene, permission: str) -> None:
    scene.fake.permit(scene.channel, scene.fake.bot, **{permission: False})
    await scene.fake.settle()
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    for _ in range(3):
        await scene.pass_time(120)
    assert scene.fake.replies_to(post) == []
    assert len(scene.fake.asked(SEND)) <= 3, "it goes on knocking"
    scene.fake.permit(scene.channel, scene.fake.bot, **{permission: None})
    await scene.fake.settle()
    after = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.work()
    assert len(scene.fake.replies_to(after)) == 1


async def test_a_message_that_is_deleted_before_the_reply(scene: Scene) -> None:
    posts = []

    async def delete(_: object) -> None:
        await scene.fake.delete_message(posts[0])

    scene.fake.on(SEND, delete)
    posts.append(await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG]))
    await scene.work()
    stored = await scene.stored(posts[0])
    assert stored is not None
    assert stored.state is PostState.WITHDRAWN
    assert scene.fake.messages(scene.channel) == []


async def test_a_message_that_is_deleted_before_it_is_looked_at(scene: Scene) -> None:
    post = await scene.fake.post_message(scene.channel, scene.ann, attachments=[PNG])
    await scene.fake.delete_message(post)
    await scene.work()
    assert scene.fake.messages(scene.channel) == []


async def test_a_channel_that_is_deleted(scene: Scene) -> None:
    post, _ = await scene.posted()
    scene.fake.delete_channel(scene.channel)
    await scene.pass_time(2 * 3600)
    assert await scene.label(post) is None


async def test_thrown_out_of_a_server_and_invited_again(scene: Scene) -> None:
    await scene.posted()
    scene.fake.remove_bot(scene.guild)
    await scene.pass_time(60)
    other = scene.fake.guild("Another")
    channel, person = scene.fake.channel(other), scene.fake.member(other, "cay")
    await scene.watch(channel)
    post = await scene.fake.post_message(channel, person, attachments=[PNG])
    await scene.work()
    assert len(scene.fake.replies_to(post)) == 1


async def test_the_second_bot_on_one_database_waits_and_says_nothing(
    settings: Settings, fake: FakeDiscord, scene: Scene
) -> None:
    async with peoria(settings, fake, scene.clock) as app, running(app):
        second = app.platforms[PlatformName.DISCORD]
        assert isinstance(second, DiscordPlatform)
        assert not second.on_duty
        post, reply = await scene.posted()
        await app.jobs.run_due()
        assert reply is not None
        assert len(scene.fake.replies_to(post)) == 1
    assert fake.gateway.identified == 1
