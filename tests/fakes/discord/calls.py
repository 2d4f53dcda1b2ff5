"""Requests to the loopback Discord: taken apart, checked, limited, and handed to who answers."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord.faults import Moment, answer
from tests.fakes.discord.messages import Message, Upload
from tests.fakes.discord.validation import answer_problems, request_problems
from tests.fakes.discord.world import Channel, Guild, Payload, may

if TYPE_CHECKING:
    from tests.fakes.discord.server import FakeDiscord, Request

UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MEMBER, UNKNOWN_MESSAGE = 10003, 10004, 10007, 10008
UNKNOWN_USER, UNKNOWN_EMOJI, UNKNOWN_WEBHOOK = 10013, 10014, 10015
UNKNOWN_INTERACTION = 10062
MISSING_ACCESS, OTHERS_MESSAGE, EMPTY_MESSAGE, CANNOT_DM = 50001, 50005, 50006, 50007
MISSING_PERMISSIONS, INVALID_WEBHOOK_TOKEN, INVALID_FORM = 50013, 50027, 50035
ALREADY_ACKNOWLEDGED, NO_HISTORY, FILE_TOO_LARGE = 40060, 160002, 40005
#: The most characters that all embeds of a message may have together, and bytes of an upload.
MAX_EMBED_TEXT, MAX_UPLOAD = 6000, 10 * 2**20
COMPONENT = 3
#: An interaction's token lives this long.
TOKEN_SECONDS = 15 * 60


class Refused(Exception):
    """An error answer of the API."""

    def __init__(self, status: int, code: int, message: str, errors: Payload | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Payload = {"message": message, "code": code}
        if errors is not None:
            self.body["errors"] = errors


def invalid(field_: str, code: str, message: str) -> Refused:
    errors = {field_: {"_errors": [{"code": code, "message": message}]}}
    return Refused(400, INVALID_FORM, "Invalid Form Body", errors)


@dataclass(eq=False)
class Call:
    """One request, taken apart."""

    path: dict[str, str]
    query: dict[str, str]
    payload: Any
    files: list[Upload] = field(default_factory=list)

    def id(self, name: str) -> int:
        text = self.path[name]
        if not text.isdigit():
            raise invalid(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
        return int(text)


Handler = Callable[[Any, Call], Awaitable[Any]]
_ROUTES: list[tuple[str, str, int, bool, Handler]] = []


def route(method: str, path: str, status: int = 200, *, token: bool = True) -> Any:
    """Register a handler; ``token``: whether the bot has to prove who it is."""

    def register(handler: Handler) -> Handler:
        _ROUTES.append((method, path, status, token, handler))
        return handler

    return register


class Calls:
    """Takes requests. What is asked, and what was wrong with it, is in ``fake.requests``."""

    def __init__(self, fake: "FakeDiscord") -> None:
        self._fake = fake
        self._limits: dict[str, tuple[int, float]] = {}
        #: (window's begin, used) by route and channel.
        self._used: dict[str, tuple[float, int]] = {}

    def add_routes(self, app: web.Application, prefix: str) -> None:
        for method, path, status, token, handler in _ROUTES:
            app.router.add_route(
                method, prefix + path, self._serving(method, path, status, token, handler)
            )
        app.router.add_route("*", prefix + "/{rest:.*}", self._unknown)

    def limit(self, step: str, times: int, seconds: float) -> None:
        """Answer 429 to whoever asks more often, by channel, guild or webhook as Discord does."""
        self._limits[step] = (times, seconds)

    def problems(self, entry: "Request") -> list[str]:
        """What is wrong with a request."""
        return [*request_problems(entry.method, entry.route, entry.payload, entry.query)]

    async def _unknown(self, request: web.Request) -> web.StreamResponse:
        entry = self._fake.log_request(request.method, "unknown", request.path, {}, None)
        entry.problems.append("the loopback Discord has no such route")
        entry.status = 404
        return answer(404, {"message": "404: Not Found", "code": 0})

    def _serving(
        self, method: str, path: str, status: int, token: bool, handler: Handler
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        step = f"{method} {path}"

        async def serve(request: web.Request) -> web.StreamResponse:
            fake = self._fake
            call = await self._read(request)
            entry = fake.log_request(method, path, request.path, call.query, call.payload)
            entry.files = call.files
            started = time.perf_counter()
            fake.in_flight += 1
            try:
                moment = Moment(fake, step, entry, request.transport)
                response = await fake.act(moment)
                if response is None:
                    response = self._limited(step, call)
                if response is None:
                    response = await self._answer(request, entry, call, status, token, handler)
                after = await fake.act(Moment(fake, f"after {step}", entry, request.transport))
                response = after or response
                entry.status = response.status
                return response
            finally:
                entry.seconds = time.perf_counter() - started
                fake.in_flight -= 1
                fake.changed()

        return serve

    async def _answer(
        self, request: web.Request, entry: "Request", call: Call, status: int, token: bool,
        handler: Handler,
    ) -> web.StreamResponse:  # fmt: skip
        fake = self._fake
        if token and request.headers.get("Authorization") != f"Bot {fake.token}":
            return answer(401, {"message": "401: Unauthorized", "code": 0})
        if not fake.validate_late:
            entry.problems = self.problems(entry)
        if entry.problems:
            wrong = {"code": INVALID_FORM, "message": "Invalid Form Body"}
            return answer(400, {**wrong, "errors": {"_": entry.problems}})
        try:
            body = await handler(self, call)
        except Refused as refused:
            return answer(refused.status, refused.body)
        if fake.check_answers:
            fake.wrong_answers += [
                f"{entry.step}: {each}" for each in answer_problems(entry.method, entry.route, body)
            ]
        return answer(status, body, self._headers(entry.step, call))

    async def _read(self, request: web.Request) -> Call:
        payload: Any = None
        files: list[Upload] = []
        if request.content_type == "multipart/form-data":
            async for part in await request.multipart():
                data = bytes(await part.read())
                if part.name == "payload_json":
                    payload = json.loads(data)
                else:
                    files.append(Upload(data, part.filename or "file"))
        elif request.can_read_body:
            payload = json.loads(await request.read())
        return Call(dict(request.match_info), dict(request.query), payload, files)

    def _bucket(self, step: str, call: Call) -> str:
        major = call.path.get("channel_id") or call.path.get("guild_id")
        return f"{step} {major or call.path.get('webhook_token', '')}"

    def _headers(self, step: str, call: Call) -> dict[str, str]:
        times, seconds = self._limits.get(step, (1000, 1.0))
        begin, used = self._used.get(self._bucket(step, call), (time.monotonic(), 1))
        left = max(begin + seconds - time.monotonic(), 0.0)
        return {
            "X-RateLimit-Limit": str(times), "X-RateLimit-Remaining": str(max(times - used, 0)),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
            "X-RateLimit-Bucket": f"{hash(step) & 0xFFFFFFFF:08x}", "Via": "1.1 google",
        }  # fmt: skip

    def _limited(self, step: str, call: Call) -> web.StreamResponse | None:
        if step not in self._limits:
            return None
        times, seconds = self._limits[step]
        bucket, now = self._bucket(step, call), time.monotonic()
        begin, used = self._used.get(bucket, (now, 0))
        if now >= begin + seconds:
            begin, used = now, 0
        self._used[bucket] = (begin, used + 1)
        if used < times:
            return None
        wait = round(begin + seconds - now, 3)
        body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
        headers = self._headers(step, call) | {
            "Retry-After": f"{wait:g}", "X-RateLimit-Scope": "user", "X-RateLimit-Remaining": "0",
        }  # fmt: skip
        return answer(429, body, headers)

    # What exists.

    def channel(self, call: Call) -> Channel:
        channel = self._fake.channels.get(call.id("channel_id"))
        if channel is None:
            raise Refused(404, UNKNOWN_CHANNEL, "Unknown Channel")
        if not may(channel, self._fake.bot, "view_channel"):
            raise Refused(403, MISSING_ACCESS, "Missing Access")
        return channel

    def need(self, channel: Channel, *permissions: str) -> None:
        if not all(may(channel, self._fake.bot, each) for each in permissions):
            raise Refused(403, MISSING_PERMISSIONS, "Missing Permissions")

    def message(self, call: Call) -> Message:
        channel = self.channel(call)
        message = channel.messages.get(call.id("message_id"))
        if message is None:
            raise Refused(404, UNKNOWN_MESSAGE, "Unknown Message")
        return message

    def guild(self, call: Call) -> Guild:
        guild = self._fake.guilds.get(call.id("guild_id"))
        if guild is None or not guild.has_bot:
            raise Refused(404, UNKNOWN_GUILD, "Unknown Guild")
        return guild

    def seen(self, message: Message) -> Payload:
        """A message as the API shows it to the bot, with or without its content."""
        for attachment in message.attachments:
            self._fake.sign(attachment)
        payload = message.payload(self._fake.bot)
        return payload if self._fake.sees_content(message) else payload | message.emptied()
