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
    link = fake.link(PNG)
    message = await fake.post_message(channel, ann, content=f"Look: {link} <@{ann.id}>")
    await fake.settle()
    # Its host is not asked for it: Discord's copy comes with the preview.
    assert fake.replies_to(message) == []
    await fake.edit_message(message, embeds=[fake.picture_embed(link)])
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


async def test_a_members_host_is_never_asked_for_a_picture(
    fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    theirs, copy = fake.link(PNG, "theirs.png"), fake.link(PNG, "copy.png")
    picture = {"url": theirs, "proxy_url": copy, "width": 64, "height": 64}
    only_theirs = {"url": theirs, "width": 64, "height": 64}
    for embeds in (
        [{"type": "image", "url": theirs, "thumbnail": picture}],
        [{"type": "article", "url": theirs, "image": picture}],
        [{"type": "image", "url": theirs, "thumbnail": only_theirs}],
        [],
    ):
        message = await fake.post_message(channel, ann, content=theirs, embeds=embeds)
        await fake.settle()
        assert len(fake.replies_to(message)) == ("proxy_url" in str(embeds))
    assert fake.fetched("theirs.png") == 0
    assert fake.fetched("copy.png") == 2


async def test_a_gif_of_a_link_is_a_post_by_its_first_picture_and_a_page_is_none(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    copy = fake.link(PNG, "frame.png")
    picture = {"url": copy, "proxy_url": copy, "width": 64, "height": 64}
    link = "https://tenor.com/view/cat-1"
    film = {"url": f"{link}.mp4", "proxy_url": f"{link}.mp4", "width": 64, "height": 64}
    gif = await fake.post_message(
        channel, ann, content=link,
        embeds=[{"type": "gifv", "url": link, "thumbnail": picture, "video": film}],
    )  # fmt: skip
    page = await fake.post_message(
        channel, ann, content=link, embeds=[{"type": "link", "url": link, "thumbnail": picture}]
    )
    await fake.settle()
    assert [len(fake.replies_to(each)) for each in (gif, page)] == [1, 0]
    assert fake.fetched("frame.png") == 1


@pytest.mark.parametrize("text", ["<{}>", "`{}`", "```\n{}\n```", "look: <{}> and `{}`"])
async def test_a_suppressed_link_is_no_post(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member, text: str
) -> None:
    link = fake.link(PNG)
    message = await fake.post_message(channel, ann, content=text.format(link, link))
    await fake.settle()
    assert await stored(app, message) is None
    assert fake.fetched("picture.png") == 0


async def test_an_image_that_is_edited_out_takes_title_and_reply_with_it(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    message = await fake.post_message(channel, ann, content="my face", attachments=[PNG])
    kept = await fake.post_message(channel, ann, content="words", attachments=[OTHER])
    await fake.settle()
    message.attachments.clear()
    await fake.edit_message(message, content="nothing to see")
    await fake.edit_message(kept, content="other words")
    await fake.settle()
    assert fake.replies_to(message) == []
    post = await stored(app, message)
    assert post is not None
    assert post.state is PostState.WITHDRAWN
    assert len(fake.replies_to(kept)) == 1


@pytest.mark.parametrize(
    ("content", "name", "hidden"),
    [("a", "SPOILER_a.png", True), ("the ||end||", "a.png", True), ("a | b", "a.png", False)],
)
async def test_a_spoiler_is_known_as_one(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    content: str, name: str, hidden: bool,
) -> None:  # fmt: skip
    message = await fake.post_message(
        channel, ann, content=content, attachments=[Upload(PNG, name)]
    )
    await fake.settle()
    post = await stored(app, message)
    assert post is not None
    assert post.is_spoiler is hidden
    (reply,) = fake.replies_to(message)
    asked = await fake.click(ann, reply, "Why?")
    await fake.settle()
    files = [each for message in asked.messages for each in message.attachments]
    # The distribution shows nothing of the picture.
    assert files.pop().filename == "chances.png"
    assert [each.filename.startswith("SPOILER_") for each in files] == [hidden]
    assert all("image" not in embed for embed in asked.messages[0].embeds) is hidden
