"""What exists on the loopback Discord: people, guilds, channels, messages, and who may do what."""

import io
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from discord import Permissions
from PIL import Image, UnidentifiedImageError

Payload = dict[str, Any]

DISCORD_EPOCH_MS = 1_420_070_400_000
TEXT, DM = 0, 1
EPHEMERAL = 1 << 6
COMPONENTS_V2 = 1 << 15
#: What everybody may do in a new guild.
EVERYBODY = Permissions(
    view_channel=True, send_messages=True, embed_links=True, attach_files=True,
    read_message_history=True, add_reactions=True, use_application_commands=True,
    use_external_emojis=True,
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
    #: (allow, deny) by the id of a role or of a member.
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    messages: "dict[int, Message]" = field(default_factory=dict)

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

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
        return {
            **common, "guild_id": str(self.guild.id), "name": self.name, "position": 0,
            "nsfw": self.nsfw, "parent_id": None, "topic": None, "rate_limit_per_user": 0,
            "permission_overwrites": [
                {
                    "id": str(target), "type": int(target in self.guild.members),
                    "allow": str(allow), "deny": str(deny),
                }
                for target, (allow, deny) in self.overwrites.items()
            ],
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
            "members": [self.members[bot.id].payload()], "presences": [], "threads": [],
            "channels": [channel.payload() for channel in self.channels.values()],
            "stage_instances": [], "guild_scheduled_events": [], "soundboard_sounds": [],
        }  # fmt: skip


@dataclass(eq=False)
class Upload:
    """A file as it is uploaded, and what Discord says of it, which need not be true.

    Attributes:
        data: what the CDN sends.
        size, content_type: what the message says; None: what is true of ``data``.
    """

    data: bytes
    filename: str = "image.png"
    content_type: str | None = None
    size: int | None = None


@dataclass(eq=False)
class Attachment:
    id: int
    channel_id: int
    upload: Upload
    url: str
    description: str | None = None
    ephemeral: bool = False

    @property
    def filename(self) -> str:
        return self.upload.filename

    @property
    def data(self) -> bytes:
        return self.upload.data

    def payload(self) -> Payload:
        width, height, format_ = picture_facts(self.upload.data)
        kind = self.upload.content_type or (f"image/{format_.lower()}" if format_ else None)
        size = len(self.upload.data) if self.upload.size is None else self.upload.size
        payload: Payload = {
            "id": str(self.id), "filename": self.filename, "size": size, "url": self.url,
            "proxy_url": self.url,
        }  # fmt: skip
        if kind is not None:
            payload["content_type"] = kind
        if width is not None:
            payload |= {"width": width, "height": height}
        if self.description is not None:
            payload["description"] = self.description
        if self.ephemeral:
            payload["ephemeral"] = True
        return payload


def picture_facts(data: bytes) -> tuple[int | None, int | None, str | None]:
    """(width, height, format), as far as a header tells."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.width, image.height, image.format
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return None, None, None


@dataclass(eq=False)
class Message:
    id: int
    channel: Channel
    author: Person
    content: str = ""
    embeds: list[Payload] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    components: list[Payload] = field(default_factory=list)
    #: Who reacted, in order, by emoji: a character, or ``name:id``.
    reactions: dict[str, list[int]] = field(default_factory=dict)
    reference: Payload | None = None
    replied_to: "Message | None" = None
    #: Messages that reply to it.
    replies: "list[Message]" = field(default_factory=list)
    mentions: list[User] = field(default_factory=list)
    nonce: str | None = None
    flags: int = 0
    webhook_id: int | None = None
    edited_at: datetime | None = None
    deleted: bool = False
    #: Ephemeral messages are shown to one person only, and are not in the channel's history.
    only_for: User | None = None
    #: What allowed_mentions said when it was sent.
    allowed_mentions: Payload | None = None
    #: The interaction that it answers: {"id", "type", "user"}.
    interaction: Payload | None = None
    loading: bool = False

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def sent_at(self) -> datetime:
        return moment_of(self.id)

    @property
    def text(self) -> str:
        """Everything that it says, its embeds included, in reading order."""
        said = [self.content]
        for embed in self.embeds:
            said += [embed.get("author", {}).get("name", ""), embed.get("title", "")]
            said += [embed.get("description", "")]
            for each in embed.get("fields", []):
                said += [each["name"], each["value"]]
            said.append(embed.get("footer", {}).get("text", ""))
        said += [part["content"] for part in walk(self.components) if part["type"] == 10]
        return "\n".join(part for part in said if part)

    @property
    def buttons(self) -> list[Payload]:
        """Its buttons, in order."""
        return [part for part in walk(self.components) if part["type"] == 2]

    def count(self, emoji: str) -> int:
        return len(self.reactions.get(emoji, []))

    def emptied(self) -> Payload:
        """What is left of a payload for who may not see the content of messages."""
        return {"content": "", "embeds": [], "attachments": [], "components": []}

    def payload(self, reader: User) -> Payload:
        """The message as Discord's API describes it to ``reader``."""
        author = self.author.user
        payload: Payload = {
            "id": str(self.id), "channel_id": str(self.channel.id), "author": author.payload(),
            "content": self.content, "timestamp": self.sent_at.isoformat(),
            "edited_timestamp": self.edited_at.isoformat() if self.edited_at else None,
            "tts": False, "mention_everyone": False,
            "mentions": [user.payload() for user in self.mentions], "mention_roles": [],
            "attachments": [each.payload() for each in self.attachments],
            "embeds": [{"type": "rich", **embed} for embed in self.embeds],
            "components": self.components, "pinned": False, "flags": self.flags,
            "type": 19 if self.reference else 20 if self.interaction else 0,
        }  # fmt: skip
        if self.reactions:
            payload["reactions"] = [
                {
                    "emoji": emoji_payload(emoji), "count": len(users),
                    "count_details": {"burst": 0, "normal": len(users)}, "burst_colors": [],
                    "me": reader.id in users, "me_burst": False,
                }
                for emoji, users in self.reactions.items() if users
            ]  # fmt: skip
        if self.nonce is not None:
            payload["nonce"] = self.nonce
        if self.webhook_id is not None:
            payload["webhook_id"] = str(self.webhook_id)
        if self.reference is not None:
            payload["message_reference"] = self.reference
            replied = self.replied_to
            payload["referenced_message"] = (
                replied.payload(reader) if replied and not replied.deleted else None
            )
        if self.interaction is not None:
            payload["interaction_metadata"] = self.interaction
        return payload


def walk(components: list[Payload]) -> "list[Payload]":
    """Every component, the ones inside others included."""
    found = []
    for component in components:
        found.append(component)
        inner = component.get("components", [])
        if "accessory" in component:
            inner = [*inner, component["accessory"]]
        if "component" in component:
            inner = [*inner, component["component"]]
        found += walk(inner)
    return found


def numbered(components: list[Payload]) -> list[Payload]:
    """A copy in which every component has an id, as Discord gives them."""
    copy: list[Payload] = json.loads(json.dumps(components))
    for number, component in enumerate(walk(copy), start=1):
        component.setdefault("id", number)
    return copy


def emoji_payload(emoji: str) -> Payload:
    name, _, number = emoji.partition(":")
    return {"id": number or None, "name": name}


def permissions_in(channel: Channel, person: Person) -> int:
    """What a person may do in a channel, as a number of permission bits."""
    guild = channel.guild
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
