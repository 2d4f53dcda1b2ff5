"""/meme, asked by somebody on the loopback Discord."""

import pytest
from sqlalchemy import select

from bot.app import App
from bot.discord.commands import meme
from bot.memes.suggest import MemeMaker
from bot.serving.champion import ChampionServer
from models.captions.language_model import ScoredCaption
from models.captions.safety import SafetyList
from storage.engine.database import Database
from storage.tables import CaptionChoice
from tests.bot.discord.command_bot import CommandBot
from tests.fakes.discord import Channel, FakeDiscord, Member
from tests.fixtures.images import encode, photo

PNG = encode(photo(), "PNG")


async def test_a_meme_is_shown_to_who_asked_alone_with_what_it_would_come_to(
    app: App, fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "meme", image=PNG, caption="top *bold*|@everyone")
    assert asked.ephemeral
    assert asked.response is not None
    assert "would beat" in asked.response.content
    assert r"top \*bold\* / \@everyone" in asked.response.content
    assert len(asked.response.attachments) == 1
    assert [len(row["components"]) for row in asked.response.components] == [1, 1]


async def test_a_caption_that_cannot_be_drawn_is_a_sentence(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(ann, channel, "meme", image=PNG, caption="|\u200b")
    assert asked.response is not None
    assert "cannot be drawn" in asked.response.content


class TwoCaptions:
    """A caption model that has two to say."""

    backbone = ""

    def write(self, picture: object, *, seed: int, expression: str | None) -> list[ScoredCaption]:
        captions = (
            ("when you see it", "you cannot unsee it"),
            ("nobody", "me at three in the morning"),
        )
        return [ScoredCaption(boxes, -1.0, 0.0) for boxes in captions]

    def judge(self, captions: list[tuple[str, ...]], picture: object) -> list[ScoredCaption]:
        return [ScoredCaption(tuple(boxes), -1.0, 0.0) for boxes in captions]


@pytest.fixture
def two_captions(monkeypatch: pytest.MonkeyPatch) -> None:
    def open_maker(settings: object, server: ChampionServer, database: Database) -> MemeMaker:
        return MemeMaker(
            server, database, model=TwoCaptions(), emotions=None,  # type: ignore[arg-type]
            caption_server=None, safety=SafetyList.shipped(()),
        )  # fmt: skip

    monkeypatch.setattr(meme, "open_maker", open_maker)


@pytest.mark.usefixtures("two_captions")
async def test_a_meme_of_a_message_is_chosen_and_posted_by_who_asked(
    app: App,
    fake: FakeDiscord,
    channel: Channel,
    ann: Member,
    bob: Member,
    admin: Member,
    bot: CommandBot,
) -> None:
    await fake.slash(admin, channel, "watch")
    message = await fake.post_message(channel, bob, content="my cat", attachments=[PNG])
    asked = await fake.menu(ann, message, "Make a meme")
    assert asked.ephemeral
    assert asked.response is not None
    assert asked.response.content.count("would beat") == 2
    await fake.select(ann, asked.response, "Another caption", "1")
    await fake.settle()
    second = asked.response.content.splitlines()[2]
    assert second.startswith("2. **"), "the chosen one is in bold"
    await fake.click(ann, asked.response, "Post it here")
    await fake.settle()
    posted = list(channel.messages.values())[-1]
    assert "A meme by" in posted.content
    assert not posted.ephemeral
    assert posted.attachments[0].filename == "meme.png"
    # What was offered and chosen is kept: captions are ranked by it.
    async with app.core.database.read() as session:
        (choice,) = await session.scalars(select(CaptionChoice))
    assert (len(choice.offered), choice.chosen, choice.post_id) == (2, 1, None)


@pytest.mark.usefixtures("two_captions")
async def test_a_spoiler_stays_one_and_who_may_not_send_pictures_does_not(
    fake: FakeDiscord, channel: Channel, ann: Member, bob: Member, bot: CommandBot
) -> None:
    message = await fake.post_message(channel, bob, content="||the end||", attachments=[PNG])
    asked = await fake.menu(ann, message, "Make a meme")
    assert asked.response is not None
    assert asked.response.attachments[0].filename == "SPOILER_meme.png"
    fake.permit(channel, ann, attach_files=False)
    before = len(channel.messages)
    refused = await fake.click(ann, asked.response, "Post it here")
    assert "may not send pictures" in refused.text
    assert len(channel.messages) == before


async def test_the_menu_on_a_message_without_an_image(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    message = await fake.post_message(channel, ann, content="just words")
    asked = await fake.menu(ann, message, "Make a meme")
    assert "no image in that message" in asked.text
