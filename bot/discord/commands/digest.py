"""`/digest`: whether, when and where a server is told what happened there."""

import asyncio

import discord
from discord import app_commands

from bot.audit import Action
from bot.community_settings import SettingRefused, time_zone_exists
from bot.discord.commands.audit import mention
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.settings import time_zone_choices
from bot.discord.commands.settings_values import read_time, read_time_zone
from bot.discord.commands.watch import channel_meant
from bot.discord.gateway.channels import PostChannel
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape, plain
from bot.discord.texts.reasons import reason_words
from bot.discord.ui.channel_option import ChannelOption
from bot.discord.ui.error_replies import Refused
from bot.discord.ui.responses import Interaction, defer, respond
from bot.league.digest_times import end_digest, find_digest, set_digest
from storage.tables import Digest
from storage.types import PlatformName

_WEEK, _DAY, _OFF = "week", "day", "off"
_MONDAY, _SIX_IN_THE_EVENING = 0, 18 * 60


class DigestCommand(Feature):
    """Beginning, changing and ending the digest of a server."""

    @app_commands.command(name="digest", description=label("digest.about"))
    @app_commands.describe(
        **{
            name: label(f"digest.{name}")
            for name in ("every", "channel", "weekday", "time", "time_zone")
        }
    )
    @app_commands.choices(
        every=[
            app_commands.Choice(name=label(f"digest.every.{each}"), value=each)
            for each in (_WEEK, _DAY, _OFF)
        ]
    )
    @app_commands.choices(
        weekday=[
            app_commands.Choice(name=label(f"weekday.{each}"), value=each) for each in range(7)
        ],
    )
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def digest(
        self,
        interaction: Interaction,
        every: str | None = None,
        channel: ChannelOption | None = None,
        weekday: int | None = None,
        time: str | None = None,
        time_zone: str | None = None,
    ) -> None:
        """Show the digest of the server, or change what is named."""
        await defer(interaction, ephemeral=True)
        texts, server = texts_for(interaction), str(interaction.guild_id)
        database = self.core.database
        if every == _OFF:
            ended = await end_digest(database, PlatformName.DISCORD, server)
            if ended:
                await self.note(interaction, Action.END_DIGEST)
            await respond(interaction, texts("digest.ended" if ended else "digest.none"))
            return
        async with database.read() as session:
            now = await find_digest(session, PlatformName.DISCORD, server)
        if all(each is None for each in (every, channel, weekday, time, time_zone)):
            await respond(interaction, texts("digest.none") if now is None else _shown(texts, now))
            return
        where = None if now is None else now.channel
        if channel is not None or where is None:
            target = channel_meant(interaction, channel)
            if not isinstance(target, PostChannel):
                raise Refused("watching.no_images")
            where = str(target.id)
        weekly = every == _WEEK or (
            every is None and (now is None or now.weekday is not None or weekday is not None)
        )
        before = now.weekday if now is not None and now.weekday is not None else _MONDAY
        changed = await set_digest(
            database,
            PlatformName.DISCORD,
            server,
            channel=where,
            weekday=(before if weekday is None else weekday) if weekly else None,
            minute=_minute(time, _SIX_IN_THE_EVENING if now is None else now.minute),
            time_zone=_zone(time_zone, "UTC" if now is None else now.time_zone),
            now=self.core.clock(),
        )
        given = {
            "every": every, "channel": None if channel is None else mention(channel.id),
            "weekday": weekday, "time": time,
            "time_zone": time_zone,
        }  # fmt: skip
        await self.note(interaction, Action.DIGEST, details=given)
        await respond(interaction, _shown(texts, changed))

    @digest.autocomplete("time_zone")
    async def _time_zones(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await asyncio.to_thread(time_zone_choices, typed)


def _minute(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    minute = read_time(text)
    if minute is None:
        raise Refused("digest.bad_time", value=escape(text, 20))
    return minute


def _zone(text: str | None, otherwise: str) -> str:
    if text is None:
        return otherwise
    name = read_time_zone(text)
    if not time_zone_exists(name):
        raise SettingRefused("time_zone", "There is no such time zone.")
    return name


def _shown(texts: Texts, digest: Digest) -> str:
    key = "digest.set_day" if digest.weekday is None else "digest.set_week"
    said = texts(
        key,
        channel=f"<#{digest.channel}>",
        weekday=texts(f"weekday.{digest.weekday or 0}"),
        time=f"{digest.minute // 60:02}:{digest.minute % 60:02}",
        time_zone=plain(digest.time_zone, 64),
        when=discord.utils.format_dt(digest.due_at, "R"),
    )
    if digest.fault is not None:
        said += "\n\n" + texts("digest.fault", reason=reason_words(texts, digest.fault))
    return said
