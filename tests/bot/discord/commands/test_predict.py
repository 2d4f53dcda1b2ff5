"""/predict and the menu entry, asked by people on the loopback Discord."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.app import App
from bot.discord.commands.picture_cards import AT_ONCE
from bot.platform import CommunityRef, IncomingPost
from bot.serving.predict_image import ImagePrediction, predict_image
from storage.tables import Base, Community
from storage.types import PlatformName
from tests.bot.discord.command_bot import CommandBot
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, Upload
from tests.fakes.discord.faults import error
from tests.fixtures.images import BAD_IMAGES, encode, photo

PNG = encode(photo(), "PNG")
OTHER = encode(photo().rotate(90), "PNG")


async def rows(app: App) -> int:
    async with app.core.database.read() as session:
        return sum(
            [
                (await session.scalars(select(func.count()).select_from(table))).one()
                for table in Base.metadata.sorted_tables
            ]
        )


async def post(app: App, clock: FakeClock, channel: Channel, **changes: object) -> int:
    """An image that was stored from a watched channel."""
    async with app.core.database.write() as session:
        if await session.scalar(select(Community.id)) is None:
            session.add(
                Community(
                    platform=PlatformName.DISCORD, source_id=str(channel.id), name="#memes",
                    created_at=clock(), **changes,
                )
            )  # fmt: skip
    post_id = await app.pipeline.accept(
        PlatformName.DISCORD,
        IncomingPost(
            community=CommunityRef(str(channel.id), "#memes"),
            source_id="77", author="5", title="", posted_at=clock(), images=[PNG],
            link="https://discord.test/channels/1/2/77",
        ),
    )  # fmt: skip
    assert post_id is not None
    await app.pipeline.advance(post_id)
    clock.forward(60)
    return post_id


async def test_an_image_is_predicted_and_nothing_stored(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    before = await rows(app)
    asked = await fake.slash(ann, channel, "predict", image=PNG, title="*bold* @everyone [x](y)")
    assert asked.deferred
    assert not asked.ephemeral
    assert asked.response is not None
    (embed,) = asked.response.embeds
    assert embed["title"] == r"\*bold\* \@everyone \[x\]\(y\)"
    assert "posts in a typical community that I learned from" in embed["description"]
    assert embed["footer"]["text"].endswith("Model starter")
    (map_,) = asked.response.attachments
    assert embed["image"]["url"].startswith(map_.url.partition("?")[0])
    (shown,) = fake.asked("PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original")
    assert shown.payload["allowed_mentions"] == {"parse": []}
    assert await rows(app) == before


async def test_it_is_for_oneself_on_request(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "predict", image=PNG, private=True)
    assert asked.ephemeral


async def test_it_works_in_a_dm_and_where_the_bot_is_no_member(
    fake: FakeDiscord, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann.user, fake.dm(ann), "predict", image=PNG)
    assert "Would beat" in asked.text
    elsewhere = fake.guild("Elsewhere", has_bot=False)
    there = fake.channel(elsewhere)
    stranger = fake.member(elsewhere, ann.user)
    asked = await fake.slash(stranger, there, "predict", image=PNG)
    assert "Would beat" in asked.text


async def test_it_speaks_german(
    fake: FakeDiscord, guild: Guild, channel: Channel, bot: CommandBot
) -> None:
    dora = fake.member(guild, "dora", locale="de")
    asked = await fake.slash(dora, channel, "predict", image=PNG)
    assert "Dürfte" in asked.text
    assert "Modell starter" in asked.text
    asked = await fake.slash(dora, channel, "predict", image=BAD_IMAGES["text.png"]())
    await fake.settle()
    assert "Das ist kein JPEG-" in asked.text


@pytest.mark.parametrize("name", ["truncated.jpg", "bomb.png", "empty.jpg", "text.png"])
async def test_what_cannot_be_used_is_refused_in_a_sentence(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot, name: str
) -> None:
    asked = await fake.slash(ann, channel, "predict", image=Upload(BAD_IMAGES[name](), name))
    await fake.settle()
    (whisper,) = fake.whispers_to(ann)
    assert whisper.text.endswith(".")
    assert "wrong on my side" not in whisper.text
    # Nothing is left behind in the channel.
    assert fake.messages(channel) == []
    assert asked.deferred


async def test_a_file_that_is_too_large_is_not_even_fetched(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    await fake.slash(ann, channel, "predict", image=Upload(PNG, size=30 * 2**20))
    await fake.settle()
    assert "larger than 20 MB" in fake.whispers_to(ann)[0].text
    assert fake.downloads == []


async def test_an_image_that_does_not_arrive(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    fake.on("GET cdn", error(404))
    await fake.slash(ann, channel, "predict", image=PNG)
    await fake.settle()
    assert "nothing to fetch" in fake.whispers_to(ann)[0].text
    fake.on("GET cdn", error(503))
    await fake.slash(ann, channel, "predict", image=PNG)
    await fake.settle()
    assert "did not arrive" in fake.whispers_to(ann)[1].text


async def test_what_was_seen_before_is_said(
    app: App, clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    await post(app, clock, channel)
    asked = await fake.slash(ann, channel, "predict", image=PNG)
    assert f"<#{channel.id}>" in asked.text
    assert "Seen before: [posted" in asked.text
    assert "https://discord.test/channels/1/2/77" in asked.text


async def test_a_blind_prediction_is_not_given_away(
    app: App, clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    await post(app, clock, channel, blind=True)
    await fake.slash(ann, channel, "predict", image=PNG)
    await fake.settle()
    assert "Guess first" in fake.whispers_to(ann)[0].text
    # Another image is nobody's secret, and neither is this one once guessing has closed.
    asked = await fake.slash(ann, channel, "predict", image=OTHER)
    assert "ikely" in asked.text
    clock.forward(timedelta(hours=2).total_seconds())
    asked = await fake.slash(ann, channel, "predict", image=PNG)
    assert "ikely" in asked.text


async def test_the_menu_answers_for_every_image_of_a_message(
    fake: FakeDiscord, channel: Channel, ann: Member, bob: Member, bot: CommandBot
) -> None:
    message = await fake.post_message(
        channel, bob, content="look", attachments=[PNG, Upload(BAD_IMAGES["text.png"]()), OTHER],
        embeds=[fake.picture_embed(fake.link(PNG))],
    )  # fmt: skip
    asked = await fake.menu(ann, message, "Will it play?")
    assert asked.ephemeral
    assert asked.response is not None
    assert [embed["title"] for embed in asked.response.embeds] == [
        "Image 1 of 4", "Image 2 of 4", "Image 3 of 4", "Image 4 of 4",
    ]  # fmt: skip
    assert "Would beat" not in asked.response.embeds[1]["description"]
    assert len(asked.response.attachments) == 3
    assert len({each.filename for each in asked.response.attachments}) == 3


async def test_the_menu_says_when_there_are_too_many(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    message = await fake.post_message(channel, ann, attachments=[PNG] * 6)
    asked = await fake.menu(ann, message, "Will it play?")
    assert "has 6 images; these are the first 4" in asked.text


async def test_the_menu_on_a_message_without_images(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    message = await fake.post_message(channel, ann, content="just words")
    asked = await fake.menu(ann, message, "Will it play?")
    await fake.settle()
    assert "no image in that message" in asked.text
    (whisper,) = fake.whispers_to(ann)
    assert whisper.ephemeral


async def test_too_much_at_once(
    clock: FakeClock, fake: FakeDiscord, channel: Channel, ann: Member, bob: Member, bot: CommandBot
) -> None:
    for _ in range(5):
        await fake.slash(ann, channel, "privacy")
    clock.forward(3)
    asked = await fake.slash(ann, channel, "privacy")
    assert asked.ephemeral
    assert "Try again in 7 s" in asked.text
    # Others go on, and so does she after a while.
    assert "What is stored" in (await fake.slash(bob, channel, "privacy")).text
    clock.forward(8)
    assert "What is stored" in (await fake.slash(ann, channel, "privacy")).text


async def test_a_fault_of_ours_gets_a_number(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret details")

    monkeypatch.setattr("bot.discord.commands.picture_cards.predict_image", broken)
    await fake.slash(ann, channel, "predict", image=PNG)
    await fake.settle()
    (whisper,) = fake.whispers_to(ann)
    assert "secret" not in whisper.text
    number = whisper.text.split("**")[1]
    assert number in caplog.text
    assert "secret details" in caplog.text


async def test_of_many_who_ask_at_once_all_are_acknowledged_and_a_few_looked_after(
    fake: FakeDiscord, channel: Channel, bot: CommandBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, inside, most = asyncio.Event(), 0, 0

    async def gated(*args: Any, **options: Any) -> ImagePrediction:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        fake.changed()  # otherwise it is noticed at the next heartbeat only
        await opened.wait()
        inside -= 1
        return await predict_image(*args, **options)

    monkeypatch.setattr("bot.discord.commands.picture_cards.predict_image", gated)
    people = [fake.member(channel.guild, f"person {n}") for n in range(AT_ONCE + 3)]
    asked = [await fake.slash(each, channel, "predict", image=PNG, wait=False) for each in people]
    await fake.until(lambda: all(each.deferred for each in asked))
    await fake.until(lambda: inside == AT_ONCE)
    opened.set()
    for each in asked:
        await each.answered()
        assert "Would beat" in each.text
    assert most == AT_ONCE


async def test_the_heat_map_is_left_out_while_images_wait_for_a_thread(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(type(app.core.serving), "has_free_thread", False)
    asked = await fake.slash(ann, channel, "predict", image=PNG)
    assert asked.response is not None
    assert "Would beat" in asked.text
    assert asked.response.attachments == []
