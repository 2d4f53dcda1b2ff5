"""Who and what there is on the loopback Discord, and what the bot is told of it."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from discord import Permissions
from tests.fakes.discord.gateway import Gateway
from tests.fakes.discord.messages import Attachment, Message, Upload, emoji_payload
from tests.fakes.discord.world import (
    DM,
    EVERYBODY,
    PRIVATE_THREAD,
    TEXT,
    THREAD,
    Channel,
    Guild,
    Member,
    Payload,
    Person,
    Role,
    Snowflakes,
    User,
)

#: How long links of the CDN live.
LINK_LIFE = timedelta(hours=24)

Image = bytes | Upload | tuple[str, bytes]


class People:
    """The part of `FakeDiscord` that holds things, changes them, and tells the bot."""

    clock: Callable[[], datetime]
    new_id: Snowflakes
    gateway: Gateway
    bot: User
    owner: User
    message_content: bool
    base_url: str
    changed: Callable[[], None]

    def __init__(self) -> None:
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        #: Messages that only one person sees.
        self.whispers: list[Message] = []
        self._attachments: dict[int, Attachment] = {}
        self._links: dict[str, bytes] = {}
        self._fetched: Counter[str] = Counter()
        #: Sessions that bots may still begin today.
        self.sessions_left = 999

    # What there is.

    def user(self, name: str, *, bot: bool = False, locale: str = "en-US") -> User:
        """Somebody who is in no guild yet."""
        user = User(self.new_id(), name, bot=bot, locale=locale)
        self.users[user.id] = user
        return user

    def guild(
        self, name: str = "Peoria", *, owner: User | None = None, has_bot: bool = True,
        locale: str = "en-US",
    ) -> Guild:  # fmt: skip
        """A guild with the bot in it; a bot that is connected is told that it was invited."""
        guild = Guild(self.new_id(), name, owner or self.owner, self.clock(), has_bot, locale)
        guild.roles[guild.id] = Role(guild.id, "@everyone", EVERYBODY.value)
        self.guilds[guild.id] = guild
        for each in (guild.owner, *([self.bot] if has_bot else [])):
            guild.members[each.id] = Member(each, guild, self.clock())
        if has_bot:
            self.gateway.dispatch("GUILD_CREATE", guild.created(self.bot), guild=guild)
        return guild

    def remove_bot(self, guild: Guild) -> None:
        """Throw the bot out."""
        self.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)}, guild=guild)
        guild.has_bot = False
        guild.members.pop(self.bot.id, None)

    def invite_bot(self, guild: Guild) -> None:
        """Invite the bot again."""
        guild.has_bot = True
        guild.members[self.bot.id] = Member(self.bot, guild, self.clock())
        self.gateway.dispatch("GUILD_CREATE", guild.created(self.bot), guild=guild)

    def channel(
        self, guild: Guild, name: str = "memes", *, nsfw: bool = False, kind: int = TEXT,
        category: Channel | None = None,
    ) -> Channel:  # fmt: skip
        channel = Channel(self.new_id(), name, guild, kind, nsfw=nsfw, parent=category)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.gateway.dispatch("CHANNEL_CREATE", channel.payload_for(self.bot), guild=guild)
        return channel

    def thread(
        self, parent: Channel, name: str = "a thread", *, private: bool = False,
        begun_by: Message | None = None,
    ) -> Channel:  # fmt: skip
        """A thread of a channel or forum; of a private one the bot knows nothing.

        ``begun_by``: the message that it hangs on, whose id it has.
        """
        guild = parent.guild
        assert guild is not None
        number = self.new_id() if begun_by is None else begun_by.id
        kind = PRIVATE_THREAD if private else THREAD
        thread = Channel(number, name, guild, kind, parent=parent)
        guild.threads[thread.id] = self.channels[thread.id] = thread
        if not private:
            created = {**thread.payload(), "newly_created": True}
            self.gateway.dispatch("THREAD_CREATE", created, guild=guild, channel=thread)
        return thread

    def archive(self, thread: Channel) -> None:
        """A thread is archived."""
        thread.archived_at = self.clock()
        self.gateway.dispatch("THREAD_UPDATE", thread.payload(), guild=thread.guild, channel=thread)

    def delete_thread(self, thread: Channel) -> None:
        """A thread is deleted, and all that was in it."""
        assert thread.guild is not None
        del thread.guild.threads[thread.id], self.channels[thread.id]
        told = thread.payload()
        event = {key: told[key] for key in ("id", "guild_id", "parent_id", "type")}
        self.gateway.dispatch("THREAD_DELETE", event, guild=thread.guild, channel=thread)

    def delete_channel(self, channel: Channel) -> None:
        assert channel.guild is not None
        del channel.guild.channels[channel.id], self.channels[channel.id]
        self.gateway.dispatch("CHANNEL_DELETE", channel.payload(), guild=channel.guild)

    def member(
        self, guild: Guild, name: str | User = "ann", *, bot: bool = False, locale: str = "en-US",
        **permissions: bool,
    ) -> Member:  # fmt: skip
        """Somebody in a guild, new or known; ``manage_guild=True`` and so on give a role."""
        user = name if isinstance(name, User) else self.user(name, bot=bot, locale=locale)
        member = Member(user, guild, self.clock())
        guild.members[user.id] = member
        self.gateway.dispatch(
            "GUILD_MEMBER_ADD", {**member.payload(), "guild_id": str(guild.id)}, guild=guild
        )
        if permissions:
            self.grant(member, **permissions)
        return member

    def grant(self, member: Member, **permissions: bool) -> Role:
        """Give a member a new role with permissions."""
        guild = member.guild
        role = Role(self.new_id(), "a role", Permissions(**permissions).value, len(guild.roles))
        guild.roles[role.id] = role
        member.roles.append(role)
        self.gateway.dispatch(
            "GUILD_ROLE_CREATE", {"guild_id": str(guild.id), "role": role.payload()}, guild=guild
        )
        self._tell_member(member)
        return role

    def permit(self, channel: Channel, target: Person | Role, **permissions: bool | None) -> None:
        """Allow (True), deny (False) or leave alone (None) what someone may do in a channel."""
        allow, deny = (Permissions(number) for number in channel.overwrites.get(target.id, (0, 0)))
        for name, value in permissions.items():
            setattr(allow, name, value is True)
            setattr(deny, name, value is False)
        channel.overwrites[target.id] = (allow.value, deny.value)
        self.gateway.dispatch("CHANNEL_UPDATE", channel.payload_for(self.bot), guild=channel.guild)

    def dm(self, person: Person) -> Channel:
        """The channel in which somebody and the bot talk, opened if need be."""
        user = person.user
        if user.dm is None:
            user.dm = Channel(self.new_id(), "", None, DM, recipient=user)
            self.channels[user.dm.id] = user.dm
            self.gateway.dispatch("CHANNEL_CREATE", user.dm.payload())
        return user.dm

    def messages(self, channel: Channel, *, author: Person | None = None) -> list[Message]:
        """What everybody sees in a channel, oldest first."""
        found = channel.messages.values()
        return [each for each in found if author is None or each.author.user is author.user]

    def replies_to(self, message: Message) -> list[Message]:
        """What the bot has said in reply to a message, oldest first."""
        return [
            each for each in message.replies if each.author.user is self.bot and not each.deleted
        ]

    def whispers_to(self, person: Person) -> list[Message]:
        """What only one person sees, oldest first."""
        return [each for each in self.whispers if each.only_for is person.user and not each.deleted]

    def link(self, data: bytes, name: str = "picture.png") -> str:
        """An address outside Discord at which ``data`` lies."""
        self._links[name] = data
        return f"{self.base_url}/links/{name}"

    def linked(self, url: str) -> bytes | None:
        """What lies at an address that `link` gave; None: nothing."""
        return self._links.get(url.removeprefix(f"{self.base_url}/links/"))

    def fetched(self, name: str) -> int:
        """How often somebody downloaded what `link` put there."""
        return self._fetched[name]

    def picture_embed(self, url: str) -> Payload:
        """What Discord makes of a link to a picture in a message."""
        picture = {"url": url, "proxy_url": url, "width": 64, "height": 64}
        return {"type": "image", "url": url, "thumbnail": picture}

    # For the other parts of the server.

    def sees_content(self, message: Message) -> bool:
        """Whether the application sees the content of a message with its intents switched on."""
        return self.message_content or self._always_seen(message)

    def _always_seen(self, message: Message) -> bool:
        mine = message.author.user is self.bot
        return mine or message.channel.guild is None or self.bot in message.mentions

    def publish(self, message: Message) -> None:
        """Show a message to whom it is for."""
        if message.only_for is not None:
            self.whispers.append(message)
            self.changed()
            return
        message.channel.messages[message.id] = message
        self._tell_message("MESSAGE_CREATE", message)

    def refer(self, message: Message, replied_to: Message) -> None:
        """Make a message a reply."""
        message.replied_to = replied_to
        replied_to.replies.append(message)
        message.reference = {
            "type": 0, "message_id": str(replied_to.id), **where(message.channel),
        }  # fmt: skip

    def announce_edit(self, message: Message) -> None:
        if message.only_for is None:
            self._tell_message("MESSAGE_UPDATE", message)
        self.changed()

    def drop(self, message: Message) -> None:
        """Delete a message."""
        message.deleted = True
        if message.only_for is None:
            message.channel.messages.pop(message.id, None)
            event = {"id": str(message.id), **where(message.channel)}
            self.gateway.dispatch(
                "MESSAGE_DELETE", event, guild=message.channel.guild, channel=message.channel
            )
        self.changed()

    def add_reaction(self, message: Message, person: Person, emoji: str) -> None:
        users = message.reactions.setdefault(emoji, [])
        if person.user.id in users:
            return
        users.append(person.user.id)
        extra: Payload = {"message_author_id": str(message.author.user.id)}
        guild = message.channel.guild
        if guild is not None and (member := guild.members.get(person.user.id)) is not None:
            extra["member"] = member.payload()
        self._reaction("MESSAGE_REACTION_ADD", message, person, emoji, extra)

    def remove_reaction(self, message: Message, person: Person, emoji: str) -> None:
        users = message.reactions.get(emoji, [])
        if person.user.id in users:
            users.remove(person.user.id)
            if not users:
                del message.reactions[emoji]
            self._reaction("MESSAGE_REACTION_REMOVE", message, person, emoji, {})

    def store(self, upload: Upload, channel: Channel, *, ephemeral: bool = False) -> Attachment:
        """Keep a file on the CDN, behind a link that expires."""
        number = self.new_id()
        attachment = Attachment(number, channel.id, upload, "", ephemeral=ephemeral)
        self.sign(attachment)
        self._attachments[number] = attachment
        return attachment

    def sign(self, attachment: Attachment) -> None:
        """Give a file a link that lives from now on, as Discord does for whoever asks for it."""
        now, number = self.clock(), attachment.id
        end = int((now + LINK_LIFE).timestamp())
        kind = "ephemeral-attachments" if attachment.ephemeral else "attachments"
        name = quote(attachment.upload.filename)
        attachment.url = (
            f"{self.cdn_url}/attachments/{attachment.channel_id}/{number}/{name}"
            f"?ex={end:x}&is={int(now.timestamp()):x}&hm={number:064x}&kind={kind}"
        )

    # What the bot is told.

    def _tell_message(self, event: str, message: Message) -> None:
        guild = message.channel.guild
        payload = message.payload(self.bot)
        if guild is not None:
            payload["guild_id"] = str(guild.id)
            member = guild.members.get(message.author.user.id)
            if member is not None and message.webhook_id is None:
                payload["member"] = member.partial()
        stripped = None if self._always_seen(message) else message.emptied()
        self.gateway.dispatch(
            event, payload, guild=guild, channel=message.channel, stripped=stripped
        )

    def _tell_member(self, member: Member) -> None:
        payload = {**member.payload(), "guild_id": str(member.guild.id)}
        if member.user is self.bot:
            # A bot hears of itself without the intent for members.
            for session in self.gateway.sessions.values():
                if session.serves(member.guild):
                    session.add("GUILD_MEMBER_UPDATE", payload)
            return
        self.gateway.dispatch("GUILD_MEMBER_UPDATE", payload, guild=member.guild)

    def tell_about(self, message: Message, event: str, extra: Payload) -> None:
        data = {"message_id": str(message.id), **where(message.channel), **extra}
        self.gateway.dispatch(event, data, guild=message.channel.guild, channel=message.channel)

    def _reaction(
        self, event: str, message: Message, person: Person, emoji: str, extra: Payload
    ) -> None:
        self.tell_about(message, event, {
            "user_id": str(person.user.id), "emoji": emoji_payload(emoji), "type": 0,
            "burst": False, **extra,
        })  # fmt: skip


def where(channel: Channel) -> Payload:
    place = {"channel_id": str(channel.id)}
    if channel.guild is not None:
        place["guild_id"] = str(channel.guild.id)
    return place


def as_upload(image: Image) -> Upload:
    if isinstance(image, tuple):
        return Upload(image[1], image[0])
    return Upload(image) if isinstance(image, bytes) else image
