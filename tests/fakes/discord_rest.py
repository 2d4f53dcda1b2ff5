"""The REST API v10 of the loopback Discord: what the bot asks for, and what it is told."""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.fakes.discord_faults import Moment, answer
from tests.fakes.discord_validation import Validator, answer_problems
from tests.fakes.discord_world import (
    COMPONENTS_V2,
    EPHEMERAL,
    Channel,
    Guild,
    Message,
    Payload,
    Upload,
    User,
    may,
    numbered,
    walk,
)

if TYPE_CHECKING:
    from tests.fakes.discord import FakeDiscord, Interaction, Request

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


Handler = Callable[["Rest", Call], Awaitable[Any]]
_ROUTES: list[tuple[str, str, int, bool, Handler]] = []


def route(method: str, path: str, status: int = 200, *, token: bool = True) -> Any:
    """Register a handler; ``token``: whether the bot has to prove who it is."""

    def register(handler: Handler) -> Handler:
        _ROUTES.append((method, path, status, token, handler))
        return handler

    return register


class Rest:
    """Answers requests. What is asked, and what was wrong with it, is in ``fake.requests``."""

    def __init__(self, fake: "FakeDiscord") -> None:
        self._fake = fake
        self._validator = Validator()
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
        return self._validator.problems(entry.method, entry.route, entry.payload, entry.query)

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
        payload = message.payload(self._fake.bot)
        return payload if self._fake.sees_content(message) else payload | message.emptied()

    # The bot itself.

    @route("GET", "/users/@me")
    async def me(self, _: Call) -> Payload:
        fake = self._fake
        return {
            **fake.bot.payload(), "mfa_enabled": True, "locale": "en-US", "verified": True,
            "email": None, "premium_type": 0,
        }  # fmt: skip

    @route("GET", "/oauth2/applications/@me")
    @route("GET", "/applications/@me")
    async def application(self, _: Call) -> Payload:
        fake = self._fake
        return {
            "id": str(fake.application_id), "name": fake.bot.name, "icon": None,
            "description": "Will it play?", "bot_public": True, "bot_require_code_grant": False,
            "owner": fake.owner.payload(), "verify_key": "0" * 64, "team": None, "type": None,
            "flags": fake.application_flags, "bot": fake.bot.payload(), "redirect_uris": [],
            "interactions_endpoint_url": None, "role_connections_verification_url": None,
            "hook": True, "tags": [], "flags_new": str(fake.application_flags),
            "eligible_oauth2_scopes": [], "approximate_user_authorization_count": 0,
            "approximate_guild_count": len(fake.guilds),
            "approximate_user_install_count": 0, "explicit_content_filter": 0,
            "event_webhooks_url": None, "event_webhooks_status": 1, "rpc_origins": [],
            "integration_types_config": {"0": {}, "1": {}},
        }  # fmt: skip

    @route("GET", "/gateway")
    async def gateway(self, _: Call) -> Payload:
        return {"url": self._fake.gateway_url}

    @route("GET", "/gateway/bot")
    async def gateway_for_bots(self, _: Call) -> Payload:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
        return {
            "url": self._fake.gateway_url, "shards": self._fake.shards,
            "session_start_limit": limit,
        }  # fmt: skip

    @route("GET", "/users/@me/guilds")
    async def my_guilds(self, _: Call) -> list[Payload]:
        return [
            {
                "id": str(guild.id), "name": guild.name, "icon": None, "banner": None,
                "owner": False, "permissions": "0", "features": [],
            }
            for guild in self._fake.guilds.values() if guild.has_bot
        ]  # fmt: skip

    @route("POST", "/users/@me/channels")
    async def open_dm(self, call: Call) -> Payload:
        user = self._fake.users.get(int(call.payload["recipient_id"]))
        if user is None:
            raise Refused(400, INVALID_FORM, "Invalid Recipient(s)")
        return self._fake.dm(user).payload()

    @route("GET", "/users/{user_id}")
    async def user(self, call: Call) -> Payload:
        user = self._fake.users.get(call.id("user_id"))
        if user is None:
            raise Refused(404, UNKNOWN_USER, "Unknown User")
        return user.payload()

    # Guilds and channels.

    @route("GET", "/guilds/{guild_id}")
    async def get_guild(self, call: Call) -> Payload:
        return self.guild(call).payload()

    @route("GET", "/guilds/{guild_id}/channels")
    async def guild_channels(self, call: Call) -> list[Payload]:
        return [channel.payload() for channel in self.guild(call).channels.values()]

    @route("GET", "/guilds/{guild_id}/roles")
    async def guild_roles(self, call: Call) -> list[Payload]:
        return [role.payload() for role in self.guild(call).roles.values()]

    @route("GET", "/guilds/{guild_id}/emojis/{emoji_id}")
    async def guild_emoji(self, call: Call) -> Payload:
        name = self.guild(call).emojis.get(call.id("emoji_id"))
        if name is None:
            raise Refused(404, UNKNOWN_EMOJI, "Unknown Emoji")
        return {
            "id": str(call.id("emoji_id")), "name": name, "roles": [], "require_colons": True,
            "managed": False, "animated": False, "available": True,
        }  # fmt: skip

    @route("GET", "/guilds/{guild_id}/members/{user_id}")
    async def guild_member(self, call: Call) -> Payload:
        member = self.guild(call).members.get(call.id("user_id"))
        if member is None:
            raise Refused(404, UNKNOWN_MEMBER, "Unknown Member")
        return member.payload()

    @route("GET", "/guilds/{guild_id}/members")
    async def guild_members(self, call: Call) -> list[Payload]:
        if not self._fake.members_intent:
            raise Refused(403, MISSING_ACCESS, "Missing Access")
        after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 1))
        members = sorted(self.guild(call).members.values(), key=lambda member: member.id)
        return [each.payload() for each in members if each.id > after][:limit]

    @route("DELETE", "/users/@me/guilds/{guild_id}", 204)
    async def leave_guild(self, call: Call) -> None:
        self._fake.remove_bot(self.guild(call))

    @route("GET", "/channels/{channel_id}")
    async def get_channel(self, call: Call) -> Payload:
        return self.channel(call).payload()

    @route("POST", "/channels/{channel_id}/typing", 204)
    async def typing(self, call: Call) -> None:
        self.need(self.channel(call), "send_messages")

    # Messages.

    @route("GET", "/channels/{channel_id}/messages")
    async def history(self, call: Call) -> list[Payload]:
        channel = self.channel(call)
        if not may(channel, self._fake.bot, "read_message_history"):
            return []
        limit = int(call.query.get("limit", 50))
        ids = list(channel.messages)
        if "around" in call.query:
            middle = int(call.query["around"])
            older = [each for each in ids if each < middle][-(limit // 2) :]
            chosen = older + [each for each in ids if each >= middle][: limit - len(older)]
        elif "after" in call.query:
            chosen = [each for each in ids if each > int(call.query["after"])][:limit]
        else:
            before = int(call.query.get("before", 2**63))
            chosen = [each for each in ids if each < before][-limit:]
        return [self.seen(channel.messages[each]) for each in reversed(chosen)]

    @route("GET", "/channels/{channel_id}/messages/{message_id}")
    async def get_message(self, call: Call) -> Payload:
        self.need(self.channel(call), "read_message_history")
        return self.seen(self.message(call))

    @route("POST", "/channels/{channel_id}/messages")
    async def create_message(self, call: Call) -> Payload:
        channel, payload = self.channel(call), call.payload
        if channel.recipient is not None and not channel.recipient.dms_open:
            raise Refused(403, CANNOT_DM, "Cannot send messages to this user")
        self.need(channel, "send_messages")
        if payload.get("embeds"):
            self.need(channel, "embed_links")
        if call.files:
            self.need(channel, "attach_files")
        nonce = None if payload.get("nonce") is None else str(payload["nonce"])
        if nonce is not None and payload.get("enforce_nonce"):
            known = self._sent_before(channel, nonce)
            if known is not None:
                return self.seen(known)
        reference = payload.get("message_reference")
        replied = self._replied_to(channel, reference) if reference is not None else None
        message = self.build(call, channel)
        message.nonce = nonce
        if replied is not None:
            self._fake.refer(message, replied)
            allowed = message.allowed_mentions
            if allowed is None or allowed.get("replied_user", False):
                message.mentions.append(replied.author.user)
        self._fake.publish(message)
        return self.seen(message)

    def _sent_before(self, channel: Channel, nonce: str) -> Message | None:
        for known in reversed(channel.messages.values()):
            if self._fake.clock() - known.sent_at > self._fake.nonce_window:
                return None
            if known.author is self._fake.bot and known.nonce == nonce:
                return known
        return None

    def _replied_to(self, channel: Channel, reference: Payload) -> Message | None:
        if not may(channel, self._fake.bot, "read_message_history"):
            said = "Cannot reply without permission to read message history"
            raise Refused(403, NO_HISTORY, said)
        replied = channel.messages.get(int(reference["message_id"]))
        if replied is None and reference.get("fail_if_not_exists", True):
            raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return replied

    @route("PATCH", "/channels/{channel_id}/messages/{message_id}")
    async def edit_message(self, call: Call) -> Payload:
        message = self.message(call)
        if message.author is not self._fake.bot:
            raise Refused(403, OTHERS_MESSAGE, "Cannot edit a message authored by another user")
        self.change(message, call)
        return self.seen(message)

    @route("DELETE", "/channels/{channel_id}/messages/{message_id}", 204)
    async def delete_message(self, call: Call) -> None:
        message = self.message(call)
        if message.author is not self._fake.bot:
            self.need(message.channel, "manage_messages")
        self._fake.drop(message)

    def build(self, call: Call, channel: Channel, payload: Payload | None = None) -> Message:
        """The message that a request describes; it is not shown to anybody yet."""
        payload = call.payload if payload is None else payload
        message = Message(self._fake.new_id(), channel, self._fake.bot)
        message.flags = payload.get("flags") or 0
        message.allowed_mentions = payload.get("allowed_mentions")
        self._fill(message, call, payload)
        return message

    def change(self, message: Message, call: Call, payload: Payload | None = None) -> None:
        """Edit a message as a request asks, and tell who can see it."""
        self._fill(message, call, call.payload if payload is None else payload)
        message.edited_at = self._fake.clock()
        self._fake.announce_edit(message)

    def _fill(self, message: Message, call: Call, payload: Payload) -> None:
        if "content" in payload:
            message.content = payload["content"] or ""
        if len(message.content) > 2000:
            raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
        if "embeds" in payload:
            message.embeds = payload["embeds"] or []
        if "components" in payload:
            message.components = numbered(payload["components"] or [])
            self._check_components(message)
        if "attachments" in payload or call.files:
            self._attach(message, call, payload)
        if sum(_length(embed) for embed in message.embeds) > MAX_EMBED_TEXT:
            raise invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum of 6000")
        self._resolve_attachment_links(message)
        empty = not (message.content.strip() or message.embeds or message.attachments)
        if empty and not (message.flags & COMPONENTS_V2 and message.components):
            raise Refused(400, EMPTY_MESSAGE, "Cannot send an empty message")

    def _attach(self, message: Message, call: Call, payload: Payload) -> None:
        kept = {each.id: each for each in message.attachments}
        described = payload.get("attachments")
        if described is None:
            described = [{"id": position} for position in range(len(call.files))]
            described += [{"id": known} for known in kept]
        message.attachments = []
        for line in described:
            number = int(line["id"])
            if number in kept:
                message.attachments.append(kept[number])
            elif number < len(call.files):
                upload = call.files[number]
                if len(upload.data) > MAX_UPLOAD:
                    raise Refused(413, FILE_TOO_LARGE, "Request entity too large")
                upload.filename = line.get("filename") or upload.filename
                stored = self._fake.store(upload, message.channel)
                stored.description = line.get("description")
                message.attachments.append(stored)
            else:
                raise invalid("attachments", "INVALID_ATTACHMENT", "Unknown attachment")

    def _resolve_attachment_links(self, message: Message) -> None:
        named = {each.filename: each for each in message.attachments}
        for embed in message.embeds:
            for part in ("image", "thumbnail"):
                url = (embed.get(part) or {}).get("url", "")
                scheme, _, name = url.partition("://")
                if scheme == "attachment":
                    if name not in named:
                        raise invalid("embeds", "ATTACHMENT_NOT_FOUND", f"No attachment {name}")
                    embed[part] = {**embed[part], "url": named[name].url}
                elif url and scheme not in ("http", "https"):
                    raise invalid("embeds", "URL_TYPE_INVALID_SCHEME", f"Scheme of {url}")

    def _check_components(self, message: Message) -> None:
        ids = [part["custom_id"] for part in walk(message.components) if "custom_id" in part]
        if len(ids) != len(set(ids)):
            raise invalid(
                "components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id twice"
            )

    # Reactions.

    @route("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", 204)
    async def react(self, call: Call) -> None:
        message, emoji = self.message(call), call.path["emoji_name"]
        self.need(message.channel, "read_message_history")
        if not message.count(emoji):
            self.need(message.channel, "add_reactions")
        self._fake.add_reaction(message, self._fake.bot, emoji)

    @route("DELETE", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}/@me", 204)
    async def unreact(self, call: Call) -> None:
        self._fake.remove_reaction(self.message(call), self._fake.bot, call.path["emoji_name"])

    @route("GET", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji_name}")
    async def reacted(self, call: Call) -> list[Payload]:
        message = self.message(call)
        after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 25))
        if call.query.get("type") == "1":
            return []  # Super reactions, which nobody pays for here.
        ids = sorted(message.reactions.get(call.path["emoji_name"], ()))
        return [self._fake.users[each].payload() for each in ids if each > after][:limit]

    # Application commands.

    @route("GET", "/applications/{application_id}/commands")
    async def global_commands(self, _: Call) -> list[Payload]:
        return list(self._fake.commands.values())

    @route("PUT", "/applications/{application_id}/commands")
    async def set_global_commands(self, call: Call) -> list[Payload]:
        self._fake.commands = self._registered(self._fake.commands, call.payload)
        return list(self._fake.commands.values())

    @route("POST", "/applications/{application_id}/commands")
    async def add_global_command(self, call: Call) -> Payload:
        added = self._registered(self._fake.commands, [call.payload])
        self._fake.commands |= added
        return next(iter(added.values()))

    @route("GET", "/applications/{application_id}/guilds/{guild_id}/commands")
    async def guild_commands(self, call: Call) -> list[Payload]:
        return list(self._fake.guild_commands.get(self.guild(call).id, {}).values())

    @route("PUT", "/applications/{application_id}/guilds/{guild_id}/commands")
    async def set_guild_commands(self, call: Call) -> list[Payload]:
        guild = self.guild(call)
        known = self._fake.guild_commands.get(guild.id, {})
        self._fake.guild_commands[guild.id] = self._registered(known, call.payload, guild)
        return list(self._fake.guild_commands[guild.id].values())

    @route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions")
    async def command_permissions(self, _: Call) -> list[Payload]:
        return []

    def _registered(
        self, known: dict[tuple[str, int], Payload], wanted: list[Payload],
        guild: Guild | None = None,
    ) -> dict[tuple[str, int], Payload]:  # fmt: skip
        commands = {}
        for command in wanted:
            key = (command["name"], command.get("type", 1))
            stored = {
                "type": 1, "description": "", "default_member_permissions": None, "nsfw": False,
                "dm_permission": True, "contexts": None, "integration_types": [0],
                "name_localizations": None, "description_localizations": None,
                **{name: value for name, value in command.items() if value is not None},
                "id": known[key]["id"] if key in known else str(self._fake.new_id()),
                "application_id": str(self._fake.application_id),
                "version": str(self._fake.new_id()),
            }  # fmt: skip
            if stored["default_member_permissions"] is not None:
                stored["default_member_permissions"] = str(stored["default_member_permissions"])
            if guild is not None:
                stored["guild_id"] = str(guild.id)
            commands[key] = stored
        return commands

    # Interactions.

    @route("POST", "/interactions/{interaction_id}/{interaction_token}/callback", token=False)
    async def callback(self, call: Call) -> Payload | None:
        interaction = self._fake.interactions.get(call.path["interaction_token"])
        if interaction is None or interaction.too_late:
            raise Refused(404, UNKNOWN_INTERACTION, "Unknown interaction")
        if interaction.callback is not None:
            raise Refused(400, ALREADY_ACKNOWLEDGED, "Interaction has already been acknowledged.")
        message = self._respond(interaction, call)
        interaction.acknowledge(call.payload)
        if message is not None and call.payload["type"] in (4, 5):
            self._fake.publish(message)
        self._fake.settle_interaction(interaction)
        return _callback_response(interaction, message, self._fake.bot)

    def _respond(self, interaction: "Interaction", call: Call) -> Message | None:
        kind, data = call.payload["type"], call.payload.get("data") or {}
        if kind == 4:
            message = self.build(call, interaction.channel, data)
        elif kind == 5:
            message = Message(self._fake.new_id(), interaction.channel, self._fake.bot)
            message.flags, message.loading = data.get("flags", 0), True
        elif kind in (6, 7):
            if interaction.message is None:
                raise invalid("type", "BASE_TYPE_CHOICES", "Only components can update a message.")
            if kind == 7:
                self.change(interaction.message, call, data)
            interaction.response = interaction.message
            return interaction.message
        elif kind == 8:
            interaction.choices = data["choices"]
            return None
        elif kind == 9:
            interaction.modal = data
            return None
        else:
            raise invalid("type", "BASE_TYPE_CHOICES", f"Callback type {kind}.")
        self._belongs(message, interaction)
        interaction.response = message
        return message

    def _belongs(self, message: Message, interaction: "Interaction") -> None:
        message.webhook_id = self._fake.application_id
        message.interaction = _origin(interaction)
        if interaction.opened_by is not None:
            message.interaction["triggering_interaction_metadata"] = _origin(interaction.opened_by)
        elif interaction.command is not None:
            message.interaction |= {"name": interaction.command["name"], "command_type": 1}
        if message.ephemeral:
            message.only_for = interaction.user

    def _interaction(self, call: Call) -> "Interaction":
        fake = self._fake
        if call.id("webhook_id") != fake.application_id:
            raise Refused(404, UNKNOWN_WEBHOOK, "Unknown Webhook")
        interaction = fake.interactions.get(call.path["webhook_token"])
        if interaction is None or interaction.age > TOKEN_SECONDS:
            raise Refused(401, INVALID_WEBHOOK_TOKEN, "Invalid Webhook Token")
        if interaction.callback is None:
            raise Refused(404, UNKNOWN_WEBHOOK, "Unknown Webhook")
        return interaction

    def _original(self, call: Call) -> "tuple[Interaction, Message]":
        interaction = self._interaction(call)
        if interaction.response is None or interaction.response.deleted:
            raise Refused(404, UNKNOWN_MESSAGE, "Unknown Message")
        return interaction, interaction.response

    @route("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", token=False)
    async def get_original(self, call: Call) -> Payload:
        return self._original(call)[1].payload(self._fake.bot)

    @route("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", token=False)
    async def edit_original(self, call: Call) -> Payload:
        interaction, message = self._original(call)
        self.change(message, call)
        message.loading = False
        interaction.edits.append(call.payload)
        self._fake.settle_interaction(interaction)
        return message.payload(self._fake.bot)

    @route("DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/@original", 204, token=False)
    async def delete_original(self, call: Call) -> None:
        interaction, message = self._original(call)
        self._fake.drop(message)
        self._fake.settle_interaction(interaction)

    @route("POST", "/webhooks/{webhook_id}/{webhook_token}", token=False)
    async def follow_up(self, call: Call) -> Payload:
        interaction = self._interaction(call)
        original = interaction.response
        if original is not None and original.loading and not original.deleted:
            # The first follow-up of a deferred answer takes its place, its ephemerality included.
            self.change(original, call)
            original.loading = False
            interaction.followups.append(original)
            self._fake.settle_interaction(interaction)
            return original.payload(self._fake.bot)
        message = self.build(call, interaction.channel)
        self._belongs(message, interaction)
        interaction.followups.append(message)
        self._fake.publish(message)
        self._fake.settle_interaction(interaction)
        return message.payload(self._fake.bot)

    def _followup(self, call: Call) -> Message:
        interaction = self._interaction(call)
        for message in interaction.messages:
            if message.id == call.id("message_id") and not message.deleted:
                return message
        raise Refused(404, UNKNOWN_MESSAGE, "Unknown Message")

    @route("GET", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", token=False)
    async def get_follow_up(self, call: Call) -> Payload:
        return self._followup(call).payload(self._fake.bot)

    @route("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", token=False)
    async def edit_follow_up(self, call: Call) -> Payload:
        message = self._followup(call)
        self.change(message, call)
        return message.payload(self._fake.bot)

    @route(
        "DELETE", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}", 204, token=False
    )
    async def delete_follow_up(self, call: Call) -> None:
        self._fake.drop(self._followup(call))


def _origin(interaction: "Interaction") -> Payload:
    origin: Payload = {
        "id": str(interaction.id), "type": interaction.kind, "user": interaction.user.payload(),
        "authorizing_integration_owners": {},
    }  # fmt: skip
    if interaction.kind == COMPONENT and interaction.message is not None:
        origin["interacted_message_id"] = str(interaction.message.id)
    return origin


def _callback_response(interaction: "Interaction", message: Message | None, bot: User) -> Payload:
    assert interaction.callback is not None
    kind = interaction.callback["type"]
    told: Payload = {"id": str(interaction.id), "type": interaction.kind}
    body: Payload = {"interaction": told}
    if message is not None:
        told["response_message_id"] = str(message.id)
        told["response_message_loading"] = kind == 5
        told["response_message_ephemeral"] = bool(message.flags & EPHEMERAL)
        if kind in (4, 7):
            body["resource"] = {"type": kind, "message": message.payload(bot)}
    return body


def _length(embed: Payload) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for each in embed.get("fields") or []:
        texts += [each["name"], each["value"]]
    return sum(len(text) for text in texts if text)
