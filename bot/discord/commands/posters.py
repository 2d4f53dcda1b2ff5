"""`/posters`: whose images are posts in a channel, and how much one person may do there."""

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands

from bot.audit import Action
from bot.communities import revise_options
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.settings_lines import poster_lines
from bot.discord.commands.watch import channel_meant, shown_name
from bot.discord.gateway.guild_options import (
    ACCOUNT_DAYS,
    GUESSES_PER_DAY,
    IGNORED_PEOPLE,
    IGNORED_ROLES,
    ONLY_PEOPLE,
    ONLY_ROLES,
    POSTS_PER_DAY,
    QUESTIONS_PER_DAY,
)
from bot.discord.texts.command_labels import label
from bot.discord.ui.channel_option import ChannelOption
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from storage.queries.communities import find_community
from storage.types import PlatformName

#: Roles, and people, that are kept for a channel.
_MOST = 50
#: What `clear` takes away.
_CLEARED = (
    IGNORED_PEOPLE, IGNORED_ROLES, ONLY_PEOPLE, ONLY_ROLES, ACCOUNT_DAYS, POSTS_PER_DAY,
    GUESSES_PER_DAY, QUESTIONS_PER_DAY,
)  # fmt: skip


class Posters(Feature):
    """Ignoring people, and taking some only."""

    @app_commands.command(name="posters", description=label("posters.about"))
    @app_commands.describe(
        **{
            name: label(f"posters.{name}")
            for name in (
                "channel",
                "ignore",
                "only",
                "clear",
                "account_days",
                "posts_per_day",
                "guesses_per_day",
                "questions_per_day",
            )
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
        only: discord.Member | discord.User | discord.Role | None = None,
        clear: bool = False,
        account_days: app_commands.Range[int, 0, 365] | None = None,
        posts_per_day: app_commands.Range[int, 0, 100] | None = None,
        guesses_per_day: app_commands.Range[int, 0, 1000] | None = None,
        questions_per_day: app_commands.Range[int, 0, 1000] | None = None,
    ) -> None:
        """Show whose images are posts, or change that."""
        await defer(interaction, ephemeral=True)
        texts, target = texts_for(interaction), channel_meant(interaction, channel)
        name = shown_name(target)
        async with self.core.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.DISCORD, str(target.id))
        if community is None:
            raise Refused("watching.not_here", channel=name)
        numbers = {
            ACCOUNT_DAYS: account_days, POSTS_PER_DAY: posts_per_day,
            GUESSES_PER_DAY: guesses_per_day, QUESTIONS_PER_DAY: questions_per_day,
        }  # fmt: skip
        # What is not limited is unset.
        change: dict[str, Any] = {
            key: value or None for key, value in numbers.items() if value is not None
        }
        named = [
            self._named(who, people, roles)
            for who, people, roles in (
                (ignore, IGNORED_PEOPLE, IGNORED_ROLES), (only, ONLY_PEOPLE, ONLY_ROLES),
            )
            if who is not None
        ]  # fmt: skip
        is_changed = bool(clear or change or named)

        def revise(options: Mapping[str, Any]) -> dict[str, Any]:
            before: Mapping[str, Any] = {} if clear else options
            revised = dict.fromkeys(_CLEARED) if clear else {}
            return revised | change | {key: _with(before, key, value) for key, value in named}

        if is_changed:
            # Not in the history of options: nobody asks there, and who was cleared is not kept.
            community = await revise_options(self.core.database, community.id, revise)
            self.bot.dispatch("channel_settings", target.id)
            details = {
                # Who was named is nobody's business later.
                "ignore": ignore.name if isinstance(ignore, discord.Role) else ignore and "…",
                "only": only.name if isinstance(only, discord.Role) else only and "…",
                "clear": clear or None,
                **numbers,
            }
            await self.note(interaction, Action.POSTERS, community_id=community.id, details=details)
        lines = poster_lines(texts, community.options) or [texts("posters.everybody")]
        embed = discord.Embed(
            title=texts("posters.heading", channel=name), description="\n".join(lines)
        )
        await respond(interaction, texts("settings.changed") if is_changed else None, embed=embed)

    def _named(
        self, who: discord.Member | discord.User | discord.Role, people: str, roles: str
    ) -> tuple[str, str]:
        """The option that somebody belongs to, and as what."""
        if isinstance(who, discord.Role):
            return roles, str(who.id)
        # Nobody's id is kept for this: the hash is what their posts are known by, too.
        return people, self.person(who)


def _with(options: Mapping[str, Any], key: str, value: str) -> list[str]:
    found = [each for each in options.get(key, ()) if each != value]
    if len(found) >= _MOST:
        raise Refused("posters.too_many", most=_MOST)
    return [*found, value]
