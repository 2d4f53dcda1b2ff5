"""What of what people post becomes a post."""

import pytest

from bot.app import App
from bot.discord.platform import DiscordPlatform
from storage.types import PostState
from tests.bot.discord.steps import OTHER, PNG, stored
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, Upload


async def test_several_images_are_one_post_with_one_reply(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    message = await fake.post_message(channel, ann, attachments=[PNG, OTHER])
    await fake.settle()
    (reply,) = fake.replies_to(message)
    assert "2 images" in reply.text
    post = await stored(app, message)
    assert post is not None
    assert len(post.images) == 2


async def test_a_link_to_an_image_is_a_post(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    message = await fake.post_message(channel, ann, content=f"Look: {fake.link(PNG)} <@{ann.id}>")
    await fake.settle()
    assert len(fake.replies_to(message)) == 1
    post = await stored(app, message)
    assert post is not None
    assert post.title == "Look:"


async def test_a_preview_that_comes_later_makes_a_post(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    address = fake.link(PNG, "page")
    message = await fake.post_message(channel, ann, content=address)
    await fake.settle()
    assert fake.replies_to(message) == []
    await fake.edit_message(message, embeds=[fake.picture_embed(address)])
    await fake.settle()
    assert len(fake.replies_to(message)) == 1
    await fake.edit_message(message, embeds=[fake.picture_embed(address)])
    await fake.settle()
    assert len(fake.replies_to(message)) == 1


async def test_nobody_is_answered_who_is_no_person(
    fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel, ann: Member
) -> None:
    robot = fake.member(guild, "robot", bot=True)
    messages = [
        await fake.post_message(channel, robot, attachments=[PNG]),
        await fake.post_message(channel, ann, attachments=[PNG], webhook=True),
        await fake.post_message(channel, ann, content="no image"),
        await fake.post_message(channel, ann, attachments=[Upload(b"%PDF", "a.pdf")]),
        await fake.post_message(fake.channel(guild, "elsewhere"), ann, attachments=[PNG]),
    ]
    await fake.settle()
    assert [fake.replies_to(each) for each in messages] == [[]] * 5


@pytest.mark.parametrize(
    "upload",
    [
        Upload(b"not an image", "a.png", "image/png"),
        Upload(PNG[:60], "a.png", "image/png"),
        Upload(b"", "a.png", "image/png", size=5),
    ],
)
async def test_an_image_that_is_none_is_not_answered(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    upload: Upload,
) -> None:  # fmt: skip
    message = await fake.post_message(channel, ann, attachments=[upload])
    await fake.settle()
    assert fake.replies_to(message) == []
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.REFUSED


async def test_a_title_of_any_length_is_stored_and_pings_nobody(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    title = "@everyone \U0001f389\u202e" * 2000
    message = await fake.post_message(channel, ann, content=title, attachments=[PNG])
    await fake.settle()
    (reply,) = fake.replies_to(message)
    assert reply.allowed_mentions == {"parse": []}
    assert "@everyone" not in reply.text
    post = await stored(app, message)
    assert post is not None
    assert post.title.startswith("@everyone")


async def test_a_deleted_post_is_withdrawn_with_its_reply(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    first = await fake.post_message(channel, ann, attachments=[PNG])
    second = await fake.post_message(channel, ann, attachments=[OTHER])
    await fake.settle()
    await fake.delete_message(first)
    await fake.settle()
    assert fake.replies_to(first) == []
    await fake.delete_messages([second])
    await fake.settle()
    assert fake.replies_to(second) == []
    for message in (first, second):
        post = await stored(app, message)
        assert post is not None
        assert post.state is PostState.WITHDRAWN
