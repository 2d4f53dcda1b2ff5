"""`/watch` and `/unwatch`: which channels' images are predicted."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import discord
from discord import app_commands

from bot.communities import unwatch_community, watch_community
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.gateway.guild_options import GUILD
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.error_replies import Refused, permission_name
from bot.discord.ui.responses import Interaction, defer, respond
from bot.platform import CommunityRef
from storage.files.post_values import storable
from storage.tables import Community
from storage.types import PlatformName, ReplyMode

#: Channels in which people post images, and react to them.
PostingChannel: TypeAlias = discord.TextChannel | discord.Thread | discord.VoiceChannel

_LONGEST_NAME = 100


class WatchedChannels(Feature):
    """Beginning and ending to watch a channel."""

    @app_commands.command(name="watch", description=label("watch.about"))
    @app_commands.describe(channel=label("watch.channel"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def watch(
        self, interaction: Interaction, channel: discord.TextChannel | None = None
    ) -> None:
        """Predict the images of a channel from now on."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        target = channel_meant(interaction, channel)
        community, newly = await watch_community(
            self.core.database,
            PlatformName.DISCORD,
            CommunityRef(str(target.id), storable(_name_to_store(interaction, target))),
            now=self.core.clock(),
            # What was posted before is history: it was not asked about.
            high_water=str(target.last_message_id) if target.last_message_id else None,
            options={GUILD: str(target.guild.id)},
        )
        name = shown_name(target)
        if newly:
            after = texts.duration(community.horizon_seconds)
            lines = [texts("watch.now", channel=name, after=after)]
        else:
            lines = [texts("watch.already", channel=name)]
        lines += self._warnings(texts, interaction, target, community)
        if newly:
            lines.append(texts("watch.next"))
        await respond(interaction, "\n\n".join(lines))

    @app_commands.command(name="unwatch", description=label("unwatch.about"))
    @app_commands.describe(channel=label("unwatch.channel"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def unwatch(
        self, interaction: Interaction, channel: discord.TextChannel | None = None
    ) -> None:
        """Predict no more images of a channel."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        target = channel_meant(interaction, channel)
        watched = await unwatch_community(self.core.database, PlatformName.DISCORD, str(target.id))
        key = "unwatch.now" if watched else "unwatch.not_watched"
        await respond(interaction, texts(key, channel=shown_name(target)))

    def _warnings(
        self, texts: Texts, interaction: Interaction, target: PostingChannel, community: Community
    ) -> list[str]:
        """What keeps the bot from doing its work in a channel, each with what to do about it."""
        warnings = []
        if not self.bot.intents.message_content:
            warnings.append(texts("watch.no_intent"))
        here = target.id == interaction.channel_id
        missing = missing_permissions(
            target, community.reply_mode, interaction.app_permissions if here else None
        )
        if missing:
            names = ", ".join(f"**{permission_name(texts, each)}**" for each in missing)
            name = shown_name(target)
            warnings.append(texts("watch.missing", channel=name, permissions=names))
        return warnings


def channel_meant(interaction: Interaction, channel: discord.TextChannel | None) -> PostingChannel:
    """The channel that an admin names, or the one they are in.

    Raises:
        Refused: it is not in this server, they cannot see it, or no images are posted there.
    """
    target = channel or interaction.channel
    if interaction.guild is None or not isinstance(interaction.user, discord.Member):
        raise Refused("error.guild_only")
    if not isinstance(target, discord.TextChannel | discord.Thread | discord.VoiceChannel):
        raise Refused("watching.no_images")
    if target.guild.id != interaction.guild_id:
        raise Refused("watching.other_server")
    if channel is not None and not _asker_sees(interaction, channel, interaction.user):
        raise Refused("watching.hidden")
    return target


def shown_name(channel: PostingChannel) -> str:
    """How an admin who can see a channel is told of it.

    Of one that the bot cannot see it does not know the name; Discord fills in a mention.
    """
    if missing_permissions(channel, ReplyMode.SILENT) == ["view_channel"]:
        return f"<#{channel.id}>"
    return escape(f"#{channel.name}", _LONGEST_NAME)


def _resolved(interaction: Interaction, channel: PostingChannel) -> Mapping[str, Any]:
    """What Discord says of a channel that was named as an option, as the person sees it."""
    data: Mapping[str, Any] = dict(interaction.data or {})
    found: Mapping[str, Any] = data.get("resolved", {}).get("channels", {}).get(str(channel.id), {})
    return found


def _asker_sees(
    interaction: Interaction, channel: discord.TextChannel, member: discord.Member
) -> bool:
    told = _resolved(interaction, channel).get("permissions")
    if told is None:
        return channel.permissions_for(member).view_channel
    return discord.Permissions(int(told)).view_channel


def _name_to_store(interaction: Interaction, channel: PostingChannel) -> str:
    if missing_permissions(channel, ReplyMode.SILENT) == ["view_channel"]:
        return f"#{_resolved(interaction, channel).get('name', channel.id)}"
    return f"#{channel.name}"
