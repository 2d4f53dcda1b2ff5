"""What exists on the loopback Discord: people, guilds, channels, messages, and who may do what."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from discord import Permissions

if TYPE_CHECKING:
    from tests.fakes.discord.messages import Message

Payload = dict[str, Any]

DISCORD_EPOCH_MS = 1_420_070_400_000
TEXT, DM, CATEGORY, THREAD, PRIVATE_THREAD, FORUM, MEDIA = 0, 1, 4, 11, 12, 15, 16
EPHEMERAL = 1 << 6
COMPONENTS_V2 = 1 << 15
#: What everybody may do in a new guild.
EVERYBODY = Permissions(
    view_channel=True, send_messages=True, embed_links=True, attach_files=True,
    read_message_history=True, add_reactions=True, use_application_commands=True,
    use_external_emojis=True, send_messages_in_threads=True,
)  # fmt: skip
IN_A_DM = EVERYBODY.value


class Snowflakes:
    """Ids that grow and carry their moment, as Discord's do."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._counter = itertools.count()
        self._last = 0

    def __call__(self) -> int:
        ms = int(self._clock().timestamp() * 1000) - DISCORD_EPOCH_MS
        self._last = max(self._last + 1, (ms << 22) | (next(self._counter) & 0xFFF))
        return self._last


def moment_of(snowflake: int) -> datetime:
    return datetime.fromtimestamp(((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000, UTC)


@dataclass(eq=False)
class User:
    id: int
    name: str
    bot: bool = False
    locale: str = "en-US"
    #: Closed: Discord answers 50007 to whoever writes to them.
    dms_open: bool = True
    #: The channel in which they talk to the bot, once opened.
    dm: "Channel | None" = None

    @property
    def user(self) -> "User":
        return self

    def payload(self) -> Payload:
        return {
            "id": str(self.id), "username": self.name, "discriminator": "0", "avatar": None,
            "global_name": self.name, "bot": self.bot, "system": False, "public_flags": 0,
            "flags": 0, "primary_guild": None, "avatar_decoration_data": None, "banner": None,
            "accent_color": None, "clan": None, "collectibles": None, "display_name_styles": None,
        }  # fmt: skip


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: int
    position: int = 0

    def payload(self) -> Payload:
        return {
            "id": str(self.id), "name": self.name, "permissions": str(self.permissions),
            "position": self.position, "color": 0, "hoist": False, "managed": False,
            "mentionable": False, "flags": 0, "description": None, "icon": None,
            "unicode_emoji": None,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        }  # fmt: skip


@dataclass(eq=False)
class Member:
    """A person in a guild."""

    user: User
    guild: "Guild"
    joined_at: datetime
    nick: str | None = None
    roles: list[Role] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    def payload(self) -> Payload:
        return {**self.partial(), "user": self.user.payload()}

    def partial(self) -> Payload:
        return {
            "nick": self.nick, "roles": [str(role.id) for role in self.roles], "avatar": None,
            "joined_at": self.joined_at.isoformat(), "deaf": False, "mute": False, "flags": 0,
            "pending": False, "premium_since": None, "communication_disabled_until": None,
            "banner": None, "collectibles": None,
        }  # fmt: skip


Person = User | Member


@dataclass(eq=False)
class Channel:
    id: int
    name: str
    guild: "Guild | None"
    kind: int = TEXT
    nsfw: bool = False
    #: The other side of a DM.
    recipient: User | None = None
    #: The category of a channel, or the channel that a thread belongs to.
    parent: "Channel | None" = None
    #: When a thread was archived.
    archived_at: datetime | None = None
    #: (allow, deny) by the id of a role or of a member.
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    messages: "dict[int, Message]" = field(default_factory=dict)

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def is_thread(self) -> bool:
        return self.kind in (THREAD, PRIVATE_THREAD)

    def threads(self) -> "list[Channel]":
        assert self.guild is not None
        return [each for each in self.guild.threads.values() if each.parent is self]

    def last(self) -> "Message | None":
        return next(reversed(self.messages.values()), None)

    def payload(self) -> Payload:
        last = self.last()
        common = {
            "id": str(self.id), "type": self.kind, "flags": 0,
            "last_message_id": str(last.id) if last else None,
        }  # fmt: skip
        if self.guild is None:
            assert self.recipient is not None
            return {**common, "recipients": [self.recipient.payload()]}
        if self.is_thread:
            return {**common, **self._thread()}
        forum: Payload = {}
        if self.kind in (FORUM, MEDIA):
            newest = max((each.id for each in self.threads()), default=None)
            forum = {
                "last_message_id": str(newest) if newest else None, "available_tags": [],
                "default_reaction_emoji": None, "default_sort_order": None,
                "default_forum_layout": 0,
            }  # fmt: skip
        return {
            **common, "guild_id": str(self.guild.id), "name": self.name, "position": 0,
            "nsfw": self.nsfw, "parent_id": str(self.parent.id) if self.parent else None,
            "topic": None, "rate_limit_per_user": 0, **forum,
            "permission_overwrites": [
                {
                    "id": str(target), "type": int(target in self.guild.members),
                    "allow": str(allow), "deny": str(deny),
                }
                for target, (allow, deny) in self.overwrites.items()
            ],
        }  # fmt: skip

    def _thread(self) -> Payload:
        assert self.guild is not None
        assert self.parent is not None
        archived = self.archived_at is not None
        when = self.archived_at or moment_of(self.id)
        return {
            "guild_id": str(self.guild.id), "name": self.name, "parent_id": str(self.parent.id),
            "owner_id": str(self.guild.owner.id), "message_count": len(self.messages),
            "member_count": 1, "rate_limit_per_user": 0, "total_message_sent": len(self.messages),
            "thread_metadata": {
                "archived": archived, "auto_archive_duration": 1440, "locked": False,
                "archive_timestamp": when.isoformat(), "invitable": True,
                "create_timestamp": moment_of(self.id).isoformat(),
            },
        }  # fmt: skip

    def payload_for(self, bot: User) -> Payload:
        """What the gateway tells a bot: of a channel that it cannot see nearly nothing."""
        if self.guild is None or bot.id not in self.guild.members or may(self, bot, "view_channel"):
            return self.payload()
        return {
            "id": str(self.id), "type": self.kind, "flags": 1 << 17, "name": "___hidden___",
            "guild_id": str(self.guild.id), "position": 0, "parent_id": None, "nsfw": False,
            "permission_overwrites": [], "last_message_id": None, "topic": None,
        }  # fmt: skip


@dataclass(eq=False)
class Guild:
    id: int
    name: str
    owner: User
    joined_at: datetime
    #: Whether the bot is a member; without it, only people who installed the app for themselves
    #: can use it here.
    has_bot: bool = True
    locale: str = "en-US"
    roles: dict[int, Role] = field(default_factory=dict)
    #: Names of its own emoji, by id.
    emojis: dict[int, str] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)

    @property
    def everybody(self) -> Role:
        return self.roles[self.id]

    def payload(self) -> Payload:
        return {
            "id": str(self.id), "name": self.name, "owner_id": str(self.owner.id), "icon": None,
            "splash": None, "discovery_splash": None, "banner": None, "description": None,
            "home_header": None, "afk_channel_id": None, "afk_timeout": 300, "region": "deprecated",
            "system_channel_id": None, "system_channel_flags": 0, "widget_enabled": False,
            "widget_channel_id": None, "verification_level": 0, "default_message_notifications": 0,
            "mfa_level": 0, "explicit_content_filter": 0, "max_presences": None,
            "max_members": 500_000, "max_stage_video_channel_users": 50,
            "max_video_channel_users": 25, "vanity_url_code": None, "premium_tier": 0,
            "premium_subscription_count": 0, "preferred_locale": self.locale,
            "rules_channel_id": None, "safety_alerts_channel_id": None,
            "public_updates_channel_id": None, "premium_progress_bar_enabled": False,
            "nsfw": False, "nsfw_level": 0, "application_id": None, "features": [], "emojis": [],
            "stickers": [], "incidents_data": None, "owner_configured_content_level": 0,
            "hub_type": None, "latest_onboarding_question_id": None, "embed_enabled": False,
            "embed_channel_id": None, "roles": [role.payload() for role in self.roles.values()],
        }  # fmt: skip

    def created(self, bot: User) -> Payload:
        """What GUILD_CREATE says: of the members only the bot, as in large guilds."""
        return {
            **self.payload(), "joined_at": self.joined_at.isoformat(), "large": False,
            "unavailable": False, "member_count": len(self.members), "voice_states": [],
            "members": [self.members[bot.id].payload()], "presences": [],
            "threads": [
                each.payload() for each in self.threads.values()
                if each.archived_at is None and each.kind == THREAD
                and may(each, bot, "view_channel")
            ],
            "channels": [channel.payload_for(bot) for channel in self.channels.values()],
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        }  # fmt: skip


def permissions_in(channel: Channel, person: Person) -> int:
    """What a person may do in a channel, as a number of permission bits."""
    guild = channel.guild
    if channel.is_thread and channel.parent is not None:
        return permissions_in(channel.parent, person)
    if guild is None:
        return IN_A_DM if person.user.bot or person.user is channel.recipient else 0
    member = guild.members.get(person.user.id)
    if member is None:
        return 0
    everything = Permissions.all().value
    if guild.owner is member.user:
        return everything
    allowed = guild.everybody.permissions
    for role in member.roles:
        allowed |= role.permissions
    if allowed & Permissions(administrator=True).value:
        return everything
    allow, deny = channel.overwrites.get(guild.id, (0, 0))
    allowed = (allowed & ~deny) | allow
    allow = deny = 0
    for role in member.roles:
        role_allow, role_deny = channel.overwrites.get(role.id, (0, 0))
        allow, deny = allow | role_allow, deny | role_deny
    allowed = (allowed & ~deny) | allow
    allow, deny = channel.overwrites.get(member.id, (0, 0))
    return (allowed & ~deny) | allow


def may(channel: Channel, person: Person, permission: str) -> bool:
    """Whether a person may do something there: ``may(channel, bot, "send_messages")``."""
    return bool(permissions_in(channel, person) & Permissions(**{permission: True}).value)
