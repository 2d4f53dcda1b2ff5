"""The role of a season's winner: given to one person, and taken from the one before."""

import logging

import discord

from bot.core import Core
from bot.discord.gateway.error_codes import reaching_discord
from bot.people.sealed_ids import open_id
from storage.tables import Author, OutcomeFeed
from storage.types import PlatformName

log = logging.getLogger(__name__)


def why_not_given(guild: discord.Guild, role: discord.Role | None) -> str | None:
    """The text that says why the bot cannot give a role; None: it can."""
    if role is None:
        return "outcomes.role_gone"
    if role.is_default() or role.managed:
        return "outcomes.role_not_ours"
    if not guild.me.guild_permissions.manage_roles:
        return "outcomes.role_no_permission"
    if role >= guild.me.top_role:
        return "outcomes.role_too_high"
    return None


def may_be_promised(role: discord.Role, by: discord.Member) -> bool:
    """Whether somebody could give a role themselves: the bot gives nothing that they could not.

    As on Discord: the owner of a server gives any role, others with *Manage Roles* those below
    their own highest one.
    """
    if by.id == role.guild.owner_id:
        return True
    return by.guild_permissions.manage_roles and role < by.top_role


async def hand_over(
    client: discord.Client,
    guild: discord.Guild,
    role: discord.Role,
    *,
    winner: int | None,
    before: int | None,
) -> bool:
    """Take a role from its last winner and give it to the new one; return whether they have it.

    Args:
        winner: the Discord id of who won; None: nobody, and the role is only taken.
        before: of who won before; None: nobody that is known.

    Raises:
        PlatformUnavailable: try again later.
    """
    for user_id, has_it in ((before, False), (winner, True)):
        if user_id is None or (user_id == winner and not has_it):
            continue
        try:
            with reaching_discord():
                change = client.http.add_role if has_it else client.http.remove_role
                await change(guild.id, user_id, role.id, reason="Peoria: winner of a season")
        except discord.HTTPException as error:
            # Who left the server has no role, and one that was moved up is not ours to give.
            log.info("The winner's role of server %s was not changed: %s", guild.id, error)
            if has_it:
                return False
    return winner is not None


async def take_back(core: Core, client: discord.Client, feed: OutcomeFeed) -> None:
    """Take a server's winner's role from who has it: it is promised no more, or they are forgotten.

    What cannot be taken (the role is gone, or above the bot's own) is left to the admins.

    Raises:
        PlatformUnavailable: try again later.
    """
    if feed.winner_role is None or feed.winner_id is None:
        return
    guild = client.get_guild(int(feed.server or 0))
    role = None if guild is None else guild.get_role(int(feed.winner_role))
    before = await winner_of(core, feed)
    if guild is None or role is None or before is None or why_not_given(guild, role) is not None:
        log.info("The winner's role of server %s cannot be taken back.", feed.server)
        return
    await hand_over(client, guild, role, winner=None, before=before)


async def winner_of(core: Core, feed: OutcomeFeed) -> int | None:
    """The Discord id of who has a server's winner's role; None: nobody that is known."""
    if feed.winner_id is None:
        return None
    async with core.database.read() as session:
        author = await session.get(Author, feed.winner_id)
    if author is None or author.sealed_id is None:
        return None
    opened = open_id(core.people_key, PlatformName.DISCORD, author.hash, author.sealed_id)
    return None if opened is None else int(opened)
