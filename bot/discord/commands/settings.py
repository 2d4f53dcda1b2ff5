"""`/settings`: how the bot behaves in a channel; without options shown, with options changed."""

import asyncio
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import discord
from discord import app_commands

from bot.audit import Action
from bot.communities import change_community
from bot.community_settings import CommunityChange
from bot.discord.commands.audit import mention
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.settings_lines import settings_lines
from bot.discord.commands.settings_values import read_change
from bot.discord.commands.watch import channel_meant, shown_name
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.guild_options import (
    ANNOUNCEMENTS,
    AUTOSTAR,
    DOWNVOTE,
    NOWHERE,
    PROXIED,
    PROXIED_AUTHORS,
    REPLY_VOTES,
    STICKERS,
    TEMPLATE,
    THREADS,
    UPVOTE,
    VOTER_DAYS,
    downvote_of,
    upvote_of,
)
from bot.discord.gateway.thread_rule import ThreadRule
from bot.discord.messages.reaction_votes import emoji_key
from bot.discord.texts.command_labels import label
from bot.discord.texts.markdown import escape
from bot.discord.ui.channel_option import ChannelOption, Watchable
from bot.discord.ui.emoji import custom_emoji_id, is_unicode_emoji
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.discord.watch_channel import settings_to_copy
from storage.queries.communities import find_community
from storage.types import PlatformName, ReplyMode

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
                "guess_minutes", "announcements", "announce", "threads", "stickers", "autostar",
                "reply_votes", "proxied", "proxied_authors", "voter_days", "template",
                "copy_from",
            )
        }
    )  # fmt: skip
    @app_commands.choices(
        mode=[
            app_commands.Choice(name=label(f"mode.{mode.value}"), value=mode.value)
            for mode in ReplyMode
        ],
        threads=[
            app_commands.Choice(name=label(f"threads.{rule.value}"), value=rule.value)
            for rule in ThreadRule
        ],
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def settings(
        self,
        interaction: Interaction,
        channel: ChannelOption | None = None,
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
        threads: str | None = None,
        stickers: bool | None = None,
        autostar: bool | None = None,
        reply_votes: bool | None = None,
        proxied: bool | None = None,
        proxied_authors: bool | None = None,
        voter_days: app_commands.Range[int, 0, 365] | None = None,
        template: bool | None = None,
        copy_from: ChannelOption | None = None,
    ) -> None:
        """Show or change the settings of one channel."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        target = channel_meant(interaction, channel)
        async with self.core.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.DISCORD, str(target.id))
        name = shown_name(target)
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
        if threads is not None:
            options[THREADS] = _threads(target, ThreadRule(threads))
        switched = {
            STICKERS: stickers, AUTOSTAR: autostar, REPLY_VOTES: reply_votes, PROXIED: proxied,
            PROXIED_AUTHORS: proxied_authors,
            VOTER_DAYS: voter_days, TEMPLATE: template,
        }  # fmt: skip
        # What is off is unset.
        options |= {key: value or None for key, value in switched.items() if value is not None}
        if autostar:
            _check_may_react(target)
        if copy_from is not None:
            copied = await self._copied(interaction, copy_from, target)
            options = {**copied.get("options", {}), **options}
            change = {**copied, **change}
        if options:
            wanted = {**community.options, **options}
            if emoji_key(upvote_of(wanted)) == emoji_key(downvote_of(wanted)):
                raise Refused("refused.same_emoji")
            change["options"] = options
        if change:
            community = await change_community(
                self.core.database, community.id, now=self.core.clock(), **change
            )
            given = {
                **{each["name"]: each["value"] for each in _given(interaction)},
                **{
                    name: mention(each.id)
                    for name, each in (("copy_from", copy_from), ("announcements", announcements))
                    if each is not None
                },
                "channel": None,
            }
            self.bot.dispatch("channel_settings", target.id)
            await self.note(interaction, Action.SETTINGS, community_id=community.id, details=given)
        embed = discord.Embed(
            title=texts("settings.heading", channel=name),
            description="\n".join(settings_lines(texts, community)),
        )
        await respond(interaction, texts("settings.changed") if change else None, embed=embed)

    @settings.autocomplete("time_zone")
    async def _time_zones(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        # The names are files on disk: read once, off the event loop.
        return await asyncio.to_thread(time_zone_choices, typed)

    async def _copied(
        self, interaction: Interaction, channel: Watchable, target: WatchedChannel
    ) -> CommunityChange:
        """The settings of another channel that the person can see."""
        source = channel_meant(interaction, channel)
        async with self.core.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.DISCORD, str(source.id))
        if community is None:
            raise Refused("watching.not_here", channel=shown_name(source))
        return settings_to_copy(community, target)

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


def _given(interaction: Interaction) -> list[Any]:
    """The options as they were given."""
    data: dict[str, Any] = dict(interaction.data or {})
    options: list[Any] = [*data.get("options", ())]
    # Within a group they are those of its command.
    return options[0].get("options", []) if options and "value" not in options[0] else options


def _check_may_react(channel: WatchedChannel) -> None:
    if not channel.permissions_for(channel.guild.me).add_reactions:
        raise Refused("refused.autostar", channel=shown_name(channel))


def _threads(channel: WatchedChannel, rule: ThreadRule) -> str:
    if rule is ThreadRule.NONE and isinstance(channel, discord.ForumChannel):
        raise Refused("refused.threads_of_forum")
    return rule.value


def time_zone_choices(typed: str) -> list[app_commands.Choice[str]]:
    """Names of time zones that hold what somebody typed."""
    wanted = typed.strip().casefold().replace(" ", "_")
    found = [name for name in _time_zone_names() if wanted in name.casefold()]
    return [app_commands.Choice(name=name, value=name) for name in found[:_CHOICES]]


@cache
def _time_zone_names() -> list[str]:
    return sorted(available_timezones())
