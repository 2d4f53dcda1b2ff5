"""The gateway of the loopback Discord: sessions, events, heartbeats, resuming."""

import asyncio
import contextlib
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.fakes.discord.faults import Moment
from tests.fakes.discord.world import Channel, Guild, Payload, may

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE = 0, 1, 2, 3
RESUME, RECONNECT, REQUEST_MEMBERS, INVALID_SESSION, HELLO, ACK = 6, 7, 8, 9, 10, 11

HEARTBEATS_A_MINUTE = 100

GUILD_MEMBERS, PRESENCES, MESSAGE_CONTENT = 1 << 1, 1 << 8, 1 << 15
#: The intent that an event needs, in guilds and in DMs.
INTENTS = {
    "MESSAGE_CREATE": (1 << 9, 1 << 12),
    "MESSAGE_UPDATE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE": (1 << 9, 1 << 12),
    "MESSAGE_DELETE_BULK": (1 << 9, 1 << 12),
    "MESSAGE_REACTION_ADD": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE_ALL": (1 << 10, 1 << 13),
    "MESSAGE_REACTION_REMOVE_EMOJI": (1 << 10, 1 << 13),
    "GUILD_CREATE": (1, 0), "GUILD_UPDATE": (1, 0), "GUILD_DELETE": (1, 0),
    "GUILD_ROLE_UPDATE": (1, 0), "GUILD_ROLE_CREATE": (1, 0), "GUILD_ROLE_DELETE": (1, 0),
    "CHANNEL_CREATE": (1, 1), "CHANNEL_UPDATE": (1, 0), "CHANNEL_DELETE": (1, 0),
    "THREAD_CREATE": (1, 0), "THREAD_UPDATE": (1, 0), "THREAD_DELETE": (1, 0),
    "GUILD_MEMBER_ADD": (GUILD_MEMBERS, 0), "GUILD_MEMBER_UPDATE": (GUILD_MEMBERS, 0),
    "GUILD_MEMBER_REMOVE": (GUILD_MEMBERS, 0),
}  # fmt: skip


class Session:
    """What the bot identified for; it outlives its connection, so that it can be resumed.

    Attributes:
        shard: (number, of how many).
        connection: None while it is cut off.
        seen: number of the newest event that the bot is known to have taken in.
    """

    def __init__(self, session_id: str, intents: int, shard: tuple[int, int]) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.events: list[tuple[str, Payload]] = []
        self.connection: Connection | None = None
        self.seen = 0

    def serves(self, guild: Guild | None) -> bool:
        number, count = self.shard
        return number == (0 if guild is None else (guild.id >> 22) % count)

    def wants(self, event: str, guild: Guild | None) -> bool:
        in_guild, in_dm = INTENTS.get(event, (0, 0))
        needed = in_dm if guild is None else in_guild
        return event not in INTENTS or bool(self.intents & needed)

    def add(self, event: str, data: Payload) -> None:
        self.events.append((event, data))
        if self.connection is not None:
            self.connection.more.set()

    @property
    def newest(self) -> int:
        return len(self.events)


class Connection:
    """One websocket."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.socket = socket
        self.transport = transport
        self.session: Session | None = None
        self.more = asyncio.Event()
        #: Number of events of the session that were sent.
        self.sent = 0
        self._asked: deque[float] = deque(maxlen=HEARTBEATS_A_MINUTE)

    async def ask_for_heartbeat(self) -> None:
        """Have the client show that it has taken in what was sent.

        discord.py says 110 things a minute, heartbeats included, and is then silent, so whoever
        asks more often than that waits here.
        """
        now = asyncio.get_running_loop().time()
        if len(self._asked) == HEARTBEATS_A_MINUTE and now - self._asked[0] < 61:
            await asyncio.sleep(61 - (now - self._asked[0]))
        self._asked.append(asyncio.get_running_loop().time())
        with contextlib.suppress(ConnectionResetError):
            await self.say(HEARTBEAT)

    async def say(self, op: int, data: Any = None) -> None:
        await self.socket.send_str(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    def abort(self) -> None:
        """Break the connection without a word."""
        if self.session is not None and self.session.connection is self:
            self.session.connection = None
        if self.transport is not None:
            self.transport.abort()


class Gateway:
    """Speaks gateway v10 with whoever connects."""

    def __init__(self, fake: "FakeDiscord") -> None:
        self._fake = fake
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()
        #: How often the bot identified, and resumed.
        self.identified = 0
        self.resumed = 0
        self.heartbeats = 0
        self.heartbeat_seconds = 41.25
        self._names = iter(range(1, 1_000_000))

    def dispatch(
        self, event: str, data: Payload, *, guild: Guild | None = None,
        channel: Channel | None = None, stripped: Payload | None = None,
    ) -> None:  # fmt: skip
        """Tell every session that is to hear of it.

        Args:
            event: its name.
            data: its payload.
            guild: where it happened; None: in a DM, or nowhere.
            channel: if given, only a bot that can see it hears of the event.
            stripped: changes to the payload for sessions without the message-content intent.
        """
        if guild is not None and not guild.has_bot and event != "INTERACTION_CREATE":
            return
        if channel is not None and not may(channel, self._fake.bot, "view_channel"):
            return
        for session in self.sessions.values():
            if session.serves(guild) and session.wants(event, guild):
                bare = stripped is not None and not session.intents & MESSAGE_CONTENT
                session.add(event, {**data, **(stripped or {})} if bare else data)
        self._fake.changed()

    @property
    def connected(self) -> list[Session]:
        return [each for each in self.sessions.values() if each.connection is not None]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=2**20, compress=False)
        await socket.prepare(request)
        connection = Connection(socket, request.transport)
        self.connections.add(connection)
        writer: asyncio.Task[None] | None = None
        try:
            moment = Moment(self._fake, "gateway hello", transport=request.transport)
            await self._fake.act(moment)
            await connection.say(
                HELLO, {"heartbeat_interval": int(self.heartbeat_seconds * 1000), "_trace": []}
            )
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                said = json.loads(message.data)
                await self._hear(connection, said["op"], said.get("d"))
                if writer is None and connection.session is not None:
                    writer = asyncio.create_task(self._write(connection), name="fake gateway")
                self._fake.changed()
        except ConnectionResetError:
            pass
        finally:
            self.connections.discard(connection)
            if writer is not None:
                writer.cancel()
            session = connection.session
            if session is not None and session.connection is connection:
                session.connection = None
            self._fake.changed()
        return socket

    async def _write(self, connection: Connection) -> None:
        session = connection.session
        assert session is not None
        try:
            while True:
                while connection.sent < session.newest:
                    event, data = session.events[connection.sent]
                    moment = Moment(self._fake, f"dispatch {event}", transport=connection.transport)
                    await self._fake.act(moment)
                    if connection.socket.closed or session.connection is not connection:
                        return
                    line = {"op": DISPATCH, "d": data, "s": connection.sent + 1, "t": event}
                    await connection.socket.send_str(json.dumps(line))
                    connection.sent += 1
                self._fake.changed()
                connection.more.clear()
                if connection.sent == session.newest:
                    await connection.more.wait()
        except ConnectionResetError:
            return

    async def _hear(self, connection: Connection, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            self.heartbeats += 1
            if connection.session is not None:
                connection.session.seen = max(connection.session.seen, data or 0)
            await connection.say(ACK)
        elif op == IDENTIFY:
            await self._identify(connection, data)
        elif op == RESUME:
            await self._resume(connection, data)
        elif op == REQUEST_MEMBERS:
            self._members(connection, data)
        elif op != PRESENCE:
            await connection.socket.close(code=4001, message=b"Unknown opcode.")

    async def _identify(self, connection: Connection, data: Payload) -> None:
        fake = self._fake
        self.identified += 1
        fake.identifies.append(data)
        await fake.act(Moment(fake, "gateway identify", transport=connection.transport))
        if data["token"] != fake.token:
            await connection.socket.close(code=4004, message=b"Authentication failed.")
            return
        intents = data["intents"]
        refused = (
            (intents & MESSAGE_CONTENT and not fake.message_content)
            or (intents & GUILD_MEMBERS and not fake.members_intent)
            or intents & PRESENCES
        )
        if refused:
            await connection.socket.close(code=4014, message=b"Disallowed intent(s).")
            return
        number, count = data.get("shard", (0, 1))
        session = Session(f"session-{next(self._names)}", intents, (number, count))
        guilds = [
            guild for guild in fake.guilds.values() if guild.has_bot and session.serves(guild)
        ]
        session.add("READY", {
            "v": 10, "user": {**fake.bot.payload(), "verified": True, "mfa_enabled": True,
            "email": None}, "session_id": session.id, "session_type": "normal",
            "resume_gateway_url": fake.gateway_url, "shard": [number, count],
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "application": {"id": str(fake.application_id), "flags": fake.application_flags},
            "private_channels": [], "relationships": [], "presences": [],
            "geo_ordered_rtc_regions": [], "user_settings": {}, "_trace": [],
        })  # fmt: skip
        if session.wants("GUILD_CREATE", guilds[0] if guilds else None):
            for guild in guilds:
                session.add("GUILD_CREATE", guild.created(fake.bot))
        self.sessions[session.id] = session
        self._attach(connection, session, 0)

    async def _resume(self, connection: Connection, data: Payload) -> None:
        await self._fake.act(Moment(self._fake, "gateway resume", transport=connection.transport))
        if data["token"] != self._fake.token:
            await connection.socket.close(code=4004, message=b"Authentication failed.")
            return
        session = self.sessions.get(data["session_id"])
        if session is None or data["seq"] is None or data["seq"] > session.newest:
            await connection.say(INVALID_SESSION, False)
            return
        self.resumed += 1
        session.add("RESUMED", {"_trace": []})
        self._attach(connection, session, data["seq"])

    def _attach(self, connection: Connection, session: Session, sent: int) -> None:
        connection.session = session
        connection.sent = sent
        session.connection = connection
        connection.more.set()

    def _members(self, connection: Connection, data: Payload) -> None:
        session = connection.session
        if session is None:
            return
        ids = data["guild_id"]
        for guild_id in ids if isinstance(ids, list) else [ids]:
            guild = self._fake.guilds[int(guild_id)]
            wanted = data.get("user_ids")
            found = [
                member.payload() for member in guild.members.values()
                if (wanted is None or str(member.id) in map(str, wanted))
                and member.name.startswith(data.get("query") or "")
            ]  # fmt: skip
            session.add("GUILD_MEMBERS_CHUNK", {
                "guild_id": str(guild.id), "members": found, "chunk_index": 0, "chunk_count": 1,
                "not_found": [], "presences": [], "nonce": data.get("nonce"),
            })  # fmt: skip
