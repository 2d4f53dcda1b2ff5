"""`/help` and `/about`."""

import discord
from discord import app_commands
from sqlalchemy import func, select

from bot.discord.commands.feature import Feature, community_here, texts_for
from bot.discord.gateway.guild_options import downvote_of, upvote_of
from bot.discord.texts.command_labels import label
from bot.discord.texts.markdown import escape
from bot.discord.ui.responses import Interaction, defer, respond
from storage.tables import Community, ModelVersion
from storage.types import PlatformName


class Help(Feature):
    """What the bot can do, and what it is."""

    @app_commands.command(name="help", description=label("help.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def help(self, interaction: Interaction) -> None:
        """List the commands, and say how things stand in this channel."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        async with self.core.database.read() as session:
            community = await session.run_sync(community_here, interaction)
        lines = [texts("help.text")]
        if community is not None and community.watched:
            upvote, downvote = upvote_of(community.options), downvote_of(community.options)
            lines.append(texts("help.watched", upvote=upvote, downvote=downvote))
        elif interaction.guild_id is not None:
            lines.append(texts("help.start"))
        embed = discord.Embed(title=texts("help.heading"), description="\n\n".join(lines))
        for part in ("everybody", "admins", "privacy"):
            embed.add_field(
                name=texts(f"help.{part}"), value=texts(f"help.{part}_lines"), inline=False
            )
        await respond(interaction, embed=embed)

    @app_commands.command(name="about", description=label("about.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def about(self, interaction: Interaction) -> None:
        """Say what this is, and which model serves."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        async with self.core.database.read() as session:
            champion = await session.scalar(select(ModelVersion).where(ModelVersion.is_champion))
            watched = await session.scalars(
                select(func.count())
                .select_from(Community)
                .where(Community.platform == PlatformName.DISCORD, Community.watched)
            )
            channels = watched.one()
        embed = discord.Embed(title=texts("about.heading"), description=texts("about.text"))
        if champion is not None:
            line = texts(
                "about.model_line",
                version=escape(champion.name, 64),
                labels=texts.count("count.labels_learned", champion.labels),
            )
            embed.add_field(name=texts("about.model"), value=line)
        servers = texts.count("count.servers", len(self.bot.guilds))
        line = texts(
            "about.scale_line", servers=servers, channels=texts.count("count.channels", channels)
        )
        embed.add_field(name=texts("about.scale"), value=line)
        await respond(interaction, embed=embed)
