"""`/settings`: how the bot behaves in a channel; without options shown, with options changed."""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import discord
from discord import app_commands

from bot.communities import CommunityChange, change_community
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.watch import channel_meant
from bot.discord.gateway.guild_options import (
    ANNOUNCEMENTS,
    DOWNVOTE,
    NOWHERE,
    UPVOTE,
    downvote_of,
    upvote_of,
)
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape, plain
from bot.discord.ui.emoji import custom_emoji_id, is_unicode_emoji
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from storage.queries.communities import find_community
from storage.tables import Community
from storage.types import PlatformName, ReplyMode

_HOURS = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*[-–]\s*(\d{1,2})(?::(\d{2}))?")
_TWO_SCORES = re.compile(r"(-?\d{1,9})[\s,;/]+(-?\d{1,9})")
#: Choices that Discord shows at most.
_CHOICES = 25
_LONGEST_NAME = 100


class ChannelSettings(Feature):
    """How the bot behaves in each channel."""

    @app_commands.command(name="settings", description=label("settings.about"))
    @app_commands.describe(
        **{
            name: label(f"settings.{name}")
            for name in (
                "channel", "upvote", "downvote", "horizon", "mode", "blind", "buckets",
                "min_percentile", "quiet_hours", "time_zone", "replies_per_minute",
                "guess_minutes", "announcements", "announce",
            )
        }
    )  # fmt: skip
    @app_commands.choices(
        mode=[
            app_commands.Choice(name=label(f"mode.{mode.value}"), value=mode.value)
            for mode in ReplyMode
        ]
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def settings(
        self,
        interaction: Interaction,
        channel: discord.TextChannel | None = None,
        upvote: str | None = None,
        downvote: str | None = None,
        horizon: app_commands.Range[float, 0.17, 720.0] | None = None,
        mode: str | None = None,
        blind: bool | None = None,
        buckets: str | None = None,
        min_percentile: app_commands.Range[int, 0, 99] | None = None,
        quiet_hours: str | None = None,
        time_zone: str | None = None,
        replies_per_minute: app_commands.Range[int, 0, 60] | None = None,
        guess_minutes: app_commands.Range[int, 1, 43200] | None = None,
        announcements: discord.TextChannel | None = None,
        announce: bool | None = None,
    ) -> None:
        """Show or change the settings of one channel."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        target = channel_meant(interaction, channel)
        async with self.core.database.read() as session:
            community = await find_community(session, PlatformName.DISCORD, str(target.id))
        name = escape(f"#{target.name}", _LONGEST_NAME)
        if community is None:
            raise Refused("watching.not_here", channel=name)
        change = read_change(
            {
                "horizon": horizon, "mode": mode, "blind": blind, "buckets": buckets,
                "min_percentile": min_percentile, "quiet_hours": quiet_hours,
                "time_zone": time_zone, "replies_per_minute": replies_per_minute,
                "guess_minutes": guess_minutes,
            }
        )  # fmt: skip
        options = await self._options(interaction, upvote, downvote, announcements, announce)
        if options:
            wanted = {**community.options, **options}
            if upvote_of(wanted) == downvote_of(wanted):
                raise Refused("refused.same_emoji")
            change["options"] = options
        if change:
            community = await change_community(self.core.database, community.id, **change)
        embed = discord.Embed(
            title=texts("settings.heading", channel=name),
            description="\n".join(settings_lines(texts, community)),
        )
        await respond(interaction, texts("settings.changed") if change else None, embed=embed)

    @settings.autocomplete("time_zone")
    async def _time_zones(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        # The names are files on disk: read once, off the event loop.
        names = await asyncio.to_thread(_time_zone_names)
        wanted = typed.strip().casefold().replace(" ", "_")
        found = [name for name in names if wanted in name.casefold()]
        return [app_commands.Choice(name=name, value=name) for name in found[:_CHOICES]]

    async def _options(
        self,
        interaction: Interaction,
        upvote: str | None,
        downvote: str | None,
        announcements: discord.TextChannel | None,
        announce: bool | None,
    ) -> dict[str, Any]:
        """What changes of the options that only Discord has; None takes one away."""
        options: dict[str, Any] = {}
        if upvote is not None:
            options[UPVOTE] = await self._emoji(interaction, upvote)
        if downvote is not None:
            options[DOWNVOTE] = await self._emoji(interaction, downvote)
        if announcements is not None:
            options[ANNOUNCEMENTS] = self._announcements(interaction, announcements)
        elif announce is not None:
            # Taken away, announcements go where they usually do.
            options[ANNOUNCEMENTS] = None if announce else NOWHERE
        return options

    async def _emoji(self, interaction: Interaction, text: str) -> str:
        """An emoji as Discord writes it.

        Raises:
            Refused: it is none, or the bot cannot react with it.
        """
        emoji = text.strip()
        emoji_id = custom_emoji_id(emoji)
        if emoji_id is None:
            if not is_unicode_emoji(emoji):
                raise Refused("refused.emoji", value=escape(emoji, 40))
            return emoji
        if interaction.guild is None:
            raise Refused("error.guild_only")
        try:
            found = await interaction.guild.fetch_emoji(emoji_id)
        except discord.NotFound as error:
            raise Refused("refused.foreign_emoji") from error
        return str(found)

    def _announcements(self, interaction: Interaction, channel: discord.TextChannel) -> str:
        if channel.guild.id != interaction.guild_id:
            raise Refused("watching.other_server")
        allowed = channel.permissions_for(channel.guild.me)
        if not (allowed.view_channel and allowed.send_messages):
            name = escape(f"#{channel.name}", _LONGEST_NAME)
            raise Refused("refused.announcements", channel=name)
        return str(channel.id)


@cache
def _time_zone_names() -> list[str]:
    return sorted(available_timezones())


def read_change(given: Mapping[str, Any]) -> CommunityChange:
    """What changes, from the command's options by name; those that are None were not given.

    Raises:
        Refused: one cannot be read.
    """
    change: CommunityChange = {}
    for name, value in given.items():
        if value is not None:
            change.update(_READERS[name](value))
    return change


def read_buckets(text: str) -> tuple[int | None, int | None]:
    """Where low and medium end: two scores, or two None for the community's thirds.

    Raises:
        Refused: it is neither.
    """
    words = text.strip().casefold()
    if words in ("terciles", "thirds", "drittel", "off", "none"):
        return None, None
    match = _TWO_SCORES.fullmatch(words)
    if match is None:
        raise Refused("refused.thresholds_pair")
    return int(match[1]), int(match[2])


def read_hours(text: str) -> tuple[int | None, int | None]:
    """Minutes after midnight at which quiet hours begin and end, or two None for none.

    Raises:
        Refused: it is neither.
    """
    words = text.strip().casefold()
    if words in ("off", "none", "aus", "keine"):
        return None, None
    match = _HOURS.fullmatch(words)
    if match is None:
        raise Refused("refused.quiet_pair")
    begin = int(match[1]) * 60 + int(match[2] or 0)
    end = int(match[3]) * 60 + int(match[4] or 0)
    if (
        int(match[1]) > 23
        or int(match[3]) > 23
        or int(match[2] or 0) > 59
        or int(match[4] or 0) > 59
    ):
        raise Refused("refused.quiet_range")
    return begin, end


def _read_buckets(text: str) -> CommunityChange:
    low, medium = read_buckets(text)
    return {"low_up_to": low, "medium_up_to": medium}


def _read_hours(text: str) -> CommunityChange:
    begin, end = read_hours(text)
    return {"quiet_from": begin, "quiet_until": end}


_READERS: Mapping[str, Callable[[Any], CommunityChange]] = {
    "horizon": lambda hours: {"horizon_seconds": round(hours * 3600)},
    "mode": lambda mode: {"reply_mode": ReplyMode(mode)},
    "blind": lambda blind: {"blind": blind},
    "buckets": _read_buckets,
    "min_percentile": lambda least: {"min_percentile": least / 100 if least else None},
    "quiet_hours": _read_hours,
    "time_zone": lambda name: {"time_zone": name.strip()},
    "replies_per_minute": lambda most: {"replies_per_minute": most or None},
    "guess_minutes": lambda minutes: {"guess_seconds": minutes * 60},
}


def settings_lines(texts: Texts, community: Community) -> list[str]:
    """The settings of a channel in sentences, one a line."""
    options = community.options
    lines = [
        texts("settings.line.watched", value=texts("word.yes" if community.watched else "word.no")),
        texts("settings.line.mode", value=texts(f"mode.{community.reply_mode.value}")),
        texts("settings.line.blind", value=texts("word.yes" if community.blind else "word.no")),
        texts("settings.line.votes", upvote=upvote_of(options), downvote=downvote_of(options)),
        texts("settings.line.horizon", value=texts.duration(community.horizon_seconds)),
        texts("settings.line.guessing", value=texts.duration(community.guess_seconds)),
    ]
    if community.low_up_to is None or community.medium_up_to is None:
        lines.append(texts("settings.line.buckets_terciles"))
    else:
        low, medium = texts.number(community.low_up_to), texts.number(community.medium_up_to)
        lines.append(texts("settings.line.buckets_fixed", low=low, medium=medium))
    if community.min_percentile is None:
        lines.append(texts("settings.line.answers_all"))
    else:
        value = texts.percent(community.min_percentile)
        lines.append(texts("settings.line.min_percentile", value=value))
    if community.quiet_from is None or community.quiet_until is None:
        lines.append(texts("settings.line.never_quiet"))
    else:
        begin, end = (
            f"{m // 60:02}:{m % 60:02}" for m in (community.quiet_from, community.quiet_until)
        )
        zone = plain(community.time_zone, 64)
        lines.append(texts("settings.line.quiet", begin=begin, end=end, time_zone=zone))
    if community.replies_per_minute is None:
        lines.append(texts("settings.line.no_rate"))
    else:
        lines.append(texts("settings.line.rate", value=texts.number(community.replies_per_minute)))
    lines.append(_announcements_line(texts, options.get(ANNOUNCEMENTS)))
    if community.paused_reason is not None:
        lines.append(texts("settings.line.paused", reason=escape(community.paused_reason, 300)))
    return lines


def _announcements_line(texts: Texts, where: object) -> str:
    if where == NOWHERE:
        return texts("settings.line.no_announcements")
    if where is None:
        return texts("settings.line.usual_announcements")
    return texts("settings.line.announcements", channel=f"<#{where}>")
