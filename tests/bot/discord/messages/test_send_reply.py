"""Replies: once, where the bot may, and in the manner that the channel wants."""

import pytest

from bot.app import App
from bot.discord.messages.send_reply import nonce_of
from bot.discord.platform import DiscordPlatform
from storage.tables import Reply
from storage.types import PostState, ReplyMode, ReplyState
from tests.bot.discord.steps import PNG, answered, connected, stored, watch
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member
from tests.fakes.discord.faults import cut, error, rate_limited

SEND = "POST /channels/{channel_id}/messages"


@pytest.mark.parametrize("later", [60, 3600])
async def test_a_reply_that_could_not_be_noted_is_found_again(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    clock: FakeClock, later: int,
) -> None:  # fmt: skip
    # Sent, and the connection breaks before the answer arrives.
    fake.on(f"after {SEND}", cut())
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.PREDICTED
    clock.forward(later)
    await app.jobs.advance_posts()
    await answered(fake, message)
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.AWAITING_SCORE


@pytest.mark.parametrize("fault", [error(503), rate_limited(3, by_discord=False), cut()])
async def test_a_reply_that_did_not_get_through_is_sent_later(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    clock: FakeClock, fault: object,
) -> None:  # fmt: skip
    fake.on(SEND, fault)  # type: ignore[arg-type]
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    assert fake.replies_to(message) == []
    clock.forward(60)
    await app.jobs.advance_posts()
    await answered(fake, message)


@pytest.mark.parametrize(
    "fault", [error(404, 10003), error(404, 0), error(403, 50013), error(400, 50035, "odd")]
)
async def test_one_odd_answer_is_no_proof_that_the_post_was_deleted(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    clock: FakeClock, fault: object,
) -> None:  # fmt: skip
    fake.on(SEND, fault)  # type: ignore[arg-type]
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    clock.forward(60)
    await app.jobs.advance_posts()
    await fake.settle()
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.AWAITING_SCORE


async def test_missing_permissions_are_named_once(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    fake.permit(channel, fake.bot, embed_links=False, attach_files=False)
    for _ in range(2):
        message = await fake.post_message(channel, ann, attachments=[PNG])
        await fake.settle()
        await app.jobs.deliver_notices()
        post = await stored(app, message)
        assert post is not None
        assert post.state is PostState.AWAITING_SCORE
        assert post.reply is not None
        assert post.reply.state is ReplyState.SKIPPED
        assert "Embed Links" in (post.reply.reason or "")
    (told,) = fake.messages(fake.dm(fake.owner))
    assert "Embed Links, Attach Files" in told.text
    fake.permit(channel, fake.bot, embed_links=True, attach_files=True)
    await answered(fake, await fake.post_message(channel, ann, attachments=[PNG]))


async def test_a_post_that_is_deleted_before_the_reply_is_withdrawn(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    async def delete(_: object) -> None:
        await fake.delete_message(message)

    fake.on(SEND, delete)
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.WITHDRAWN
    assert [each for each in fake.messages(channel) if not each.deleted] == []


async def test_a_channel_can_want_a_reaction_only(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, clock: FakeClock
) -> None:
    await watch(app, channel, reply_mode=ReplyMode.REACT)
    async with connected(app, fake):
        message = await fake.post_message(channel, ann, attachments=[PNG])
        await fake.until(lambda: message.count("🔮"), "the reaction")
        await fake.settle()
        assert fake.replies_to(message) == []
        clock.forward(25 * 3600)
        await app.jobs.run_due()
        await app.jobs.run_due()
        post = await stored(app, message)
        assert post is not None
        assert post.label is not None
        assert post.label.score == 0


async def test_a_reply_that_a_moderator_removed_is_not_missed(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    clock: FakeClock,
) -> None:  # fmt: skip
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, message)
    await fake.delete_message(fake.replies_to(message)[0])
    clock.forward(25 * 3600)
    await app.jobs.run_due()
    await app.jobs.run_due()
    async with app.core.database.read() as session:
        post = await stored(app, message)
        assert post is not None
        reply = await session.get_one(Reply, post.id)
    assert reply.state is ReplyState.SETTLED


async def test_seen_before_is_said(
    fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member, clock: FakeClock
) -> None:
    first = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, first)
    clock.forward(60)
    second = await fake.post_message(channel, ann, attachments=[PNG])
    await answered(fake, second)
    assert "Seen before" not in fake.replies_to(first)[0].text
    assert f"/{channel.id}/{first.id}" in fake.replies_to(second)[0].text


def test_each_post_has_a_nonce_of_its_own_that_discord_takes() -> None:
    # Ids of messages that follow each other differ in their last digit only.
    nonces = {nonce_of(str(2**63 - 1 - each)) for each in range(10)}
    assert len(nonces) == 10
    assert max(len(each) for each in nonces) <= 25
