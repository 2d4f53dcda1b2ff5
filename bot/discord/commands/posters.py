"""`/posters`: whose images are posts in a channel."""

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.audit import Action
from bot.communities import change_community
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.settings_lines import poster_lines
from bot.discord.commands.watch import channel_meant, shown_name
from bot.discord.gateway.guild_options import (
    ACCOUNT_DAYS,
    IGNORED_PEOPLE,
    IGNORED_ROLES,
    ONLY_ROLES,
    POSTS_PER_DAY,
)
from bot.discord.texts.command_labels import label
from bot.discord.ui.channel_option import ChannelOption
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from storage.queries.communities import find_community
from storage.types import PlatformName

#: Roles, and people, that are kept for a channel.
_MOST = 50


class Posters(Feature):
    """Ignoring people, and taking some only."""

    @app_commands.command(name="posters", description=label("posters.about"))
    @app_commands.describe(
        **{
            name: label(f"posters.{name}")
            for name in ("channel", "ignore", "only", "clear", "account_days", "posts_per_day")
        }
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def posters(
        self,
        interaction: Interaction,
        channel: ChannelOption | None = None,
        ignore: discord.Member | discord.User | discord.Role | None = None,
        only: discord.Role | None = None,
        clear: bool = False,
        account_days: app_commands.Range[int, 0, 365] | None = None,
        posts_per_day: app_commands.Range[int, 0, 100] | None = None,
    ) -> None:
        """Show whose images are posts, or change that."""
        await defer(interaction, ephemeral=True)
        texts, target = texts_for(interaction), channel_meant(interaction, channel)
        name = shown_name(target)
        async with self.core.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.DISCORD, str(target.id))
        if community is None:
            raise Refused("watching.not_here", channel=name)
        now: Mapping[str, Any] = {} if clear else community.options
        change: dict[str, Any] = {}
        if clear:
            change = dict.fromkeys(
                (IGNORED_PEOPLE, IGNORED_ROLES, ONLY_ROLES, ACCOUNT_DAYS, POSTS_PER_DAY)
            )
        if isinstance(ignore, discord.Role):
            change[IGNORED_ROLES] = _with(now, IGNORED_ROLES, str(ignore.id))
        elif ignore is not None:
            # Nobody's id is kept for this: the hash is what their posts are known by, too.
            change[IGNORED_PEOPLE] = _with(now, IGNORED_PEOPLE, self.person(ignore))
        if only is not None:
            change[ONLY_ROLES] = _with(now, ONLY_ROLES, str(only.id))
        if account_days is not None:
            change[ACCOUNT_DAYS] = account_days or None
        if posts_per_day is not None:
            change[POSTS_PER_DAY] = posts_per_day or None
        if change:
            # Not in the history of options: nobody asks there, and who was cleared is not kept.
            community = await change_community(self.core.database, community.id, options=change)
            self.bot.dispatch("channel_settings", target.id)
            details = {
                # Who was named is nobody's business later.
                "ignore": ignore.name if isinstance(ignore, discord.Role) else ignore and "…",
                "only": None if only is None else only.name,
                "clear": clear or None,
                "account_days": account_days,
                "posts_per_day": posts_per_day,
            }
            await self.note(interaction, Action.POSTERS, community_id=community.id, details=details)
        lines = poster_lines(texts, community.options) or [texts("posters.everybody")]
        embed = discord.Embed(
            title=texts("posters.heading", channel=name), description="\n".join(lines)
        )
        await respond(interaction, texts("settings.changed") if change else None, embed=embed)


def _with(options: Mapping[str, Any], key: str, value: str) -> list[str]:
    found = [each for each in options.get(key, ()) if each != value]
    if len(found) >= _MOST:
        raise Refused("posters.too_many", most=_MOST)
    return [*found, value]
