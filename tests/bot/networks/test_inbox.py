"""Messages that are read again."""

from datetime import datetime
from typing import cast

from bot.core import Core
from bot.networks.comment_guesses import CommentGuesses
from bot.networks.inbox import Inbox
from bot.networks.network import Message, Network, Page
from bot.networks.replies import Replies
from bot.networks.watch import Watch
from storage.types import InboxKind, PlatformName
from tests.fakes.clock import FakeClock


class Mailbox:
    """A network with messages, all on one page."""

    name = PlatformName.LEMMY

    def __init__(self) -> None:
        self.inside: list[Message] = []

    async def me(self) -> str:
        return "peoria"

    async def messages(self, _: str | None) -> Page[Message]:
        return Page(self.inside, None, None)


class Guesses:
    """Takes a guess at the second try."""

    def __init__(self) -> None:
        self.tried: list[datetime | None] = []

    async def take(self, _: Message, *, looked_at: datetime | None) -> bool:
        self.tried.append(looked_at)
        if len(self.tried) == 1:
            raise ValueError
        return True


async def test_a_guess_that_failed_is_no_later_when_it_is_tried_again(
    core: Core, clock: FakeClock
) -> None:
    mailbox, guesses = Mailbox(), Guesses()
    inbox = Inbox(
        cast("Network", mailbox),
        core,
        cast("Replies", None),
        cast("Watch", None),
        cast("CommentGuesses", guesses),
    )
    before = clock()
    await inbox.read()
    clock.forward(60)
    mailbox.inside.append(Message("1", InboxKind.GUESS, "ann", clock(), "post"))
    for _ in range(3):
        clock.forward(60)
        await inbox.read()
    assert guesses.tried == [before, before]
