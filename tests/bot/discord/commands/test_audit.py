"""/audit: who changed what, for admins, by what they may see."""

from datetime import timedelta

from sqlalchemy import select

from bot.app import App
from bot.audit import AuditLog
from bot.people.erasure import forget_person
from bot.people.export import export_person
from bot.people.identity import hash_person
from storage.tables import AuditEntry
from storage.types import PlatformName
from tests.bot.discord.command_bot import CommandBot
from tests.fakes.clock import FakeClock
from tests.fakes.discord import Channel, FakeDiscord, Guild, Member


async def test_changes_are_noted_shown_and_forgotten(
    app: App, fake: FakeDiscord, guild: Guild, channel: Channel, admin: Member, bot: CommandBot,
    clock: FakeClock,
) -> None:  # fmt: skip
    other = fake.member(guild, "another admin", manage_guild=True)
    secret = fake.channel(guild, "secret")
    fake.permit(secret, other, view_channel=False)
    await fake.settle()
    asked = await fake.slash(admin, channel, "audit")
    assert asked.text == "Nothing was changed in the last 180 days."
    await fake.slash(admin, channel, "watch")
    await fake.slash(admin, channel, "watch")
    await fake.slash(admin, channel, "settings")
    clock.forward(30)
    await fake.slash(admin, channel, "settings", channel=channel, horizon=6, quiet_hours="22-7")
    await fake.slash(admin, channel, "watch", channel=secret)
    await fake.slash(admin, channel, "unwatch", channel=secret)
    clock.forward(30)
    await fake.slash(admin, channel, "digest", every="day", time="09:00")
    await fake.slash(admin, channel, "digest", channel=secret)
    asked = await fake.slash(other, channel, "audit")
    assert asked.ephemeral
    assert "secret" not in asked.text
    lines = asked.text.splitlines()[1:-1]
    who, hidden = f"<@{admin.id}>", "a channel that you cannot see"
    assert [line.partition("> ")[2] for line in lines] == [
        f"{who}: set the digest (channel {hidden})",
        rf"{who}: set the digest (every day, time 09\:00)",
        f"{who}: ended watching {hidden}",
        f"{who}: watched {hidden}",
        rf"{who}: changed the settings of <#{channel.id}>: horizon 6, quiet\_hours 22\-7",
        f"{who}: watched <#{channel.id}>",
    ]
    person = hash_person(app.core.people_key, PlatformName.DISCORD, str(admin.id))
    told = await export_person(app.core.database, platform=PlatformName.DISCORD, person=person)
    assert told is not None
    assert [each["action"] for each in told["changes"]] == [
        "watch", "settings", "watch", "unwatch", "digest", "digest",
    ]  # fmt: skip
    await forget_person(
        app.core.database, platform=PlatformName.DISCORD, person=person, images=app.core.images,
        now=clock(),
    )  # fmt: skip
    asked = await fake.slash(other, channel, "audit")
    assert "somebody: watched" in asked.text
    assert str(admin.id) not in asked.text


async def test_entries_are_kept_for_a_time(app: App, clock: FakeClock) -> None:
    log = AuditLog(app.core.database, keep_days=1, clock=clock)
    async with app.core.database.write() as session:
        for age in (25, 23):
            session.add(
                AuditEntry(
                    made_at=clock() - timedelta(hours=age),
                    platform=PlatformName.WEB,
                    action="watch",
                    details={},
                )
            )
    assert await log.sweep() == 1
    async with app.core.database.read() as session:
        assert len((await session.scalars(select(AuditEntry))).all()) == 1
