"""`/import`: learning from what was posted in a channel before it was watched."""

from datetime import timedelta

import discord
from discord import app_commands

from bot.audit import Action
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.watch import channel_meant, shown_name
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.history.render import progress_embed
from bot.discord.history.run_imports import CHANNEL, LANGUAGE, end_and_label
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import permission_name
from bot.discord.ui.channel_option import ChannelOption
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.posts.history_imports import begin_import, newest_import
from storage.queries.communities import find_community
from storage.tables import Community
from storage.types import PlatformName, ReplyMode

_DAYS, _MOST_DAYS = 30, 1825


class HistoryCommand(Feature):
    """Beginning, watching and ending an import."""

    @app_commands.command(name="import", description=label("history.about"))
    @app_commands.describe(
        days=label("history.days"), channel=label("history.channel"), stop=label("history.stop")
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def import_history(
        self,
        interaction: Interaction,
        days: app_commands.Range[int, 1, _MOST_DAYS] = _DAYS,
        channel: ChannelOption | None = None,
        stop: bool = False,
    ) -> None:
        """Have the past of a channel imported in the background."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        target = channel_meant(interaction, channel)
        name = shown_name(target)
        async with self.core.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.DISCORD, str(target.id))
        if community is None or not community.watched:
            raise Refused("watching.not_here", channel=name)
        if stop:
            ended = await end_and_label(self.core, community)
            if ended:
                await self.note(interaction, Action.STOP_IMPORT, community_id=community.id)
            key = "history.stopped" if ended else "history.not_under_way"
            await respond(interaction, texts(key, channel=name))
            return
        if not self.bot.intents.message_content:
            raise Refused("history.no_intent")
        missing = missing_permissions(target, ReplyMode.SILENT)
        if missing:
            names = ", ".join(permission_name(texts, each) for each in missing)
            raise Refused("history.missing", channel=name, permissions=names)
        now = self.core.clock()
        shown_in = self._shown_in(interaction)
        if await begin_import(
            self.core.database,
            community.id,
            since=now - timedelta(days=days),
            shown_in=shown_in,
            now=now,
        ):
            await self.note(
                interaction, Action.IMPORT, community_id=community.id, details={"days": days}
            )
            key = "history.begun" if shown_in else "history.begun_unshown"
            span = texts.count("count.days", days)
            await respond(interaction, texts(key, channel=name, days=span))
            return
        await self._show(interaction, texts, name, community)

    async def _show(
        self, interaction: Interaction, texts: Texts, name: str, community: Community
    ) -> None:
        async with self.core.database.read() as session:
            row = await newest_import(session, community.id)
        embed = None if row is None else progress_embed(texts, community.source_id, row.counts)
        await respond(interaction, texts("history.under_way", channel=name), embed=embed)

    def _shown_in(self, interaction: Interaction) -> dict[str, str]:
        """Where the progress is shown; nowhere if the bot may not write there."""
        allowed = interaction.app_permissions
        in_thread = isinstance(interaction.channel, discord.Thread)
        may = allowed.send_messages_in_threads if in_thread else allowed.send_messages
        if not (allowed.view_channel and allowed.embed_links and may):
            return {}
        # Everybody there reads it.
        language = str(interaction.guild_locale or interaction.locale)
        return {CHANNEL: str(interaction.channel_id), LANGUAGE: language}
