"""What people can do about what is stored of them, seen by themselves alone."""

import json

import pytest
from sqlalchemy import select

from bot.app import App
from bot.people.identity import hash_person
from bot.platform import CommunityRef, IncomingPost
from storage.tables import Author, Post
from storage.types import PlatformName, PostState
from tests.bot.discord.command_bot import CommandBot, command_bot
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Member, NotOffered
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")


async def post(app: App, clock: FakeClock, channel: Channel, author: Member) -> int:
    incoming = IncomingPost(
        community=CommunityRef(str(channel.id), "#memes"), source_id="77", author=str(author.id),
        title="Mine", posted_at=clock(), images=[PNG], link="https://discord.test/77",
    )  # fmt: skip
    post_id = await app.pipeline.accept(PlatformName.DISCORD, incoming)
    assert post_id is not None
    return post_id


async def state_of(app: App, post_id: int) -> PostState:
    async with app.core.database.read() as session:
        return (await session.get_one(Post, post_id)).state


async def test_what_is_stored_is_said(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "privacy")
    assert asked.ephemeral
    assert "90 days" in asked.text


async def test_opting_out_and_in(
    app: App, clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    post_id = await post(app, clock, channel, ann)
    asked = await fake.slash(ann, channel, "opt-out")
    assert asked.ephemeral
    assert "1 post of yours" in asked.text
    assert await state_of(app, post_id) is PostState.WITHDRAWN
    assert "already" in (await fake.slash(ann, channel, "opt-out")).text
    assert "Welcome back" in (await fake.slash(ann, channel, "opt-in")).text
    assert "had not opted out" in (await fake.slash(ann, fake.dm(ann), "opt-in")).text


async def test_the_export_is_a_file_for_oneself(
    app: App, clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, bob: Member,
    bot: CommandBot,
) -> None:  # fmt: skip
    await post(app, clock, channel, ann)
    asked = await fake.slash(ann, channel, "export-me")
    assert asked.ephemeral
    assert asked.response is not None
    (file,) = asked.response.attachments
    exported = json.loads(file.data)
    assert [each["title"] for each in exported["posts"]] == ["Mine"]
    assert str(ann.id) not in file.data.decode()
    assert "Nothing is stored" in (await fake.slash(bob, channel, "export-me")).text


async def test_forgetting_asks_first(
    app: App, clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    post_id = await post(app, clock, channel, ann)
    asked = await fake.slash(ann, channel, "forget-me")
    assert asked.ephemeral
    assert asked.response is not None
    assert "cannot be undone" in asked.text
    await fake.click(ann, asked.response, "Cancel")
    await fake.settle()
    assert "Nothing was changed" in asked.response.text
    assert asked.response.buttons == []
    asked = await fake.slash(ann, channel, "forget-me")
    assert asked.response is not None
    await fake.click(ann, asked.response, "Delete it")
    await fake.settle()
    assert "Nothing stored leads to you any more" in asked.response.text
    person = hash_person(app.core.people_key, PlatformName.DISCORD, str(ann.id))
    async with app.core.database.read() as session:
        assert await session.scalar(select(Author).filter_by(hash=person)) is None
        assert (await session.get_one(Post, post_id)).title == ""
    asked = await fake.slash(ann, channel, "forget-me")
    assert asked.response is not None
    await fake.click(ann, asked.response, "Delete it")
    await fake.settle()
    assert "Nothing is stored about you" in asked.response.text


async def test_who_opted_out_is_told_that_this_stays(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot, app: App, clock: FakeClock
) -> None:
    await post(app, clock, channel, ann)
    await fake.slash(ann, channel, "opt-out")
    asked = await fake.slash(ann, channel, "forget-me")
    assert asked.response is not None
    await fake.click(ann, asked.response, "Delete it")
    await fake.settle()
    assert "All that is left is your opt-out" in asked.response.text


async def test_a_question_is_answered_in_time_or_not_at_all(
    app: App, clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    post_id = await post(app, clock, channel, ann)
    asked = await fake.slash(ann, channel, "forget-me")
    assert asked.response is not None
    clock.forward(121)
    await fake.click(ann, asked.response, "Delete it")
    await fake.settle()
    assert "too old" in asked.response.text
    assert await state_of(app, post_id) is PostState.SEEN


async def test_a_question_survives_a_restart(
    app: App, clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member
) -> None:
    post_id = await post(app, clock, channel, ann)
    async with command_bot(fake, app):
        asked = await fake.slash(ann, channel, "forget-me")
    assert asked.response is not None
    async with command_bot(fake, app):
        await fake.click(ann, asked.response, "Delete it")
        await fake.settle()
    assert await state_of(app, post_id) is PostState.WITHDRAWN


async def test_nobody_else_can_answer(
    fake: FakeDiscord, channel: Channel, ann: Member, bob: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "forget-me")
    assert asked.response is not None
    with pytest.raises(NotOffered):
        await fake.click(bob, asked.response, "Delete it")
    # Even if Discord let them.
    asked.response.only_for = None
    asked.response.flags = 0
    clicked = await fake.click(bob, asked.response, "Delete it")
    await fake.settle()
    assert "Only the person who was asked" in clicked.text
