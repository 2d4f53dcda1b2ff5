"""/meme, asked by somebody on the loopback Discord."""

from bot.app import App
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
