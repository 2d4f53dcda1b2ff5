"""/watch and /unwatch."""

import pytest
from sqlalchemy import select

from bot.app import App
from storage.tables import Community
from tests.bot.discord.command_bot import CommandBot
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member, NotOffered


async def watched(app: App) -> dict[str, tuple[bool, str | None]]:
    async with app.core.database.read() as session:
        found = await session.scalars(select(Community))
        return {each.source_id: (each.watched, each.high_water) for each in found}


async def test_a_channel_is_watched_and_not_any_more(
    app: App, fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    asked = await fake.slash(admin, channel, "watch")
    assert asked.ephemeral
    assert asked.deferred
    assert r"**\#memes** is watched now" in asked.text
    assert "24 hours later" in asked.text
    # This client has no access to the content of messages, and says what to do about it.
    assert "Message Content Intent" in asked.text
    assert "lack permissions" not in asked.text
    assert await watched(app) == {str(channel.id): (True, None)}
    asked = await fake.slash(admin, channel, "watch")
    assert "watched already" in asked.text
    asked = await fake.slash(admin, channel, "unwatch")
    assert "not watched any more" in asked.text
    asked = await fake.slash(admin, channel, "unwatch")
    assert "is not watched" in asked.text
    assert await watched(app) == {str(channel.id): (False, None)}


async def test_another_channel_can_be_named(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    other = fake.channel(guild, "pictures")
    last = await fake.post_message(other, admin, content="old")
    await fake.settle()
    asked = await fake.slash(admin, channel, "watch", channel=other)
    assert r"**\#pictures**" in asked.text
    # What was posted before is not stored.
    assert await watched(app) == {str(other.id): (True, str(last.id))}


async def test_missing_permissions_are_named(
    fake: FakeDiscord, channel: Channel, admin: Member, bot: CommandBot
) -> None:
    fake.permit(channel, channel.guild.members[fake.bot.id], send_messages=False, embed_links=False)
    await fake.settle()
    asked = await fake.slash(admin, channel, "watch")
    assert "**Send Messages**, **Embed Links**" in asked.text


async def test_it_is_for_admins_and_whom_the_server_allows(
    fake: FakeDiscord, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    for name in ("watch", "unwatch"):
        with pytest.raises(NotOffered):
            await fake.slash(ann, channel, name)
    asked = await fake.slash(ann, channel, "watch", anyway=True)
    assert "is watched now" in asked.text


async def test_a_channel_that_one_cannot_see_is_not_watched(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, ann: Member, bot: CommandBot
) -> None:
    secret = fake.channel(guild, "secret")
    fake.permit(secret, ann, view_channel=False)
    await fake.settle()
    asked = await fake.slash(ann, channel, "watch", channel=secret, anyway=True)
    assert "can see yourself" in asked.text
    assert await watched(app) == {}


async def test_it_is_not_offered_in_dms(fake: FakeDiscord, admin: Member, bot: CommandBot) -> None:
    with pytest.raises(NotOffered):
        await fake.slash(admin.user, fake.dm(admin), "watch")
