"""`/channels`: what can be watched on a server, what is, and what the bot lacks there."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import discord
from discord import app_commands
from sqlalchemy import func, select

from bot.communities import watched_groups
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.guild_scope import communities_of
from bot.discord.commands.watch import shown_name
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.permissions import missing_permissions
from bot.discord.gateway.visibility import can_see
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.texts.reasons import permission_name
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from storage.tables import Community, Post
from storage.types import PlatformName, ReplyMode

#: Characters of the list; Discord takes 4096 in an embed.
_ROOM = 3600
_LONGEST_NAME = 100


class ChannelOverview(Feature):
    """All channels of a server at a glance."""

    @app_commands.command(name="channels", description=label("channels.about"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def channels(self, interaction: Interaction) -> None:
        """List the channels that the person can see."""
        await defer(interaction, ephemeral=True)
        texts, guild, member = texts_for(interaction), interaction.guild, interaction.user
        if guild is None or not isinstance(member, discord.Member):
            raise Refused("error.guild_only")
        async with self.core.database.read() as session:
            known = {each.source_id: each for each in await communities_of(session, guild.id)}
            groups = await watched_groups(session, PlatformName.DISCORD)
            newest = await session.execute(
                select(Post.community_id, func.max(Post.posted_at))
                .where(Post.community_id.in_([each.id for each in known.values()]))
                .group_by(Post.community_id)
            )
            last: Mapping[int, datetime] = dict(newest.all())
        seen = [each for each in _in_order(guild) if _is_seen(each, member)]
        # A thread is named where it is watched by itself.
        seen = [each for each in seen if not _is_other_thread(each, known)]
        lines = [_line(texts, each, known.get(str(each.id)), last) for each in seen]
        parts = [*_that_fit(texts, lines), "", texts("channels.threads")]
        followed = [each.name for each in guild.categories if str(each.id) in groups]
        if followed:
            names = ", ".join(escape(each, _LONGEST_NAME) for each in followed[:10])
            parts.append(texts("channels.followed", categories=names))
        await respond(
            interaction,
            embed=discord.Embed(title=texts("channels.heading"), description="\n".join(parts)),
        )


def _in_order(guild: discord.Guild) -> list[WatchedChannel]:
    found: list[WatchedChannel] = []
    for _, channels in guild.by_category():
        found += [each for each in channels if isinstance(each, WatchedChannel)]
    return [*found, *guild.threads]


def _is_seen(channel: WatchedChannel, member: discord.Member) -> bool:
    if isinstance(channel, discord.Thread) and channel.is_private():
        # Who was let in is not known without asking; moderators see all of them.
        return channel.permissions_for(member).manage_threads and can_see(channel, member)
    return can_see(channel, member)


def _is_other_thread(channel: WatchedChannel, known: Mapping[str, Community]) -> bool:
    if not isinstance(channel, discord.Thread):
        return False
    community = known.get(str(channel.id))
    return community is None or not community.watched


def _line(
    texts: Texts,
    channel: WatchedChannel,
    community: Community | None,
    last: Mapping[int, datetime],
) -> str:
    name = shown_name(channel)
    watched = community if community is not None and community.watched else None
    mode = ReplyMode.REPLY if community is None else community.reply_mode
    missing = missing_permissions(channel, mode)
    if missing:
        return texts(
            "channels.line.missing",
            channel=name,
            state=texts("channels.state.free" if watched is None else "channels.state.watched"),
            permissions=", ".join(f"**{permission_name(texts, each)}**" for each in missing),
        )
    if watched is None:
        return texts("channels.line.free", channel=name)
    when = last.get(watched.id)
    told = texts("channels.no_post")
    if when is not None:
        told = texts("channels.last", when=discord.utils.format_dt(when, "R"))
    if watched.paused_at is not None:
        told = texts("channels.paused", last=told)
    return texts("channels.line.watched", channel=name, last=told)


def _that_fit(texts: Texts, lines: Sequence[str]) -> list[str]:
    fitting: list[str] = []
    room = _ROOM
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return [*fitting, texts.count("channels.more", len(lines) - len(fitting))]
        fitting.append(line)
    return fitting
