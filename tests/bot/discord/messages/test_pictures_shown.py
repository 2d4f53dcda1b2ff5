"""Pictures that are no attachments: passed on, in galleries, previews and stickers; and asking."""

import pytest
from sqlalchemy import select

from bot.app import App
from bot.discord.platform import DiscordPlatform
from storage.tables import Author
from tests.bot.discord.steps import OTHER, PNG, stored
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, Message, Upload
from tests.fakes.discord.world import Payload

MENU = "Will it play?"


def medium(link: str) -> Payload:
    return {
        "id": "1", "url": link, "proxy_url": link, "width": 300, "height": 300,
        "content_type": "image/png", "loading_state": 2,
    }  # fmt: skip


def gallery(link: str) -> Payload:
    """A container with a gallery of one picture."""
    item = {"media": medium(link), "description": None, "spoiler": True}
    return {
        "type": 17, "id": 1, "accent_color": None, "spoiler": False,
        "components": [{"type": 12, "id": 2, "items": [item]}],
    }  # fmt: skip


async def test_what_is_passed_on_is_a_post_of_nobody(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel,
    ann: Member, bob: Member,
) -> None:  # fmt: skip
    elsewhere = fake.channel(guild, "elsewhere")
    original = await fake.post_message(elsewhere, ann, content="a cat", attachments=[PNG])
    message = await fake.forward(channel, bob, original)
    await fake.settle()
    post = await stored(app, message)
    assert post is not None
    assert (post.title, post.author_id, len(fake.replies_to(message))) == ("a cat", None, 1)
    async with app.core.database.read() as session:
        assert (await session.scalars(select(Author))).all() == []
    # Who opted out passes nothing on.
    await fake.slash(bob, channel, "opt-out")
    refused = await fake.forward(channel, bob, original)
    robot = await fake.post_message(
        elsewhere, fake.member(guild, "robot", bot=True),
        components=[gallery(fake.link(OTHER, "in-gallery.png"))],
    )  # fmt: skip
    robot.flags |= 1 << 15
    taken = await fake.forward(channel, ann, robot)
    await fake.settle()
    assert await stored(app, refused) is None
    post = await stored(app, taken)
    assert post is not None
    assert post.is_spoiler
    assert fake.fetched("in-gallery.png") == 1


async def test_a_preview_with_only_a_thumbnail_is_a_picture_if_it_is_no_sign(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member
) -> None:
    copy = fake.link(PNG, "thumbnail.png")
    link = "https://example.org/page"
    large = {"url": copy, "proxy_url": copy, "width": 400, "height": 225}
    film = {"url": link, "width": 1280, "height": 720}
    page: Payload = {"type": "article", "url": link, "thumbnail": large}
    messages = [
        await fake.post_message(channel, ann, content=link, embeds=[embed])
        for embed in (
            page,
            {**page, "thumbnail": {**large, "width": 64, "height": 64}},
            {**page, "type": "video", "video": film},
        )
    ]
    await fake.settle()
    assert [await stored(app, each) is not None for each in messages] == [True, False, False]


async def test_a_sticker_is_a_post_where_it_is_set(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    admin: Member, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    fake.link(PNG, "7.png")
    monkeypatch.setattr("discord.asset.Asset.BASE", f"{fake.base_url}/links")
    monkeypatch.setattr("discord.sticker.Asset.BASE", f"{fake.base_url}/links")
    fake.link(PNG, "stickers/7.png")
    sticker = {"id": "7", "name": "wave", "format_type": 1}
    before = await fake.post_message(channel, ann, stickers=[sticker])
    await fake.settle()
    asked = await fake.slash(admin, channel, "settings", stickers=True)
    assert "Stickers count as images" in asked.text
    message = await fake.post_message(channel, ann, stickers=[sticker])
    drawing = await fake.post_message(channel, ann, stickers=[{**sticker, "format_type": 3}])
    await fake.settle()
    found = [await stored(app, each) is not None for each in (before, message, drawing)]
    assert found == [False, True, False]


async def test_will_it_play_says_why_it_cannot_look(
    fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member, clock: FakeClock
) -> None:
    async def answer(**posted: object) -> str:
        message = await fake.post_message(channel, ann, **posted)  # type: ignore[arg-type]
        return (await fake.menu(ann, message, MENU)).text

    film = Upload(b"\x00", "a.mp4", "video/mp4")
    assert "only a video" in await answer(attachments=[film])
    assert "None of the files" in await answer(attachments=[Upload(b"%PDF", "a.pdf")])
    assert "no picture for the link" in await answer(content="https://example.org")
    assert "There is no image" in await answer(content="words")
    drawing = {"id": "7", "name": "wave", "format_type": 3}
    assert "a drawing in motion" in await answer(stickers=[drawing])
    clock.forward(20)
    ask = await fake.post_message(channel, ann, components=[gallery(fake.link(PNG))])
    assert "% High" in (await fake.menu(ann, ask, MENU)).text


def answers(fake: FakeDiscord, asked: Message) -> str:
    (reply,) = fake.replies_to(asked)
    assert reply.allowed_mentions == {"parse": [], "replied_user": False}
    return reply.text


async def test_a_mention_in_reply_to_a_picture_is_answered(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, guild: Guild, channel: Channel,
    ann: Member, bob: Member,
) -> None:  # fmt: skip
    elsewhere = fake.channel(guild, "elsewhere")
    picture = await fake.post_message(elsewhere, ann, content="a cat", attachments=[PNG])
    me = f"<@{fake.bot.id}> will it play?"
    asked = await fake.post_message(elsewhere, bob, content=me, reply_to=picture)
    own = await fake.post_message(elsewhere, bob, content=me, attachments=[OTHER])
    none = await fake.post_message(
        elsewhere, bob, content=me, reply_to=await fake.post_message(elsewhere, ann, content="hi")
    )
    await fake.settle()
    assert "Would beat" in answers(fake, asked)
    assert "Would beat" in answers(fake, own)
    assert "There is no image" in answers(fake, none)
    assert await stored(app, asked) is None
    # Talking to the bot, or about it, asks nothing; and what is a post anyway has one answer.
    silent = [
        await fake.post_message(elsewhere, bob, content=me),
        await fake.post_message(elsewhere, bob, content="nice", reply_to=fake.replies_to(asked)[0]),
        await fake.post_message(elsewhere, bob, content=me, reply_to=fake.replies_to(asked)[0]),
    ]
    post = await fake.post_message(channel, bob, content=me, attachments=[OTHER])
    await fake.settle()
    assert [fake.replies_to(each) for each in silent] == [[]] * 3
    (reply,) = fake.replies_to(post)
    assert reply.buttons


async def test_a_picture_in_a_direct_message_is_answered(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, ann: Member
) -> None:
    asked = await fake.post_message(fake.dm(ann), ann.user, attachments=[PNG])
    words = await fake.post_message(fake.dm(ann), ann.user, content="hello")
    await fake.settle()
    assert "Would beat" in answers(fake, asked)
    assert fake.replies_to(words) == []
    assert await stored(app, asked) is None
