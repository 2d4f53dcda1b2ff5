"""The API of the loopback Discord about messages and reactions."""

from tests.fakes.discord.calls import (
    CANNOT_DM,
    EMPTY_MESSAGE,
    FILE_TOO_LARGE,
    MAX_EMBED_TEXT,
    MAX_UPLOAD,
    NO_HISTORY,
    OTHERS_MESSAGE,
    Call,
    Calls,
    Refused,
    invalid,
    route,
)
from tests.fakes.discord.messages import Message, numbered, walk
from tests.fakes.discord.world import COMPONENTS_V2, Channel, Payload, may


class MessageRoutes(Calls):
    """Answers what is asked about messages."""

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
        self.need(channel, "send_messages_in_threads" if channel.is_thread else "send_messages")
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


def _length(embed: Payload) -> int:
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for each in embed.get("fields") or []:
        texts += [each["name"], each["value"]]
    return sum(len(text) for text in texts if text)
