"""May this be shown to this person now? What of a channel an answer on Discord may name.

Every board, link and export asks here, with the permissions of this moment. Where it cannot be
known (a server or a channel that is not in sight, a private thread), the answer is no.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import discord

from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.error_codes import reaching_discord
from bot.platform import PlatformUnavailable

#: What it takes to read what was posted before.
_SEEING = discord.Permissions(view_channel=True, read_message_history=True)
#: The text of a voice channel is read by those who may join it.
_SEEING_VOICE = discord.Permissions(_SEEING.value, connect=True)

#: What is allowed and denied to each role and member, in permission bits.
_Rules: TypeAlias = Mapping[int, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Readers:
    """Who reads an answer.

    Attributes:
        guild: the server in which it is given; None: a direct message, or a server that the bot
            is not in.
        place: the channel in which it is given.
        place_id: that channel's id, which is known where the channel is not.
        member: the only reader; None: everybody who can see the place.
    """

    guild: discord.Guild | None
    place: object
    place_id: int | None
    member: discord.Member | None


def readers_of(interaction: discord.Interaction[discord.Client], *, private: bool) -> Readers:
    """Who reads the answer to a command or a button: who asked, or everybody in the channel."""
    user = interaction.user
    member = user if private and isinstance(user, discord.Member) else None
    # In a direct message there is no member, and nothing of any server is shown.
    guild = interaction.guild if isinstance(user, discord.Member) else None
    return Readers(guild, interaction.channel, interaction.channel_id, member)


def may_be_shown(readers: Readers, channel_id: int) -> bool:
    """Whether readers may be told of a channel: its name, and titles and links of its posts."""
    if channel_id == readers.place_id:
        return True
    guild = readers.guild
    if guild is None or guild.me is None:
        return False
    channel = guild.get_channel_or_thread(channel_id)
    if not isinstance(channel, WatchedChannel) or not can_see(channel, guild.me):
        return False
    if channel.is_nsfw() and not _is_age_restricted(readers.place):
        return False
    if isinstance(channel, discord.Thread) and channel.is_private():
        # Who is in it is not known without asking for each of them.
        return False
    if readers.member is not None:
        return can_see(channel, readers.member)
    return _is_open_to_all(channel) or _is_seen_by_the_same(channel, readers.place)


async def channels_seen(
    client: discord.Client, user_id: int, channel_ids: Iterable[int], *, for_sure: bool = False
) -> frozenset[int]:
    """Which channels, of whatever servers, a person can see now.

    Asks Discord once for each server whether the person is a member.

    Args:
        client: whose permissions and channels are known.
        user_id: the person's.
        channel_ids: of the channels.
        for_sure: whether "not to be known now" is an error, and no is not the answer to it.

    Raises:
        PlatformUnavailable: only where it is to be known for sure.
    """
    members: dict[int, discord.Member | None] = {}
    seen = set()
    for channel_id in channel_ids:
        channel = client.get_channel(channel_id)
        if not isinstance(channel, WatchedChannel):
            continue
        guild = channel.guild
        if guild.id not in members:
            try:
                with reaching_discord():
                    members[guild.id] = await guild.fetch_member(user_id)
            except discord.HTTPException:
                # Not a member.
                members[guild.id] = None
            except PlatformUnavailable:
                if for_sure:
                    raise
                members[guild.id] = None
        member = members[guild.id]
        private = isinstance(channel, discord.Thread) and channel.is_private()
        if member is not None and not private and can_see(channel, member):
            seen.add(channel_id)
    return frozenset(seen)


def can_see(channel: WatchedChannel, member: discord.Member) -> bool:
    """Whether a member can read what was posted in a channel, private threads left aside."""
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return False
    return channel.permissions_for(member).is_superset(_needed(channel))


def _needed(channel: object) -> discord.Permissions:
    voice = isinstance(channel, discord.VoiceChannel | discord.StageChannel)
    return _SEEING_VOICE if voice else _SEEING


def _is_age_restricted(place: object) -> bool:
    return isinstance(place, WatchedChannel) and place.is_nsfw()


def _is_open_to_all(channel: WatchedChannel) -> bool:
    """Whether everybody in the server sees a channel: @everyone does, and nobody is shut out."""
    ruling = _ruling(channel)
    if ruling is None:
        return False
    everybody = ruling.permissions_for(ruling.guild.default_role)
    return everybody.is_superset(_needed(channel)) and not any(
        deny for _, deny in _rules(ruling).values()
    )


def _is_seen_by_the_same(channel: WatchedChannel, place: object) -> bool:
    """Whether the rules of both say the same, so that who is in one can see the other."""
    if not isinstance(place, WatchedChannel):
        return False
    ruling, here = _ruling(channel), _ruling(place)
    if not isinstance(ruling, discord.TextChannel | discord.ForumChannel):
        return False
    return isinstance(here, discord.TextChannel | discord.ForumChannel) and (
        _rules(ruling) == _rules(here)
    )


def _ruling(channel: WatchedChannel) -> discord.abc.GuildChannel | None:
    """The channel whose rules hold: a thread has those of its parent."""
    return channel.parent if isinstance(channel, discord.Thread) else channel


def _rules(channel: discord.abc.GuildChannel) -> _Rules:
    needed = _needed(channel).value
    rules = {}
    for target, overwrite in channel.overwrites.items():
        allow, deny = (each.value & needed for each in overwrite.pair())
        if allow or deny:
            rules[target.id] = (allow, deny)
    return rules
