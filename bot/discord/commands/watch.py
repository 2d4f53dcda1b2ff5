"""`/watch` and `/unwatch`: which channels' images are predicted."""

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands

from bot.audit import Action
from bot.communities import unwatch_community, unwatch_group, watch_group
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.gateway.visibility import can_see
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.texts.reasons import permission_name
from bot.discord.ui.channel_option import ChannelOption, Watchable
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.discord.watch_channel import channels_of, watch_channel
from bot.posts.history_imports import stop_import
from storage.queries.communities import find_community
from storage.tables import Community
from storage.types import PlatformName, ReplyMode

_LONGEST_NAME = 100
#: Channels of a category that an answer names, and warnings that it has room for.
_MOST_NAMES, _MOST_WARNINGS = 10, 3


class WatchedChannels(Feature):
    """Beginning and ending to watch a channel."""

    @app_commands.command(name="watch", description=label("watch.about"))
    @app_commands.describe(channel=label("watch.channel"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def watch(self, interaction: Interaction, channel: ChannelOption | None = None) -> None:
        """Predict the images of a channel, or of all channels of a category, from now on."""
        await defer(interaction, ephemeral=True)
        if isinstance(channel, discord.CategoryChannel):
            await self._watch_category(interaction, channel)
            return
        texts = texts_for(interaction)
        target = channel_meant(interaction, channel)
        community, newly = await watch_channel(
            self.core, target, name=_name_to_store(interaction, target)
        )
        name = shown_name(target)
        if newly:
            await self.note(interaction, Action.WATCH, community_id=community.id)
            after = texts.duration(community.horizon_seconds)
            lines = [texts("watch.now", channel=name, after=after)]
        else:
            lines = [texts("watch.already", channel=name)]
        lines += self._warnings(texts, interaction, target, community)
        if newly:
            lines.append(texts("watch.next"))
        await respond(interaction, "\n\n".join(lines))

    async def _watch_category(
        self, interaction: Interaction, category: discord.CategoryChannel
    ) -> None:
        texts, member = texts_for(interaction), _asker(interaction)
        if category.guild.id != interaction.guild_id:
            raise Refused("watching.other_server")
        if not _asker_sees(interaction, category, member):
            raise Refused("watching.hidden")
        seen = [each for each in channels_of(category) if can_see(each, member)]
        lines, missing = [], []
        for each in seen:
            community, newly = await watch_channel(self.core, each)
            if newly:
                await self.note(interaction, Action.WATCH, community_id=community.id)
            lines.append(shown_name(each))
            missing += self._missing(texts, interaction, each, community)
        await watch_group(
            self.core.database, PlatformName.DISCORD, str(category.id), now=self.core.clock()
        )
        name = escape(category.name, _LONGEST_NAME)
        parts = [
            texts("watch.category", category=name, channels=_listed(lines) or "–"),
            *self._without_content(texts),
            *missing[:_MOST_WARNINGS],
            texts("watch.next"),
        ]
        await respond(interaction, "\n\n".join(parts))

    @app_commands.command(name="unwatch", description=label("unwatch.about"))
    @app_commands.describe(channel=label("unwatch.channel"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def unwatch(self, interaction: Interaction, channel: ChannelOption | None = None) -> None:
        """Predict no more images of a channel, or of the channels of a category."""
        await defer(interaction, ephemeral=True)
        if isinstance(channel, discord.CategoryChannel):
            await self._unwatch_category(interaction, channel)
            return
        texts = texts_for(interaction)
        target = channel_meant(interaction, channel)
        watched = await self._unwatch(interaction, target)
        key = "unwatch.now" if watched else "unwatch.not_watched"
        await respond(interaction, texts(key, channel=shown_name(target)))

    async def _unwatch_category(
        self, interaction: Interaction, category: discord.CategoryChannel
    ) -> None:
        texts, member = texts_for(interaction), _asker(interaction)
        if category.guild.id != interaction.guild_id:
            raise Refused("watching.other_server")
        await unwatch_group(self.core.database, PlatformName.DISCORD, str(category.id))
        ended = [
            shown_name(each)
            for each in channels_of(category)
            if can_see(each, member) and await self._unwatch(interaction, each)
        ]
        name = escape(category.name, _LONGEST_NAME)
        text = texts("unwatch.category", category=name, channels=_listed(ended) or "–")
        await respond(interaction, text)

    async def _unwatch(self, interaction: Interaction, channel: WatchedChannel) -> bool:
        """Watch a channel no more; return whether it was watched."""
        database, here = self.core.database, str(channel.id)
        if not await unwatch_community(database, PlatformName.DISCORD, here):
            return False
        async with database.read() as session:
            community = await session.run_sync(find_community, PlatformName.DISCORD, here)
        if community is not None:
            # Of what is not watched any more the past is not wanted either.
            await stop_import(database, community.id, self.core.clock())
            await self.note(interaction, Action.UNWATCH, community_id=community.id)
        return True

    def _warnings(
        self, texts: Texts, interaction: Interaction, target: WatchedChannel, community: Community
    ) -> list[str]:
        """What keeps the bot from doing its work in a channel, each with what to do about it."""
        missing = self._missing(texts, interaction, target, community)
        return [*self._without_content(texts), *missing]

    def _without_content(self, texts: Texts) -> list[str]:
        return [] if self.bot.intents.message_content else [texts("watch.no_intent")]

    def _missing(
        self, texts: Texts, interaction: Interaction, target: WatchedChannel, community: Community
    ) -> list[str]:
        warnings = []
        here = target.id == interaction.channel_id
        missing = missing_permissions(
            target, community.reply_mode, interaction.app_permissions if here else None
        )
        if missing:
            names = ", ".join(f"**{permission_name(texts, each)}**" for each in missing)
            name = shown_name(target)
            warnings.append(texts("watch.missing", channel=name, permissions=names))
        return warnings


def channel_meant(interaction: Interaction, channel: Watchable | None) -> WatchedChannel:
    """The channel that an admin names, or the one they are in.

    Raises:
        Refused: it is not in this server, they cannot see it, or no images are posted there.
    """
    target = channel or interaction.channel
    member = _asker(interaction)
    if not isinstance(target, WatchedChannel):
        raise Refused("watching.no_images")
    if target.guild.id != interaction.guild_id:
        raise Refused("watching.other_server")
    if channel is not None and not _asker_sees(interaction, channel, member):
        raise Refused("watching.hidden")
    return target


def _asker(interaction: Interaction) -> discord.Member:
    if interaction.guild is None or not isinstance(interaction.user, discord.Member):
        raise Refused("error.guild_only")
    return interaction.user


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" +{more}" if more > 0 else "")


def shown_name(channel: WatchedChannel) -> str:
    """How an admin who can see a channel is told of it.

    Of one that the bot cannot see it does not know the name; Discord fills in a mention.
    """
    if missing_permissions(channel, ReplyMode.SILENT) == ["view_channel"]:
        return f"<#{channel.id}>"
    return escape(f"#{channel.name}", _LONGEST_NAME)


def _resolved(interaction: Interaction, channel: Watchable) -> Mapping[str, Any]:
    """What Discord says of a channel that was named as an option, as the person sees it."""
    data: Mapping[str, Any] = dict(interaction.data or {})
    found: Mapping[str, Any] = data.get("resolved", {}).get("channels", {}).get(str(channel.id), {})
    return found


def _asker_sees(interaction: Interaction, channel: Watchable, member: discord.Member) -> bool:
    told = _resolved(interaction, channel).get("permissions")
    if told is None:
        return channel.permissions_for(member).view_channel
    return discord.Permissions(int(told)).view_channel


def _name_to_store(interaction: Interaction, channel: WatchedChannel) -> str:
    if missing_permissions(channel, ReplyMode.SILENT) == ["view_channel"]:
        return f"#{_resolved(interaction, channel).get('name', channel.id)}"
    return f"#{channel.name}"
