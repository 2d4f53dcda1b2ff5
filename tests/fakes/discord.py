"""A Discord on 127.0.0.1 that the real discord.py connects to: REST v10, gateway v10, CDN.

    async with FakeDiscord() as fake:
        guild = fake.guild("Peoria")
        channel = fake.channel(guild, "memes")
        ann = fake.member(guild, "ann")
        ...                                   # start the bot on fake.api_url, fake.gateway_url
        await fake.ready()                    # it has connected and taken everything in
        post = await fake.post_message(channel, ann, attachments=[png])
        (reply,) = await fake.until(lambda: fake.replies_to(post))
        asked = await fake.slash(ann, channel, "predict", image=png, title="A title")
        assert asked.acknowledged_after < 3 and "would beat" in asked.response.text
        await fake.click(ann, reply, "High")  # a button by its custom_id or its label
        await fake.react(ann, post, "⬆")
        await fake.settle()                   # everything that follows from that has happened
        fake.assert_valid()                   # every request was one that Discord takes

What people do (all ``await fake.…``): `post_message`, `edit_message`, `delete_message`,
`delete_messages`, `react`, `unreact`, `clear_reactions`, `clear_emoji`, `slash`, `autocomplete`,
`menu`, `click`, `select`, `submit`.
What there is: `guild`, `channel`, `member`, `user`, `dm`, `grant`, `permit`, `remove_bot`,
`messages`, `replies_to`, `whispers_to`, `commands`, `requests`.
What goes wrong: ``fake.on(step, action)`` with the actions of `tests.fakes.discord_faults`,
`limit`, `cut_gateway`, `ask_to_reconnect`, `invalidate_sessions`, `revoke_token`.

Steps: ``METHOD /route/with/{names}`` before a request is looked at, ``after METHOD /route`` when it
was done and before it is answered, ``GET cdn``, ``gateway hello``, ``gateway identify``,
``gateway resume``, ``dispatch EVENT_NAME``.

Intents are kept: without ``message_content=True`` the content of messages is emptied as Discord
does it, and a bot that asks for the intent is turned away.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

from aiohttp import web
from discord import Permissions

from tests.fakes.discord_faults import Action, Hook, Moment
from tests.fakes.discord_gateway import HEARTBEAT, INVALID_SESSION, RECONNECT, Gateway
from tests.fakes.discord_rest import Rest
from tests.fakes.discord_world import (
    DM,
    EVERYBODY,
    Attachment,
    Channel,
    Guild,
    Member,
    Message,
    Payload,
    Person,
    Role,
    Snowflakes,
    Upload,
    User,
    emoji_payload,
    may,
    permissions_in,
    walk,
)

T = TypeVar("T")

#: Discord takes an interaction for lost when nobody has acknowledged it by then, seconds.
ACKNOWLEDGE_WITHIN = 3.0
#: How long links of the CDN live.
LINK_LIFE = timedelta(hours=24)
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
IN_GUILD, IN_BOT_DM = 0, 1
#: How long `until` and `settle` wait before they call it a failure, seconds. Nothing depends on it.
PATIENCE = 20.0
_BOT_CODE = str(Path(__file__).parents[2] / "bot") + "/"
#: Coroutines in which a task waits for something new, and not for something under way.
_RESTING = {("tasks.py", "sleep"), ("locks.py", "wait"), ("queues.py", "get")}

Image = bytes | Upload | tuple[str, bytes]


class NotOffered(Exception):
    """Discord would not offer this to that person there."""


@dataclass(eq=False)
class Request:
    """A line of the log: what the bot asked for.

    Attributes:
        route: with names in place of ids, ``/channels/{channel_id}/messages``.
        payload: the JSON; of an upload the part ``payload_json``.
        problems: what is wrong with it by Discord's own description.
        status: of the answer; None while there is none.
        seconds: how long the answer took.
    """

    method: str
    route: str
    path: str
    query: dict[str, str]
    payload: Any
    at: float
    files: list[Upload] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    status: int | None = None
    seconds: float | None = None

    @property
    def step(self) -> str:
        return f"{self.method} {self.route}"


@dataclass(eq=False)
class Interaction:
    """Something that a person asked of the bot, and what became of it.

    Attributes:
        acknowledged_after: seconds until the first answer; None while there is none.
        callback: that first answer as it was sent.
        response: the message that answers (or, after a component, the message it sits in).
        edits: payloads of the edits of ``response``.
        followups: further messages.
        choices: what autocompletion offered.
        modal: the form that was opened.
    """

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    sent: float
    command: Payload | None = None
    message: Message | None = None
    acknowledged_after: float | None = None
    callback: Payload | None = None
    response: Message | None = None
    edits: list[Payload] = field(default_factory=list)
    followups: list[Message] = field(default_factory=list)
    choices: list[Payload] | None = None
    modal: Payload | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def age(self) -> float:
        return asyncio.get_running_loop().time() - self.sent

    @property
    def too_late(self) -> bool:
        return self.callback is None and self.age > ACKNOWLEDGE_WITHIN

    @property
    def deferred(self) -> bool:
        return self.callback is not None and self.callback["type"] in (5, 6)

    @property
    def ephemeral(self) -> bool:
        return self.response is not None and self.response.ephemeral

    @property
    def messages(self) -> list[Message]:
        """Everything that was said in answer, in order."""
        first = [self.response] if self.response and self.response is not self.message else []
        return first + [each for each in self.followups if each is not self.response]

    @property
    def text(self) -> str:
        """Everything that was said in answer, as one text."""
        return "\n".join(message.text for message in self.messages)

    def acknowledge(self, callback: Payload) -> None:
        self.acknowledged_after = self.age
        self.callback = callback

    async def answered(self, within: float = PATIENCE) -> "Interaction":
        """Wait until the bot has said what it has to say."""
        try:
            async with asyncio.timeout(within):
                await self.finished.wait()
        except TimeoutError:
            state = "acknowledged" if self.callback else "not acknowledged"
            raise AssertionError(f"no answer within {within:g} s; {state}") from None
        return self


class FakeDiscord:
    """The server, and everybody on it.

    Args:
        clock: what the time is; the dates in ids and the life of links go by it.
        message_content: whether the privileged intent is switched on for the application.
        members_intent: the same for the members of guilds.
        shards: how many shards Discord recommends.
        port: 0 takes a free one.
    """

    def __init__(
        self, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        message_content: bool = True, members_intent: bool = False, shards: int = 1, port: int = 0,
    ) -> None:  # fmt: skip
        self.clock = clock
        self.message_content = message_content
        self.members_intent = members_intent
        self.shards = shards
        self.token = "MTIz.fake.token"
        self.new_id = Snowflakes(clock)
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.bot = self.user("peoria", bot=True)
        self.owner = self.user("the owner")
        self.application_id = self.bot.id
        #: What the bot registered: by (name, type).
        self.commands: dict[tuple[str, int], Payload] = {}
        self.guild_commands: dict[int, dict[tuple[str, int], Payload]] = {}
        self.interactions: dict[str, Interaction] = {}
        #: Messages that only one person sees.
        self.whispers: list[Message] = []
        self.requests: list[Request] = []
        #: What the bot said when it identified, each time.
        self.identifies: list[Payload] = []
        #: What the CDN was asked for.
        self.downloads: list[str] = []
        self.in_flight = 0
        self.stopping = asyncio.Event()
        self.gateway = Gateway(self)
        self.rest = Rest(self)
        self._attachments: dict[int, Attachment] = {}
        self._links: dict[str, bytes] = {}
        self._hooks: dict[str, list[Hook]] = {}
        self._changes = 0
        self._change: asyncio.Future[None] | None = None
        self._tokens = itertools.count(1)
        self._port = port
        self._runner: web.AppRunner | None = None

    # Running.

    async def __aenter__(self) -> "FakeDiscord":
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_get("/gateway/", self.gateway.serve)
        app.router.add_get("/gateway", self.gateway.serve)
        app.router.add_get("/attachments/{channel}/{attachment}/{filename}", self._serve_file)
        app.router.add_get("/links/{name}", self._serve_link)
        self.rest.add_routes(app, "/api/v10")
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stopping.set()
        for connection in list(self.gateway.connections):
            connection.abort()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/v10"

    @property
    def cdn_url(self) -> str:
        return self.base_url

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/gateway/"

    @property
    def application_flags(self) -> int:
        return (1 << 19) * self.message_content | (1 << 15) * self.members_intent

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

    def channel(self, guild: Guild, name: str = "memes", *, nsfw: bool = False) -> Channel:
        channel = Channel(self.new_id(), name, guild, nsfw=nsfw)
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.gateway.dispatch("CHANNEL_CREATE", channel.payload(), guild=guild)
        return channel

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
        self.gateway.dispatch("CHANNEL_UPDATE", channel.payload(), guild=channel.guild)

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
        found = self.messages(message.channel, author=self.bot)
        return [each for each in found if each.replied_to is message]

    def whispers_to(self, person: Person) -> list[Message]:
        """What only one person sees, oldest first."""
        return [each for each in self.whispers if each.only_for is person.user and not each.deleted]

    def link(self, data: bytes, name: str = "picture.png") -> str:
        """An address outside Discord at which ``data`` lies."""
        self._links[name] = data
        return f"{self.base_url}/links/{name}"

    def picture_embed(self, url: str) -> Payload:
        """What Discord makes of a link to a picture in a message."""
        picture = {"url": url, "proxy_url": url, "width": 64, "height": 64}
        return {"type": "image", "url": url, "thumbnail": picture}

    # What people do.

    async def post_message(
        self, channel: Channel, author: Person, *, content: str = "",
        attachments: Iterable[Image] = (), embeds: Sequence[Payload] = (),
        reply_to: Message | None = None, webhook: bool = False,
    ) -> Message:  # fmt: skip
        """Somebody posts. ``webhook``: it is no person, but a webhook with their name."""
        message = Message(self.new_id(), channel, author, content, list(embeds))
        message.attachments = [self.store(_upload(each), channel) for each in attachments]
        if webhook:
            message.webhook_id = self.new_id()
        if f"<@{self.bot.id}>" in content:
            message.mentions.append(self.bot)
        if reply_to is not None:
            self.refer(message, reply_to)
        self.publish(message)
        return message

    async def edit_message(self, message: Message, **changes: Any) -> None:
        """Change ``content`` or ``embeds``, as their author or Discord's link previews do."""
        for name, value in changes.items():
            setattr(message, name, value)
        if "content" in changes:
            message.edited_at = self.clock()
        self.announce_edit(message)

    async def delete_message(self, message: Message) -> None:
        self.drop(message)

    async def delete_messages(self, messages: Sequence[Message]) -> None:
        """What a moderator's bulk deletion does: one event for all."""
        channel = messages[0].channel
        for message in messages:
            message.deleted = True
            channel.messages.pop(message.id, None)
        ids = [str(message.id) for message in messages]
        event = {"ids": ids, **_where(channel)}
        self.gateway.dispatch("MESSAGE_DELETE_BULK", event, guild=channel.guild, channel=channel)

    async def react(self, person: Person, message: Message, emoji: str) -> None:
        self.add_reaction(message, person, emoji)

    async def unreact(self, person: Person, message: Message, emoji: str) -> None:
        self.remove_reaction(message, person, emoji)

    async def clear_reactions(self, message: Message) -> None:
        message.reactions.clear()
        self._about(message, "MESSAGE_REACTION_REMOVE_ALL", {})

    async def clear_emoji(self, message: Message, emoji: str) -> None:
        message.reactions.pop(emoji, None)
        self._about(message, "MESSAGE_REACTION_REMOVE_EMOJI", {"emoji": emoji_payload(emoji)})

    async def slash(
        self, person: Person, channel: Channel, name: str, *, wait: bool = True,
        anyway: bool = False, **options: Any,
    ) -> Interaction:  # fmt: skip
        """Somebody uses a slash command; "model rollback" is a subcommand.

        Options are what the command says they are: text, numbers, members, channels, and for
        attachments bytes or an `Upload`. With ``anyway`` the server's admins have allowed the
        command to people whom its default permissions leave out.

        Raises:
            NotOffered: the bot has no such command, or not for them, there, or with this option.
        """
        command, data = self._invocation(person, channel, name, options, anyway=anyway)
        return await self._ask(COMMAND, person, channel, data, wait=wait, command=command)

    async def autocomplete(
        self, person: Person, channel: Channel, name: str, option: str, typed: str = "",
        **options: Any,
    ) -> list[Payload]:  # fmt: skip
        """What is offered while somebody types: [{"name", "value"}]."""
        command, data = self._invocation(
            person, channel, name, {**options, option: typed}, anyway=False, complete=option
        )
        asked = await self._ask(AUTOCOMPLETE, person, channel, data, wait=True, command=command)
        return asked.choices or []

    async def menu(
        self, person: Person, message: Message, name: str, *, wait: bool = True
    ) -> Interaction:
        """Somebody picks an entry of a message's menu."""
        command = self._offered(person, message.channel, name, 3, anyway=False)
        # The target comes with its content, whatever the bot's intents.
        data = {
            "id": command["id"], "name": name, "type": 3, "target_id": str(message.id),
            "resolved": {"messages": {str(message.id): message.payload(self.bot)}},
        }  # fmt: skip
        return await self._ask(COMMAND, person, message.channel, data, wait=wait, command=command)

    async def click(
        self, person: Person, message: Message, button: str, *, wait: bool = True
    ) -> Interaction:
        """Somebody presses a button, named by its custom_id or its label.

        Raises:
            NotOffered: the message has no such button, or it is greyed out, or cannot be seen.
        """
        part = self._component(person, message, button)
        data = {"custom_id": part["custom_id"], "component_type": 2, "id": part.get("id", 1)}
        return await self._ask(COMPONENT, person, message.channel, data, wait=wait, message=message)

    async def select(
        self, person: Person, message: Message, menu: str, *values: str, wait: bool = True
    ) -> Interaction:
        """Somebody chooses from a menu, named by its custom_id or its placeholder."""
        part = self._component(person, message, menu)
        data = {
            "custom_id": part["custom_id"], "component_type": part["type"],
            "id": part.get("id", 1), "values": list(values),
        }  # fmt: skip
        return await self._ask(COMPONENT, person, message.channel, data, wait=wait, message=message)

    async def submit(
        self, asked: Interaction, answers: Mapping[str, str], *, wait: bool = True
    ) -> Interaction:
        """Somebody sends the form that ``asked`` opened: its fields by custom_id."""
        if asked.modal is None:
            raise NotOffered("no form was opened")

        def filled(part: Payload) -> Payload:
            if part["type"] == 4:
                given = answers.get(part["custom_id"], part.get("value", ""))
                return {"type": 4, "id": 1, "custom_id": part["custom_id"], "value": given}
            inner = [filled(each) for each in part.get("components", [])]
            if part["type"] == 18:
                return {"type": 18, "id": 1, "component": filled(part["component"])}
            return {"type": part["type"], "id": 1, "components": inner}

        data = {
            "custom_id": asked.modal["custom_id"],
            "components": [filled(part) for part in asked.modal["components"]],
        }
        return await self._ask(
            MODAL, asked.user, asked.channel, data, wait=wait, message=asked.message
        )

    # What goes wrong.

    def on(
        self, step: str, action: Action, *, times: int | None = 1,
        when: Callable[[Moment], bool] | None = None,
    ) -> Hook:  # fmt: skip
        """Let ``action`` act at a step, the next ``times`` times (None: always)."""
        hook = Hook(step, action, times, when)
        self._hooks.setdefault(step, []).append(hook)
        return hook

    def limit(self, step: str, times: int, seconds: float) -> None:
        """Enforce a rate limit, as Discord's 5 messages in 5 seconds a channel."""
        self.rest.limit(step, times, seconds)

    def cut_gateway(self, _: object = None) -> None:
        """Break every gateway connection without a word; sessions can be resumed."""
        for connection in list(self.gateway.connections):
            connection.abort()

    async def ask_to_reconnect(self) -> None:
        for connection in list(self.gateway.connections):
            await connection.say(RECONNECT)

    async def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Tell the bot that its session is over, so that it has to identify again."""
        for connection in list(self.gateway.connections):
            if not resumable and connection.session is not None:
                self.gateway.sessions.pop(connection.session.id, None)
            await connection.say(INVALID_SESSION, resumable)

    def forget_sessions(self) -> None:
        """Sessions that are cut off now cannot be resumed: what happened meanwhile is not told."""
        self.gateway.sessions = {each.id: each for each in self.gateway.connected}

    async def revoke_token(self) -> None:
        """The owner resets the token in the developer portal."""
        self.token = "MTIz.another.token"
        for connection in list(self.gateway.connections):
            await connection.socket.close(code=4004, message=b"Authentication failed.")

    # Waiting.

    async def ready(self) -> None:
        """Wait until the bot is connected and has taken in everything it was told."""
        await self.until(lambda: self.gateway.connected)
        await self._taken_in()

    async def until(
        self, condition: Callable[[], T], what: str = "it", within: float = PATIENCE
    ) -> T:
        """Wait until something is the case on Discord, and return it."""
        try:
            async with asyncio.timeout(within):
                while not (value := condition()):
                    await self._next_change()
                return value
        except TimeoutError:
            raise AssertionError(f"{what} did not happen.\n{self._last_requests()}") from None

    async def settle(self, within: float = PATIENCE) -> None:
        """Wait until a bot in this process has done everything that follows from what happened.

        That is: it has taken in every event, none of its requests is under way, and each task of
        discord.py's handlers or of Peoria's own code waits for something new or for a time.
        """
        try:
            async with asyncio.timeout(within):
                while True:
                    await self._taken_in()
                    changes = self._changes
                    await _turn()
                    busy = _busy()
                    if busy:
                        await asyncio.wait(busy, timeout=0.02)
                    elif self.in_flight:
                        await self._next_change()
                    elif changes == self._changes:
                        return
        except TimeoutError:
            raise AssertionError(
                f"the bot is still at work: {[str(task) for task in _busy()]}\n"
                + self._last_requests()
            ) from None

    async def _taken_in(self) -> None:
        for session in self.gateway.connected:
            newest, connection = session.newest, session.connection
            if session.seen < newest and connection is not None:
                await self.until(
                    lambda s=session, c=connection: s.connection is not c or c.sent >= s.newest
                )
                # Heartbeats that the server asks for are answered in turn, after the events.
                with contextlib.suppress(ConnectionResetError):
                    await connection.say(HEARTBEAT)
                await self.until(
                    lambda s=session, c=connection, n=newest: s.connection is not c or s.seen >= n
                )

    def changed(self) -> None:
        """Something happened: whoever waits looks again."""
        self._changes += 1
        if self._change is not None and not self._change.done():
            self._change.set_result(None)

    async def _next_change(self) -> None:
        if self._change is None or self._change.done():
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._change)

    # The log.

    def log_request(
        self, method: str, route: str, path: str, query: dict[str, str], payload: Any
    ) -> Request:
        now = asyncio.get_running_loop().time()
        entry = Request(method, route, path, query, payload, now)
        self.requests.append(entry)
        return entry

    def asked(self, step: str) -> list[Request]:
        """The requests of one kind: ``fake.asked("POST /channels/{channel_id}/messages")``."""
        return [entry for entry in self.requests if entry.step == step]

    def assert_valid(self) -> None:
        """Every request was one that Discord's own description takes."""
        wrong = [f"{each.method} {each.path}: {each.problems}" for each in self.requests
                 if each.problems]  # fmt: skip
        assert not wrong, "\n".join(wrong)

    def _last_requests(self) -> str:
        lines = [f"  {each.method} {each.path} → {each.status}" for each in self.requests[-10:]]
        return "The last requests were:\n" + "\n".join(lines)

    # For the other parts of the server.

    async def act(self, moment: Moment) -> web.StreamResponse | None:
        """Let the hooks of a step act; the first answer that one of them gives."""
        hooks = self._hooks.get(moment.step, [])
        for hook in hooks:
            given = await hook.at(moment)
            if given is not None:
                return given
        return None

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
        message.reference = {
            "type": 0, "message_id": str(replied_to.id), **_where(message.channel),
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
            event = {"id": str(message.id), **_where(message.channel)}
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
        now = self.clock()
        end = int((now + LINK_LIFE).timestamp())
        kind = "ephemeral-attachments" if ephemeral else "attachments"
        name = quote(upload.filename)
        url = (
            f"{self.cdn_url}/attachments/{channel.id}/{number}/{name}"
            f"?ex={end:x}&is={int(now.timestamp()):x}&hm={number:064x}&kind={kind}"
        )
        attachment = Attachment(number, channel.id, upload, url, ephemeral=ephemeral)
        self._attachments[number] = attachment
        return attachment

    def settle_interaction(self, interaction: Interaction) -> None:
        """Note whether the bot has now said what it has to say."""
        response = interaction.response
        if response is None or response.deleted or not response.loading:
            interaction.finished.set()
        self.changed()

    # Details.

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        self.downloads.append(str(request.rel_url))
        given = await self.act(Moment(self, "GET cdn", transport=request.transport))
        if given is not None:
            return given
        attachment = self._attachments.get(int(request.match_info["attachment"]))
        try:
            expires = int(request.query.get("ex", "0"), 16)
        except ValueError:
            expires = 0
        if attachment is None or expires < self.clock().timestamp():
            return web.Response(status=404, text="This content is no longer available.")
        kind = attachment.payload().get("content_type", "application/octet-stream")
        return web.Response(body=attachment.data, content_type=kind.partition(";")[0])

    async def _serve_link(self, request: web.Request) -> web.StreamResponse:
        self.downloads.append(str(request.rel_url))
        given = await self.act(Moment(self, "GET link", transport=request.transport))
        if given is not None:
            return given
        if request.match_info["name"] not in self._links:
            return web.Response(status=404)
        return web.Response(body=self._links[request.match_info["name"]], content_type="image/png")

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

    def _about(self, message: Message, event: str, extra: Payload) -> None:
        data = {"message_id": str(message.id), **_where(message.channel), **extra}
        self.gateway.dispatch(event, data, guild=message.channel.guild, channel=message.channel)

    def _reaction(
        self, event: str, message: Message, person: Person, emoji: str, extra: Payload
    ) -> None:
        self._about(message, event, {
            "user_id": str(person.user.id), "emoji": emoji_payload(emoji), "type": 0,
            "burst": False, **extra,
        })  # fmt: skip

    def _offered(
        self, person: Person, channel: Channel, name: str, kind: int, *, anyway: bool
    ) -> Payload:
        """The command as it was registered, if Discord would show it to that person there."""
        guild = channel.guild
        local = self.guild_commands.get(guild.id, {}) if guild is not None else {}
        command = local.get((name, kind)) or self.commands.get((name, kind))
        if command is None:
            raise NotOffered(f"the bot has not registered {name}; it has {[*self.commands]}")
        contexts = command.get("contexts")
        context = IN_BOT_DM if guild is None else IN_GUILD
        if contexts is not None and context not in contexts:
            raise NotOffered(f"{name} is not for this kind of channel")
        if guild is None and contexts is None and not command.get("dm_permission", True):
            raise NotOffered(f"{name} is not for DMs")
        if guild is not None and not guild.has_bot and 1 not in command["integration_types"]:
            raise NotOffered(f"{name} cannot be used where the bot is no member")
        needed = command.get("default_member_permissions")
        if guild is not None and needed is not None and not anyway:
            has = permissions_in(channel, person)
            if int(needed) & ~has:
                raise NotOffered(f"{name} is not for {person.user.name}")
        return command

    def _invocation(
        self, person: Person, channel: Channel, name: str, given: Mapping[str, Any], *,
        anyway: bool, complete: str | None = None,
    ) -> tuple[Payload, Payload]:  # fmt: skip
        first, *path = name.split()
        command = self._offered(person, channel, first, 1, anyway=anyway)
        data: Payload = {"id": command["id"], "name": first, "type": 1, "resolved": {}}
        known, said = command.get("options") or [], data
        for part in path:
            inner = next((each for each in known if each["name"] == part), None)
            if inner is None or inner["type"] not in (1, 2):
                raise NotOffered(f"/{name} has no {part}")
            said["options"] = [{"name": part, "type": inner["type"]}]
            known, said = inner.get("options") or [], said["options"][0]
        if any(each["type"] in (1, 2) for each in known):
            raise NotOffered(f"/{name} needs a subcommand")
        by_name = {each["name"]: each for each in known}
        if unknown := given.keys() - by_name.keys():
            raise NotOffered(f"/{name} has no {', '.join(sorted(unknown))}; it has {[*by_name]}")
        missing = [
            each["name"] for each in known if each.get("required") and each["name"] not in given
        ]
        if missing and complete is None:
            raise NotOffered(f"/{name} needs {', '.join(missing)}")
        said["options"] = [
            self._option(by_name[key], value, channel, data["resolved"], complete == key)
            for key, value in given.items()
        ]
        return command, data

    def _option(
        self, known: Payload, value: Any, channel: Channel, resolved: Payload, completing: bool
    ) -> Payload:
        option: Payload = {"name": known["name"], "type": known["type"], "value": value}
        if completing:
            if not known.get("autocomplete"):
                raise NotOffered(f"{known['name']} has no autocompletion")
            return option | {"focused": True}
        choices = [choice["value"] for choice in known.get("choices") or []]
        if choices and value not in choices:
            raise NotOffered(f"{known['name']} is one of {choices}")
        low, high = known.get("min_value"), known.get("max_value")
        if (low is not None and value < low) or (high is not None and value > high):
            raise NotOffered(f"{known['name']} goes from {low} to {high}")
        short, long = known.get("min_length"), known.get("max_length")
        if isinstance(value, str) and (
            len(value) < (short or 0) or len(value) > (6000 if long is None else long)
        ):
            raise NotOffered(f"{known['name']} has {len(value)} characters")
        if known["type"] == 11:
            attachment = self.store(_upload(value), channel, ephemeral=True)
            resolved.setdefault("attachments", {})[str(attachment.id)] = attachment.payload()
            option["value"] = str(attachment.id)
        elif known["type"] == 6:
            resolved.setdefault("users", {})[str(value.id)] = value.user.payload()
            if isinstance(value, Member):
                resolved.setdefault("members", {})[str(value.id)] = {
                    **value.partial(), "permissions": str(permissions_in(channel, value)),
                }  # fmt: skip
            option["value"] = str(value.id)
        elif known["type"] == 7:
            resolved.setdefault("channels", {})[str(value.id)] = {
                **value.payload(), "permissions": "0",
            }  # fmt: skip
            option["value"] = str(value.id)
        return option

    def _component(self, person: Person, message: Message, name: str) -> Payload:
        if message.deleted or message.only_for not in (None, person.user):
            raise NotOffered("the message cannot be seen")
        if message.only_for is None and not may(message.channel, person, "view_channel"):
            raise NotOffered("the channel cannot be seen")
        parts = [part for part in walk(message.components) if "custom_id" in part]
        for part in parts:
            if name in (part["custom_id"], part.get("label"), part.get("placeholder")):
                if part.get("disabled"):
                    raise NotOffered(f"{name} is greyed out")
                return part
        names = [part.get("label") or part["custom_id"] for part in parts]
        raise NotOffered(f"there is no {name}; there are {names}")

    async def _ask(
        self, kind: int, person: Person, channel: Channel, data: Payload, *, wait: bool,
        command: Payload | None = None, message: Message | None = None,
    ) -> Interaction:  # fmt: skip
        token = f"token-{next(self._tokens)}"
        asked = Interaction(
            self.new_id(), token, kind, person.user, channel,
            asyncio.get_running_loop().time(), command, message,
        )  # fmt: skip
        self.interactions[token] = asked
        self.gateway.dispatch(
            "INTERACTION_CREATE", self._interaction_payload(asked, data), guild=channel.guild
        )
        return await asked.answered() if wait else asked

    def _interaction_payload(self, asked: Interaction, data: Payload) -> Payload:
        channel, guild, user = asked.channel, asked.channel.guild, asked.user
        payload: Payload = {
            "id": str(asked.id), "application_id": str(self.application_id), "type": asked.kind,
            "token": asked.token, "version": 1, "data": data, "channel_id": str(channel.id),
            "channel": channel.payload(), "locale": user.locale, "entitlements": [],
            "app_permissions": str(permissions_in(channel, self.bot)),
            "attachment_size_limit": 10 * 2**20, "context": IN_BOT_DM,
            "authorizing_integration_owners": {"0": "0"},
        }  # fmt: skip
        if guild is None:
            payload["user"] = user.payload()
        else:
            member = guild.members[user.id]
            payload |= {
                "guild_id": str(guild.id), "guild_locale": guild.locale, "context": IN_GUILD,
                "guild": {"id": str(guild.id), "locale": guild.locale, "features": []},
                "member": {
                    **member.payload(), "permissions": str(permissions_in(channel, member)),
                },
                "authorizing_integration_owners": (
                    {"0": str(guild.id)} if guild.has_bot else {"1": str(user.id)}
                ),
            }  # fmt: skip
            if not guild.has_bot:
                payload["app_permissions"] = str(EVERYBODY.value)
            if asked.command is not None and "guild_id" in asked.command:
                data["guild_id"] = asked.command["guild_id"]
        if asked.message is not None:
            payload["message"] = asked.message.payload(self.bot)
        return payload


def _where(channel: Channel) -> Payload:
    where = {"channel_id": str(channel.id)}
    if channel.guild is not None:
        where["guild_id"] = str(channel.guild.id)
    return where


def _upload(image: Image) -> Upload:
    if isinstance(image, tuple):
        return Upload(image[1], image[0])
    return Upload(image) if isinstance(image, bytes) else image


async def _turn() -> None:
    """Let what is ready to run, run."""
    for _ in range(3):
        await asyncio.sleep(0)


def _busy() -> list["asyncio.Task[Any]"]:
    """Tasks of the bot that have work under way."""
    current = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not current and _at_work(task)]


def _at_work(task: "asyncio.Task[Any]") -> bool:
    ours = task.get_name().startswith(("discord.py: ", "discord-ui-", "CommandTree"))
    place = ("", "")
    inner: Any = task.get_coro()
    while inner is not None:
        code = next(
            (c for n in ("cr_code", "gi_code", "ag_code") if (c := getattr(inner, n, None))), None
        )
        if code is None:
            break
        ours = ours or code.co_filename.startswith(_BOT_CODE)
        place = (code.co_filename.rpartition("/")[2], code.co_name)
        if place[1] == "poll_event":
            return False
        inner = next(
            (a for n in ("cr_await", "gi_yieldfrom", "ag_await")
             if (a := getattr(inner, n, None)) is not None),
            None,
        )  # fmt: skip
    return ours and place not in _RESTING


@contextlib.asynccontextmanager
async def fake_discord(**options: Any) -> AsyncIterator[FakeDiscord]:
    """A running `FakeDiscord` that makes sure at its end that all requests were valid."""
    async with FakeDiscord(**options) as fake:
        yield fake
        fake.assert_valid()
