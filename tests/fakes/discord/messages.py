"""Messages on the loopback Discord, with their files, reactions and components."""

import io
import json
from dataclasses import dataclass, field
from datetime import datetime

from PIL import Image, UnidentifiedImageError

from tests.fakes.discord.world import EPHEMERAL, Channel, Payload, Person, User, moment_of


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
    #: [{"id", "name", "format_type"}].
    stickers: list[Payload] = field(default_factory=list)
    #: The application whose webhook posted it.
    application_id: int | None = None
    #: The message that it passes on.
    forwarded: "Message | None" = None

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
        return {
            "content": "", "embeds": [], "attachments": [], "components": [],
            **({} if self.forwarded is None else {"message_snapshots": []}),
        }  # fmt: skip

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
        if self.application_id is not None:
            payload["application_id"] = str(self.application_id)
        if self.reference is not None:
            payload["message_reference"] = self.reference
            replied = self.replied_to
            payload["referenced_message"] = (
                replied.payload(reader) if replied and not replied.deleted else None
            )
        if self.stickers:
            payload["sticker_items"] = self.stickers
        if self.forwarded is not None:
            whole = self.forwarded.payload(reader)
            kept = (
                "content", "timestamp", "edited_timestamp", "mentions", "mention_roles",
                "attachments", "embeds", "components", "flags", "type", "sticker_items",
            )  # fmt: skip
            snapshot = {name: whole[name] for name in kept if name in whole}
            payload |= {"type": 0, "message_snapshots": [{"message": snapshot}]}
            payload.pop("referenced_message", None)
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
