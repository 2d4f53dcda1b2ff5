"""A post's whole life on Discord: seen, predicted, answered, guessed at, voted on, settled."""

from bot.app import App
from bot.discord.platform import DiscordPlatform
from storage.types import PostState
from tests.bot.discord.steps import PNG, stored
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member


async def test_an_image_is_answered_with_a_card(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    message = await fake.post_message(channel, ann, content="A *title*", attachments=[PNG])
    await fake.settle()
    (reply,) = fake.replies_to(message)
    assert "ikely" in reply.text
    assert [each["label"] for each in reply.buttons] == ["Low", "Medium", "High", "Why?"]
    assert reply.mentions == []
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.AWAITING_SCORE
    assert post.title == "A *title*"
    assert post.reply is not None
    assert post.reply.source_id == str(reply.id)


async def test_the_outcome_takes_the_place_of_the_prediction(
    app: App,
    clock: FakeClock,
    fake: FakeDiscord,
    discord: DiscordPlatform,
    channel: Channel,
    ann: Member,
    bob: Member,
) -> None:
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    (reply,) = fake.replies_to(message)
    guess = await fake.click(bob, reply, "High")
    assert guess.ephemeral
    assert "You guessed **High**" in guess.text
    await fake.react(bob, message, "⬆️")
    await fake.react(ann, message, "⬆️")
    await fake.settle()
    clock.forward(24 * 3600 + 1)
    await app.jobs.run_due()
    await app.jobs.run_due()
    post = await stored(app, message)
    assert post is not None
    assert post.label is not None
    assert post.label.score == 1
    assert "How it did" in reply.text
    assert "**1** ⬆️" in reply.text
    assert [each["label"] for each in reply.buttons] == ["Why?"]


async def test_a_reply_says_when_the_outcome_came_too_late(
    app: App,
    clock: FakeClock,
    fake: FakeDiscord,
    discord: DiscordPlatform,
    channel: Channel,
    ann: Member,
) -> None:
    message = await fake.post_message(channel, ann, attachments=[PNG])
    await fake.settle()
    (reply,) = fake.replies_to(message)
    clock.forward(72 * 3600)
    await app.jobs.run_due()
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.REFUSED
    assert "I could not read the final score in time" in reply.text
    assert [each["label"] for each in reply.buttons] == ["Why?"]
    assert await app.jobs.run_due() == 0
