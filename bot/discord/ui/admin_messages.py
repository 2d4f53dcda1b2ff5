"""Telling the admins of a server what they should know."""

import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import discord
from sqlalchemy import select

from bot.discord.gateway.error_codes import reaching_discord
from bot.discord.gateway.guild_options import NOWHERE
from bot.discord.texts.lookup import Texts
from bot.discord.ui.error_replies import permission_name
from bot.notices import NoticeKind, add_notice
from storage.engine.database import Database
from storage.tables import Community, Notice

log = logging.getLogger(__name__)

#: The same message is repeated only after this time.
_REPEATED_AFTER = timedelta(days=7)
#: Discord's longest message.
_LONGEST = 2000


async def warn_of_permissions(
    database: Database,
    community: Community,
    guild: discord.Guild,
    missing: Sequence[str],
    *,
    key: str,
    now: datetime,
) -> str:
    """Write a notice for the admins, once, about missing permissions; return its text.

    Args:
        key: the text: ``notice.missing`` or ``notice.unreadable``.
    """
    texts = Texts(guild.preferred_locale)
    names = ", ".join(permission_name(texts, name) for name in missing)
    text = texts(key, channel=f"<#{community.source_id}>", permissions=names)
    await warn_admins(database, community, NoticeKind.PERMISSIONS, text, now=now)
    return text


async def warn_admins(
    database: Database, community: Community, kind: NoticeKind, text: str, *, now: datetime
) -> None:
    """Write a notice about a channel, unless the same was written within some days."""
    async with database.write() as session:
        noted = await session.scalar(
            select(Notice.id)
            .filter_by(kind=kind.value, community_id=community.id, text=text)
            .where(Notice.made_at > now - _REPEATED_AFTER)
            .limit(1)
        )
        if noted is None:
            add_notice(session, kind, text, now=now, community_id=community.id)


async def tell_admins(
    client: discord.Client, guild: discord.Guild, announcements: object, text: str
) -> None:
    """Say something where a server's admins read it: the channel they chose, the channel for
    system messages, or a direct message to the owner.

    Args:
        announcements: the option of that name of one of the server's communities.

    Raises:
        PlatformUnavailable: Discord cannot be reached.
    """
    if announcements == NOWHERE:
        return
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    wish = str(announcements)
    chosen = guild.get_channel(int(wish)) if wish.isdecimal() else None
    for channel in (chosen, guild.system_channel):
        if isinstance(channel, discord.abc.Messageable) and _may_send(channel, guild):
            try:
                with reaching_discord():
                    await channel.send(text, nonce=_nonce_of(text, channel.id))
            except discord.HTTPException as error:
                log.info(
                    "A message to server %s could not be sent in a channel: %s", guild.id, error
                )
            else:
                return
    await _tell_owner(client, guild, text)


async def _tell_owner(client: discord.Client, guild: discord.Guild, text: str) -> None:
    if guild.owner_id is None:
        return
    try:
        with reaching_discord():
            owner = client.get_user(guild.owner_id) or await client.fetch_user(guild.owner_id)
            await owner.send(text, nonce=_nonce_of(text, guild.id))
    except discord.HTTPException as error:
        log.warning("No admin of server %s can be reached (%s): %s", guild.id, error, text)


def _nonce_of(text: str, place: int) -> str:
    """What makes Discord answer the same message sent again within minutes with the first one.

    Args:
        text: of the message.
        place: id of where it is sent: a nonce counts for all that the bot writes, wherever it does.
    """
    return f"n{hashlib.sha256(f'{place} {text}'.encode()).hexdigest()[:20]}"


def _may_send(channel: object, guild: discord.Guild) -> bool:
    if not isinstance(channel, discord.abc.GuildChannel) or guild.me is None:
        return False
    allowed = channel.permissions_for(guild.me)
    return allowed.view_channel and allowed.send_messages
