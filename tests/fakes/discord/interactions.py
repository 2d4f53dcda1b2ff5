"""One interaction on the loopback Discord: what was asked, and how the bot answered."""

import asyncio
from dataclasses import dataclass, field

from tests.fakes.discord.messages import Message
from tests.fakes.discord.world import Channel, Payload, User

#: Discord takes an interaction for lost when nobody has acknowledged it by then, seconds.
ACKNOWLEDGE_WITHIN = 3.0
COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
IN_GUILD, IN_BOT_DM = 0, 1
#: How long a test waits before it calls it a failure, seconds. Nothing else depends on it.
PATIENCE = 90.0


class NotOffered(Exception):
    """Discord would not offer this to that person there."""


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
    #: The interaction that opened the form that was sent.
    opened_by: "Interaction | None" = None
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
