"""Genres that people correct in the menu beside a prediction."""

from sqlalchemy import select

from bot.app import App
from bot.discord.platform import DiscordPlatform
from storage.tables import Post
from storage.types import PlatformName
from tests.bot.discord.events.test_guesses import ask
from tests.fakes.discord import Channel, FakeDiscord, Member


async def genre_of(app: App) -> str | None:
    async with app.core.database.read() as session:
        query = select(Post.genre).where(Post.platform == PlatformName.DISCORD)
        return (await session.scalars(query)).one()


async def test_its_author_and_moderators_say_what_it_is(
    app: App, fake: FakeDiscord, discord: DiscordPlatform, channel: Channel, ann: Member,
    bob: Member,
) -> None:  # fmt: skip
    reply = await ask(fake, channel, ann)
    await app.jobs.read_attributes()
    beside = (await fake.click(ann, reply, "Why?")).messages[-1]
    said = await fake.select(ann, beside, "Its genre, if I got it wrong", "rage_comic")
    assert said.ephemeral
    assert "Noted: rage comic." in said.text
    assert await genre_of(app) == "rage_comic"
    # Others are not asked.
    assert not (await fake.click(bob, reply, "Why?")).messages[-1].components
    fake.grant(bob, manage_messages=True)
    beside = (await fake.click(bob, reply, "Why?")).messages[-1]
    again = await fake.select(bob, beside, "Its genre, if I got it wrong", "no such genre")
    assert "no such genre here" in again.text
    await fake.select(bob, beside, "Its genre, if I got it wrong", "political")
    assert await genre_of(app) == "political"
    assert "political" in (await fake.click(ann, reply, "Why?")).text
