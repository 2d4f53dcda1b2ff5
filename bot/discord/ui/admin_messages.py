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
from bot.discord.texts.reasons import permission_name
from bot.notices import NoticeKind, add_notice
from storage.engine.database import Database
from storage.engine.scopes import NOTICES
from storage.tables import Community, Notice

log = logging.getLogger(__name__)

#: The same message is repeated only after this time.
_REPEATED_AFTER = timedelta(days=7)
#: Messages among which an earlier one of ours is looked for, and how far clocks may differ.
_MOST_READ, _CLOCKS_DIFFER = 500, timedelta(minutes=2)
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
    async with database.write(alone_in=[NOTICES]) as session:
        noted = await session.scalar(
            select(Notice.id)
            .filter_by(kind=kind.value, community_id=community.id, text=text)
            .where(Notice.made_at > now - _REPEATED_AFTER)
            .limit(1)
        )
        if noted is None:
            add_notice(session, kind, text, now=now, community_id=community.id)


async def tell_admins(
    client: discord.Client,
    guild: discord.Guild,
    announcements: object,
    text: str,
    *,
    told_since: datetime | None,
) -> None:
    """Say something where a server's admins read it: the channel they chose, the channel for
    system messages, or a direct message to the owner.

    Args:
        announcements: the option of that name of one of the server's communities.
        told_since: it may have been said since then: it is looked for first. None: it was not.

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
                    await _send_once(client, channel, text, channel.id, told_since)
            except discord.HTTPException as error:
                log.info(
                    "A message to server %s could not be sent in a channel: %s", guild.id, error
                )
            else:
                return
    await _tell_owner(client, guild, text, told_since)


async def _send_once(
    client: discord.Client,
    place: discord.abc.Messageable,
    text: str,
    place_id: int,
    told_since: datetime | None,
) -> None:
    if told_since is not None and await _was_said(client, place, text, told_since):
        return
    await place.send(text, nonce=_nonce_of(text, place_id))


async def _was_said(
    client: discord.Client, place: discord.abc.Messageable, text: str, since: datetime
) -> bool:
    """Whether we said something in a place since a moment; no, where that cannot be known."""
    try:
        async for message in place.history(limit=_MOST_READ, after=since - _CLOCKS_DIFFER):
            if message.author == client.user and message.content == text:
                return True
    except discord.Forbidden as error:
        log.info("Whether a message was sent before cannot be seen (%s).", error)
    return False


async def _tell_owner(
    client: discord.Client, guild: discord.Guild, text: str, told_since: datetime | None
) -> None:
    if guild.owner_id is None:
        return
    try:
        with reaching_discord():
            owner = client.get_user(guild.owner_id) or await client.fetch_user(guild.owner_id)
            await _send_once(client, owner, text, guild.id, told_since)
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
