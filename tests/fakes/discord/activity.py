"""What people do on the loopback Discord: they post, edit, delete and react."""

from collections.abc import Iterable, Sequence
from typing import Any

from tests.fakes.discord.messages import Message, emoji_payload
from tests.fakes.discord.people import Image, People, as_upload, where
from tests.fakes.discord.world import Channel, Payload, Person

FORWARDED = 1 << 14


class Activity(People):
    """The part of `FakeDiscord` in which people do something."""

    async def post_message(
        self, channel: Channel, author: Person, *, content: str = "",
        attachments: Iterable[Image] = (), embeds: Sequence[Payload] = (),
        reply_to: Message | None = None, webhook: bool = False,
        application_id: int | None = None, stickers: Sequence[Payload] = (),
        components: Sequence[Payload] = (),
    ) -> Message:  # fmt: skip
        """Somebody posts. ``webhook``: it is no person, but a webhook with their name."""
        message = Message(self.new_id(), channel, author, content, list(embeds))
        message.attachments = [self.store(as_upload(each), channel) for each in attachments]
        message.application_id = application_id
        message.stickers, message.components = [*stickers], [*components]
        if webhook:
            message.webhook_id = self.new_id()
        if f"<@{self.bot.id}>" in content:
            message.mentions.append(self.bot)
        if reply_to is not None:
            self.refer(message, reply_to)
        self.publish(message)
        return message

    async def forward(self, channel: Channel, person: Person, message: Message) -> Message:
        """Somebody passes a message on."""
        passed_on = Message(self.new_id(), channel, person, flags=FORWARDED, forwarded=message)
        passed_on.reference = {
            "type": 1, "message_id": str(message.id), **where(message.channel),
        }  # fmt: skip
        self.publish(passed_on)
        return passed_on

    async def begin_thread(
        self, forum: Channel, author: Person, name: str, *, content: str = "",
        attachments: Iterable[Image] = (),
    ) -> Message:  # fmt: skip
        """Somebody posts in a forum: a thread, and in it a message that has its id."""
        thread = self.thread(forum, name)
        message = Message(thread.id, thread, author, content)
        message.attachments = [self.store(as_upload(each), thread) for each in attachments]
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
        event = {"ids": ids, **where(channel)}
        self.gateway.dispatch("MESSAGE_DELETE_BULK", event, guild=channel.guild, channel=channel)

    async def react(self, person: Person, message: Message, emoji: str) -> None:
        self.add_reaction(message, person, emoji)

    async def unreact(self, person: Person, message: Message, emoji: str) -> None:
        self.remove_reaction(message, person, emoji)

    async def clear_reactions(self, message: Message) -> None:
        message.reactions.clear()
        self.tell_about(message, "MESSAGE_REACTION_REMOVE_ALL", {})

    async def clear_emoji(self, message: Message, emoji: str) -> None:
        message.reactions.pop(emoji, None)
        self.tell_about(message, "MESSAGE_REACTION_REMOVE_EMOJI", {"emoji": emoji_payload(emoji)})
