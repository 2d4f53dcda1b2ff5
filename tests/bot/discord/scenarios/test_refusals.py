"""Discord takes something away: the token, a permission, the message, the channel, the server."""

import pytest
from pydantic import SecretStr

from bot.app import running
from bot.platform import PlatformRefused
from bot.settings import Settings
from storage.types import PostState
from tests.bot.discord.scenarios.stage import PNG, SEND, Stage, peoria
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


async def test_a_revoked_token_loses_nothing(stage: Stage) -> None:
    post, _ = await stage.posted()
    await stage.fake.revoke_token()
    missed = await stage.fake.post_message(stage.channel, stage.bob, attachments=[PNG])
    await stage.fake.until(lambda: not stage.fake.gateway.connections)
    for _ in range(3):
        await stage.pass_time(60)
    assert stage.fake.replies_to(missed) == []
    stored = await stage.stored(post)
    assert stored is not None
    assert stored.state is PostState.AWAITING_SCORE


@pytest.mark.parametrize(
    "permission", ["send_messages", "embed_links", "read_message_history", "view_channel"]
)
async def test_a_permission_that_is_lost(stage: Stage, permission: str) -> None:
    stage.fake.permit(stage.channel, stage.fake.bot, **{permission: False})
    await stage.fake.settle()
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    for _ in range(3):
        await stage.pass_time(120)
    assert stage.fake.replies_to(post) == []
    assert len(stage.fake.asked(SEND)) <= 3, "it goes on knocking"
    stage.fake.permit(stage.channel, stage.fake.bot, **{permission: None})
    await stage.fake.settle()
    after = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.work()
    assert len(stage.fake.replies_to(after)) == 1


async def test_a_message_that_is_deleted_before_the_reply(stage: Stage) -> None:
    posts = []

    async def delete(_: object) -> None:
        await stage.fake.delete_message(posts[0])

    stage.fake.on(SEND, delete)
    posts.append(await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG]))
    await stage.work()
    stored = await stage.stored(posts[0])
    assert stored is not None
    assert stored.state is PostState.WITHDRAWN
    assert stage.fake.messages(stage.channel) == []


async def test_a_message_that_is_deleted_before_it_is_looked_at(stage: Stage) -> None:
    post = await stage.fake.post_message(stage.channel, stage.ann, attachments=[PNG])
    await stage.fake.delete_message(post)
    await stage.work()
    assert stage.fake.messages(stage.channel) == []


async def test_a_channel_that_is_deleted(stage: Stage) -> None:
    post, _ = await stage.posted()
    stage.fake.delete_channel(stage.channel)
    await stage.pass_time(2 * 3600)
    assert await stage.label(post) is None


async def test_thrown_out_of_a_server_and_invited_again(stage: Stage) -> None:
    await stage.posted()
    stage.fake.remove_bot(stage.guild)
    await stage.pass_time(60)
    other = stage.fake.guild("Another")
    channel, person = stage.fake.channel(other), stage.fake.member(other, "cay")
    await stage.watch(channel)
    post = await stage.fake.post_message(channel, person, attachments=[PNG])
    await stage.work()
    assert len(stage.fake.replies_to(post)) == 1


async def test_the_second_bot_on_one_database_is_refused(
    settings: Settings, fake: FakeDiscord, stage: Stage
) -> None:
    with pytest.raises(PlatformRefused) as refused:
        async with peoria(settings, fake, stage.clock) as app, running(app):
            pass
    assert str(refused.value)
    _, reply = await stage.posted()
    assert reply is not None
