"""`/privacy`, `/opt-out`, `/opt-in`, `/export-me`, `/forget-me`: one's own data, for oneself."""

import io
import json
import logging

import discord
from discord import app_commands

from bot.discord.commands.confirmation import ConfirmFirst
from bot.discord.commands.feature import texts_for
from bot.discord.gateway.visibility import channels_seen
from bot.discord.outcomes.winner_role import take_back
from bot.discord.texts.command_labels import label
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.league.outcome_feeds import feeds_won_by, note_no_winner
from bot.people.consent import has_opted_out, opt_in, opt_out
from bot.people.erasure import forget_person
from bot.people.export import communities_of_person, export_person
from bot.platform import PlatformUnavailable
from storage.types import PlatformName

log = logging.getLogger(__name__)

_FILE = "peoria-export.json"


class Privacy(ConfirmFirst):
    """What people can do about what is stored of them."""

    @app_commands.command(name="privacy", description=label("privacy.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def privacy(self, interaction: Interaction) -> None:
        """Say what is stored, and what can be done about it."""
        texts = texts_for(interaction)
        embed = discord.Embed(
            title=texts("privacy.heading"),
            description=texts(
                "privacy.text", days=texts.count("count.days", round(self.core.settings.image_days))
            ),
        )
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @app_commands.command(name="opt-out", description=label("optout.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def opt_out(self, interaction: Interaction) -> None:
        """Use nothing of this person any more."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        await self._take_roles(self.person(interaction.user))
        done = await opt_out(
            self.core.database,
            platform=PlatformName.DISCORD,
            person=self.person(interaction.user),
            now=self.core.clock(),
        )
        if done.newly:
            await respond(
                interaction,
                texts("optout.done", withdrawn=texts.count("optout.withdrawn", done.withdrawn)),
            )
        else:
            await respond(interaction, texts("optout.already"))

    @app_commands.command(name="opt-in", description=label("optin.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def opt_in(self, interaction: Interaction) -> None:
        """Take an opt-out back."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        changed = await opt_in(
            self.core.database, platform=PlatformName.DISCORD, person=self.person(interaction.user)
        )
        await respond(interaction, texts("optin.done" if changed else "optin.already"))

    @app_commands.command(name="export-me", description=label("export.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def export_me(self, interaction: Interaction) -> None:
        """Hand a person everything that is stored about them."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        person = self.person(interaction.user)
        communities = await communities_of_person(
            self.core.database, platform=PlatformName.DISCORD, person=person
        )
        seen = await channels_seen(
            self.bot, interaction.user.id, [int(each.source_id) for each in communities]
        )
        stored = await export_person(
            self.core.database,
            platform=PlatformName.DISCORD,
            person=person,
            unnamed={each.id for each in communities if int(each.source_id) not in seen},
        )
        if stored is None:
            await respond(interaction, texts("export.nothing"))
            return
        data = json.dumps(stored, ensure_ascii=False, indent=2).encode()
        if len(data) > interaction.filesize_limit:
            raise Refused("export.too_large")
        await respond(
            interaction, texts("export.done"), files=[discord.File(io.BytesIO(data), _FILE)]
        )

    @app_commands.command(name="forget-me", description=label("forget.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def forget_me(self, interaction: Interaction) -> None:
        """Ask whether everything about this person is to be deleted."""
        await defer(interaction, ephemeral=True)
        await self.ask(interaction, texts_for(interaction)("forget.ask"), what="forget")

    async def confirmed(self, interaction: Interaction, what: str, about: str) -> None:
        """Delete it."""
        texts = texts_for(interaction)
        person = self.person(interaction.user)
        await self._take_roles(person)
        rows = await forget_person(
            self.core.database,
            platform=PlatformName.DISCORD,
            person=person,
            images=self.core.images,
            now=self.core.clock(),
        )
        self.names.forget(person)
        async with self.core.database.read() as session:
            opted_out = await has_opted_out(session, PlatformName.DISCORD, person)
        if rows == 0:
            key = "forget.nothing"
        else:
            key = "forget.done_opted_out" if opted_out else "forget.done"
        await respond(interaction, texts(key, rows=texts.number(rows)))

    async def _take_roles(self, person: str) -> None:
        """Take the roles of winners, while it is still known whose they are."""
        async with self.core.database.read() as session:
            won = await feeds_won_by(session, PlatformName.DISCORD, person)
        for feed in won:
            try:
                await take_back(self.core, self.bot, feed)
            except PlatformUnavailable as error:
                # Nobody's wish to be forgotten waits for that.
                log.warning("A winner's role stays with who is forgotten: %s", error)
            await note_no_winner(self.core.database, feed)
