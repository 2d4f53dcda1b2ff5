"""Whether Discord is set up right: asked of Discord itself, changing nothing there."""

from collections.abc import Sequence
from dataclasses import dataclass

import discord
from sqlalchemy import select

from bot.core import Core
from bot.discord.commands.registry import add_commands
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.client import Client, point_at
from bot.discord.gateway.command_sync import commands_are_in_sync
from bot.discord.gateway.error_codes import reaching_discord
from bot.discord.gateway.message_content import intent_is_granted
from bot.discord.gateway.permissions import WANTED, missing_permissions
from bot.discord.gateway.token import NOT_ACCEPTED, read_token
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import permission_name
from bot.platform import PlatformRefused, PlatformUnavailable
from bot.posts.pipeline import Pipeline
from storage.tables import Community
from storage.types import PlatformName

_TURN_ON = (
    "off: no automatic replies. Switch on Message Content Intent in the Discord Developer Portal"
    " (your application → Bot → Privileged Gateway Intents)"
)

_UNEXPECTED = (
    "Discord gave an answer that cannot be read. Is something between here and Discord"
    " (a proxy, a firewall), or does PEORIA_DISCORD_API_URL point elsewhere?"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; ``ok`` is None where it is neither right nor wrong."""

    what: str
    ok: bool | None
    text: str


def all_well(findings: Sequence[Finding]) -> bool:
    """Whether nothing is wrong."""
    return all(each.ok is not False for each in findings)


async def check_discord(core: Core, pipeline: Pipeline) -> list[Finding]:
    """Look at the token, the intents, the servers, the watched channels and the commands."""
    try:
        token = read_token(core.settings)
    except PlatformRefused as refusal:
        return [Finding("token", False, str(refusal))]
    point_at(core.settings.discord_api_url, core.settings.discord_gateway_url)
    async with Client(message_content=False, shards=None, gateway_url=None) as client:
        try:
            with reaching_discord():
                await client.login(token)
                return [
                    Finding("token", True, f"belongs to {client.user}"),
                    _intent(client, core),
                    Finding("invite link", None, invite_link(client)),
                    await _servers(client),
                    *await _channels(client, core),
                    await _commands(client, core, pipeline),
                ]
        except discord.LoginFailure:
            return [Finding("token", False, NOT_ACCEPTED)]
        except PlatformUnavailable as error:
            return [Finding("connection", False, f"{error}. Try again in a minute.")]
        except (discord.DiscordException, LookupError, TypeError, ValueError) as error:
            # discord.py fails in many ways on an answer that is none of Discord's.
            what = f"{type(error).__name__}: {error}"
            return [Finding("connection", False, f"{_UNEXPECTED} ({what})")]


def invite_link(client: discord.Client) -> str:
    """Where a server's admin lets the bot in, with the permissions that it uses and no others."""
    return discord.utils.oauth_url(
        client.application_id or 0, permissions=WANTED, scopes=("bot", "applications.commands")
    )


def _intent(client: discord.Client, core: Core) -> Finding:
    granted = intent_is_granted(client)
    if core.settings.discord_message_content == "off":
        return Finding("message content", None, "switched off by PEORIA_DISCORD_MESSAGE_CONTENT")
    return Finding("message content", granted, "on" if granted else _TURN_ON)


async def _servers(client: discord.Client) -> Finding:
    names = [guild.name async for guild in client.fetch_guilds(limit=None)]
    if not names:
        return Finding("servers", False, "none: open the invite link and choose your server")
    return Finding("servers", True, f"{len(names)}: {', '.join(sorted(names)[:5])}")


async def _channels(client: discord.Client, core: Core) -> list[Finding]:
    async with core.database.read() as session:
        watched = (
            await session.scalars(
                select(Community)
                .filter_by(platform=PlatformName.DISCORD, watched=True)
                .order_by(Community.name)
            )
        ).all()
    if not watched:
        return [Finding("channels", None, "none is watched yet: use /watch in one")]
    return [await _channel(client, each) for each in watched]


async def _channel(client: discord.Client, community: Community) -> Finding:
    what = f"channel {community.name}"
    try:
        found = await client.fetch_channel(int(community.source_id))
        if not isinstance(found, WatchedChannel):
            return Finding(what, False, "is no channel in which images are posted")
        # Asked for again by its server: only then it knows the roles that permissions come from.
        guild = await client.fetch_guild(found.guild.id, with_counts=False)
        channel = await guild.fetch_channel(found.id)
        me = await guild.fetch_member(client.application_id or 0)
    except (discord.NotFound, discord.Forbidden):
        return Finding(what, False, "is out of sight: it was deleted, or View Channel is missing")
    missing = missing_permissions(channel, community.reply_mode, channel.permissions_for(me))
    if missing:
        texts = Texts()
        names = ", ".join(permission_name(texts, name) for name in missing)
        return Finding(what, False, f"permissions are missing: {names}")
    return Finding(what, True, "everything is allowed that is needed")


async def _commands(client: Client, core: Core, pipeline: Pipeline) -> Finding:
    await add_commands(client, core, pipeline)
    told = {(each.name, each.type) for each in await client.tree.fetch_commands()}
    own = {(each.name, _type(each)) for each in client.tree.get_commands()}
    if told == own and await commands_are_in_sync(client.tree, core.settings.data_dir):
        return Finding("commands", True, f"{len(own)}, as Discord knows them")
    return Finding("commands", None, "have changed; main.py run sends them to Discord at its start")


def _type(command: object) -> discord.AppCommandType:
    return getattr(command, "type", discord.AppCommandType.chat_input)
