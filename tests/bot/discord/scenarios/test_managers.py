"""/managers and /manage: people who may not manage the server, and manage the bot."""

import pytest
from sqlalchemy import select

from bot.audit import Action
from bot.servers import change_server
from storage.tables import AuditEntry, Community, Server
from storage.types import PlatformName
from tests.bot.discord.scenarios.scene import Scene
from tests.fakes.discord.interactions import NotOffered


async def test_members_of_a_role_manage_the_bot(scene: Scene) -> None:
    fake = scene.fake
    helpers = fake.grant(scene.bob)
    asked = await fake.slash(scene.bob, scene.channel, "manage settings", blind=True)
    assert "for the managers of this server" in asked.text
    with pytest.raises(NotOffered):
        await fake.slash(scene.bob, scene.channel, "managers", add=helpers)
    asked = await fake.slash(scene.admin, scene.channel, "managers")
    assert "Nobody manages me here" in asked.text
    asked = await fake.slash(scene.admin, scene.channel, "managers", add=helpers)
    assert f"members of <@&{helpers.id}> manage me here" in asked.text
    everybody = scene.guild.everybody
    asked = await fake.slash(scene.admin, scene.channel, "managers", add=everybody)
    assert "*@everyone* cannot manage me" in asked.text
    # The same commands, with what was changed in the audit log.
    asked = await fake.slash(
        scene.bob, scene.channel, "manage settings", blind=True, time_zone="Europe/Berlin"
    )
    assert "Guessing first: yes" in asked.text or "blind" in asked.text.lower()
    async with scene.core.database.read() as session:
        (community,) = await session.scalars(select(Community))
        entries = list(await session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert community.blind
    assert [each.action for each in entries] == [Action.MANAGERS, Action.SETTINGS]
    assert entries[1].details == {"blind": "True", "time_zone": "Europe/Berlin"}
    offered = await fake.autocomplete(
        scene.bob, scene.channel, "manage settings", "time_zone", "berlin"
    )
    assert [each["value"] for each in offered] == ["Europe/Berlin"]
    asked = await fake.slash(scene.bob, scene.channel, "manage posters", posts_per_day=3)
    assert "At most 3 posts" in asked.text
    other = fake.channel(scene.guild, "other")
    await fake.settle()
    asked = await fake.slash(scene.bob, scene.channel, "manage watch", channel=other)
    assert "other" in asked.text
    # Not on another server, and not without the role.
    asked = await fake.slash(scene.ann, scene.channel, "manage audit")
    assert "for the managers of this server" in asked.text
    elsewhere = fake.guild("Elsewhere")
    hall = fake.channel(elsewhere, "hall")
    bob = fake.member(elsewhere, scene.bob.user)
    await fake.settle()
    asked = await fake.slash(bob, hall, "manage watch")
    assert "for the managers of this server" in asked.text
    asked = await fake.slash(scene.admin, scene.channel, "managers", remove=helpers)
    assert "Nobody manages me here" in asked.text
    asked = await fake.slash(scene.bob, scene.channel, "manage audit")
    assert "for the managers of this server" in asked.text


async def test_roles_that_were_deleted_take_no_place(scene: Scene) -> None:
    database = scene.core.database

    def fill(server: Server) -> None:
        server.manager_roles = [str(number) for number in range(1, 11)]

    await change_server(database, PlatformName.DISCORD, str(scene.guild.id), fill)
    helpers = scene.fake.grant(scene.bob)
    asked = await scene.fake.slash(scene.admin, scene.channel, "managers", add=helpers)
    assert f"members of <@&{helpers.id}> manage me here" in asked.text


async def test_the_group_is_as_large_as_discord_takes(scene: Scene) -> None:
    # https://docs.discord.com/developers/interactions/application-commands: 8,000 characters of
    # names, descriptions and values, in whichever language is longest.
    def size(part: dict[str, object]) -> int:
        own = 0
        for key in ("name", "description"):
            local = part.get(f"{key}_localizations") or {}
            assert isinstance(local, dict)
            own += max(len(str(each)) for each in (part.get(key, ""), *local.values()))
        own += len(str(part.get("value", "")))
        inner = [*(part.get("options") or []), *(part.get("choices") or [])]  # type: ignore[misc]
        return own + sum(size(each) for each in inner)

    assert max(size(each) for each in scene.fake.commands.values()) <= 8000
