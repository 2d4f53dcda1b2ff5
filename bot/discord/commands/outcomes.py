"""`/outcomes`: where a server is told of outcomes. `/tell-me`: one's own, by direct message."""

import discord
from discord import app_commands

from bot.audit import Action
from bot.discord.commands.audit import mention
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.watch import channel_meant
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.told_channel import missing_to_tell
from bot.discord.outcomes.winner_role import may_be_promised, take_back, why_not_given
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import permission_name, reason_words
from bot.discord.ui.channel_option import ChannelOption
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.league.outcome_feeds import (
    person_feed,
    server_feed,
    stop_telling_person,
    stop_telling_server,
    tell_person,
    tell_server,
)
from bot.league.seasons import season_before, season_of
from bot.people.consent import has_opted_out
from storage.queries.communities import find_author
from storage.tables import OutcomeFeed
from storage.types import PlatformName


class OutcomeCommands(Feature):
    """Who is told of outcomes."""

    @app_commands.command(name="outcomes", description=label("outcomes.about"))
    @app_commands.describe(
        **{name: label(f"outcomes.{name}") for name in ("channel", "winner_role", "off")}
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def outcomes(
        self,
        interaction: Interaction,
        channel: ChannelOption | None = None,
        winner_role: discord.Role | None = None,
        off: bool = False,
    ) -> None:
        """Show where outcomes are told, or change that."""
        await defer(interaction, ephemeral=True)
        texts, server = texts_for(interaction), str(interaction.guild_id)
        database = self.core.database
        if off:
            async with database.read() as session:
                feed = await server_feed(session, PlatformName.DISCORD, server)
            if feed is not None:
                await take_back(self.core, self.bot, feed)
            ended = await stop_telling_server(database, PlatformName.DISCORD, server)
            if ended:
                await self.note(interaction, Action.END_OUTCOMES)
            await respond(interaction, texts("outcomes.ended" if ended else "outcomes.none"))
            return
        async with database.read() as session:
            feed = await server_feed(session, PlatformName.DISCORD, server)
        if channel is None and winner_role is None:
            said = texts("outcomes.none") if feed is None else _shown(texts, feed)
            await respond(interaction, said)
            return
        where = None if feed is None else feed.channel
        if channel is not None or where is None:
            where = str(_told_in(texts, channel_meant(interaction, channel)).id)
        role = None if feed is None else feed.winner_role
        if winner_role is not None and interaction.guild is not None:
            why = why_not_given(interaction.guild, winner_role)
            by = interaction.user
            if why is None and not (
                isinstance(by, discord.Member) and may_be_promised(winner_role, by)
            ):
                why = "outcomes.role_not_yours"
            if why is not None:
                raise Refused(why, role=f"<@&{winner_role.id}>")
            if feed is not None and feed.winner_role != str(winner_role.id):
                await take_back(self.core, self.bot, feed)
            role = str(winner_role.id)
        now, zone = self.core.clock(), self.core.settings.season_time_zone
        feed = await tell_server(
            database, PlatformName.DISCORD, server, channel=where, winner_role=role, now=now,
            season=season_before(season_of(now, zone), zone),
        )  # fmt: skip
        given = {
            "channel": None if channel is None else mention(channel.id),
            "winner_role": None if winner_role is None else winner_role.name,
        }
        await self.note(interaction, Action.OUTCOMES, details=given)
        await respond(interaction, _shown(texts, feed))

    @app_commands.command(name="tell-me", description=label("tellme.about"))
    @app_commands.describe(on=label("tellme.on"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def tell_me(self, interaction: Interaction, on: bool = True) -> None:
        """Write to who asks about what is theirs, or not any more."""
        await defer(interaction, ephemeral=True)
        texts, database = texts_for(interaction), self.core.database
        person = self.person(interaction.user)
        if not on:
            async with database.read() as session:
                author = await session.run_sync(find_author, PlatformName.DISCORD, person)
            ended = author is not None and await stop_telling_person(database, author.id)
            await respond(interaction, texts("tellme.ended" if ended else "tellme.none"))
            return
        async with database.read() as session:
            if await has_opted_out(session, PlatformName.DISCORD, person):
                raise Refused("tellme.opted_out")
            known = await person_feed(session, PlatformName.DISCORD, person)
        if known is not None:
            await respond(interaction, texts("tellme.already"))
            return
        try:
            # Who takes no messages is told so at once, and not by silence.
            await interaction.user.send(texts("tellme.first"))
        except discord.Forbidden as error:
            raise Refused("tellme.closed") from error
        await tell_person(
            database,
            PlatformName.DISCORD,
            person,
            sealed=self.names.seal(interaction.user.id),
            locale=str(interaction.locale),
            now=self.core.clock(),
        )
        await respond(interaction, texts("tellme.begun"))


def _told_in(texts: Texts, channel: object) -> PostChannel:
    if not isinstance(channel, PostChannel):
        raise Refused("watching.no_images")
    missing = missing_to_tell(channel)
    if missing:
        names = ", ".join(permission_name(texts, each) for each in missing)
        raise Refused("outcomes.missing", channel=f"<#{channel.id}>", permissions=names)
    return channel


def _shown(texts: Texts, feed: OutcomeFeed) -> str:
    said = texts("outcomes.set", channel=f"<#{feed.channel}>")
    if feed.winner_role is not None:
        said += " " + texts("outcomes.set_role", role=f"<@&{feed.winner_role}>")
    if feed.fault is not None:
        said += "\n\n" + texts("outcomes.fault", reason=reason_words(texts, feed.fault))
    return said
