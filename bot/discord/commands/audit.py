"""`/audit`: who changed what about how the bot behaves on a server."""

import re
from collections.abc import Mapping

import discord
from discord import app_commands
from sqlalchemy import select

from bot.audit import newest_entries
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.gateway.visibility import Readers, may_be_shown, readers_of
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.responses import Interaction, defer, respond
from storage.tables import AuditEntry, Community
from storage.types import PlatformName

#: Entries that are shown, and characters of what each says.
_SHOWN, _LONGEST = 15, 150
#: Characters that Discord takes in an embed.
_MOST = 4096
_MENTION = re.compile(r"<#(\d{1,20})>")


class AuditCommand(Feature):
    """The newest changes."""

    @app_commands.command(name="audit", description=label("audit.about"))
    @app_commands.default_permissions(manage_guild=True)
    @app_commands.allowed_installs(guilds=True, users=False)
    @app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)
    async def audit(self, interaction: Interaction) -> None:
        """List them, to who asked alone."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        async with self.core.database.read() as session:
            entries = await newest_entries(
                session, PlatformName.DISCORD, str(interaction.guild_id), limit=_SHOWN
            )
            ids = [each.community_id for each in entries if each.community_id is not None]
            found = await session.execute(
                select(Community.id, Community.source_id).where(Community.id.in_(ids))
            )
            places: Mapping[int, str] = dict(found.all())
        days = texts.count("count.days", round(self.core.settings.audit_days))
        if not entries:
            await respond(interaction, texts("audit.empty", days=days))
            return
        readers = readers_of(interaction, private=True)
        lines = [self._line(texts, each, places, readers) for each in entries]
        while sum(len(line) + 1 for line in lines) > _MOST:
            # The oldest of them.
            lines.pop()
        embed = discord.Embed(title=texts("audit.heading"), description="\n".join(lines))
        embed.set_footer(text=texts("audit.kept", days=days))
        await respond(interaction, embed=embed)

    def _line(
        self, texts: Texts, entry: AuditEntry, places: Mapping[int, str], readers: Readers
    ) -> str:
        who = None
        if entry.person is not None:
            who = self.names.mention(entry.person, entry.sealed_id)
        channel = None if entry.community_id is None else places.get(entry.community_id)
        where = "" if channel is None else _place(texts, int(channel), readers)
        details = _details(texts, entry, readers)
        what = texts(f"audit.{entry.action}", where=where, details=details)
        when = discord.utils.format_dt(entry.made_at, "R")
        return texts("audit.line", when=when, who=who or texts("audit.somebody"), what=what)


def mention(channel_id: int) -> str:
    """A channel in the details of an entry: its name is not for everybody who reads them."""
    return f"<#{channel_id}>"


def _place(texts: Texts, channel_id: int, readers: Readers) -> str:
    return mention(channel_id) if may_be_shown(readers, channel_id) else texts("audit.hidden")


def _details(texts: Texts, entry: AuditEntry, readers: Readers) -> str:
    told, room = [], _LONGEST
    for key, value in entry.details.items():
        channel = _MENTION.fullmatch(str(value))
        if channel is not None:
            shown = _place(texts, int(channel[1]), readers)
        else:
            shown = escape(str(value), max(room, 1))
        told.append(f"{escape(key, _LONGEST)} {shown}" if key else shown)
        room -= len(told[-1])
        if room <= 0:
            break
    return ", ".join(told)
