"""`/managers`: roles whose members may do what admins do. `/manage …`: how they do it.

Discord itself hides the commands of admins from who may not manage the server, and no bot can
change that. So managers have the same commands once more, under one name that everybody sees, and
whether they may is asked here.
"""

import copy
from collections.abc import Iterable

import discord
from discord import app_commands
from discord.ext import commands

from bot.audit import Action
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.texts.command_labels import label
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.servers import change_server, find_server
from storage.tables import Server
from storage.types import PlatformName

#: What managers may do: everything about channels, nothing about the model or each other.
COMMANDS = (
    "watch", "unwatch", "channels", "settings", "posters", "import", "digest", "outcomes", "audit",
)  # fmt: skip
#: Roles of managers of one server.
_MOST = 10


class Managers(Feature):
    """Who manages the bot on a server."""

    @app_commands.command(name="managers", description=label("managers.about"))
    @app_commands.describe(add=label("managers.add"), remove=label("managers.remove"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def managers(
        self,
        interaction: Interaction,
        add: discord.Role | None = None,
        remove: discord.Role | None = None,
    ) -> None:
        """Show or change the roles of managers."""
        await defer(interaction, ephemeral=True)
        texts, server_id = texts_for(interaction), str(interaction.guild_id)
        if add is not None and add.is_default():
            raise Refused("managers.everybody")

        guild = interaction.guild
        there = set() if guild is None else {str(each.id) for each in guild.roles}

        def change(server: Server) -> None:
            gone = None if remove is None else str(remove.id)
            roles = [each for each in server.manager_roles if each != gone]
            if there:
                # One that was deleted cannot be chosen any more, to be taken away.
                roles = [each for each in roles if each in there]
            if add is not None and str(add.id) not in roles:
                roles.append(str(add.id))
            if len(roles) > _MOST:
                raise Refused("managers.too_many", most=_MOST)
            server.manager_roles = roles

        is_changed = add is not None or remove is not None
        if is_changed:
            server: Server | None = await change_server(
                self.core.database, PlatformName.DISCORD, server_id, change
            )
            details = {
                "add": None if add is None else add.name,
                "remove": None if remove is None else remove.name,
            }
            await self.note(interaction, Action.MANAGERS, details=details)
        else:
            async with self.core.database.read() as session:
                server = await find_server(session, PlatformName.DISCORD, server_id)
        roles = [] if server is None else server.manager_roles
        if not roles:
            await respond(interaction, texts("managers.none"))
            return
        names = ", ".join(f"<@&{each}>" for each in roles)
        await respond(interaction, texts("managers.are", roles=names))

    async def may_manage(self, interaction: Interaction) -> bool:
        """Whether somebody is an admin or a manager of the server where they ask."""
        user = interaction.user
        if not isinstance(user, discord.Member):
            return False
        if interaction.permissions.manage_guild:
            return True
        async with self.core.database.read() as session:
            server = await find_server(session, PlatformName.DISCORD, str(interaction.guild_id))
        held = {str(each.id) for each in user.roles}
        return server is not None and not held.isdisjoint(server.manager_roles)


class Manage(app_commands.Group):
    """The commands of admins once more, for managers."""

    def __init__(self, managers: Managers, features: Iterable[commands.Cog]) -> None:
        super().__init__(
            name="manage",
            description=label("manage.about"),
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=False, private_channel=False
            ),
        )
        self._managers = managers
        found = {
            each.name: each
            for feature in features
            for each in feature.get_app_commands()
            if isinstance(each, app_commands.Command)
        }
        for name in COMMANDS:
            # The same command with another parent: what it is called with, and does, is one.
            self.add_command(copy.copy(found[name]))

    async def interaction_check(self, interaction: Interaction, /) -> bool:
        """Before each of them: who asks is a manager.

        Raises:
            Refused: they are not.
        """
        if not await self._managers.may_manage(interaction):
            raise Refused("manage.not_yours")
        return True
