"""Answers to messages that wait to be sent: each is claimed, sent once, and ends somehow.

From its claim on an answer may have been sent: whoever comes to it next looks for it first, and not
before that try has ended.
"""

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta

from sqlalchemy import Update, select, update

from bot.platform import PlatformUnavailable, PostGone, ReplyDeclined, RequestFailed
from bot.runtime.clock import Clock
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.tables import InboxItem
from storage.types import InboxKind, PlatformName, ReplyState

log = logging.getLogger(__name__)

#: Tries of one answer, and the wait before the second; they double.
MAX_TRIES = 8
FIRST_WAIT = timedelta(seconds=30)
#: An answer that was claimed is nobody else's for this long: longer than a network takes to answer.
CLAIMED_FOR = timedelta(minutes=1)


class AnswerQueue:
    """The answers of a platform that are to be sent.

    Args:
        kinds: what is answered here.
        refused: what says that an answer will never be taken; its text is the reason.
    """

    def __init__(
        self,
        database: Database,
        platform: PlatformName,
        kinds: Collection[InboxKind],
        refused: tuple[type[Exception], ...],
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._platform = platform
        self._kinds = frozenset(kinds)
        self._refused: tuple[type[Exception], ...] = (ReplyDeclined, PostGone, *refused)
        self._clock = clock

    async def each_due(self, answer: Callable[[InboxItem], Awaitable[None]]) -> None:
        """Have every message answered whose time has come, the oldest first.

        Args:
            answer: sends one. What it raises puts that one off, or ends it; the others go on.
        """
        async with self._database.read() as session:
            due = (
                await session.scalars(
                    select(InboxItem)
                    .where(
                        InboxItem.platform == self._platform,
                        InboxItem.kind.in_(self._kinds),
                        InboxItem.due_at <= self._clock(),
                    )
                    .order_by(InboxItem.due_at, InboxItem.id)
                )
            ).all()
        for item in due:
            try:
                await answer(item)
            except (PlatformUnavailable, RequestFailed) as error:
                log.info("Message %s is answered later (%s).", item.source_id, error)
                after = error.retry_after if isinstance(error, PlatformUnavailable) else None
                await self._later(item, after)
            except self._refused as error:
                await self._end(item, ReplyState.SKIPPED, reason=str(error))
            except Exception:
                # One message that cannot be answered must not stop the others.
                log.exception("Message %s could not be answered; tried again.", item.source_id)
                await self._later(item, None)

    async def claim(self, item: InboxItem) -> bool:
        """Record that an answer is about to be sent; return whether nobody else did."""
        async with self._database.write(alone_in=ITS_ROWS) as session:
            claimed = await session.execute(
                update(InboxItem)
                .where(
                    InboxItem.id == item.id,
                    InboxItem.state == ReplyState.PENDING,
                    InboxItem.tries == item.tries,
                )
                .values(tries=item.tries + 1, due_at=self._clock() + CLAIMED_FOR)
                .returning(InboxItem.id)
            )
            return claimed.first() is not None

    async def note_sent(self, item: InboxItem, answer_id: str) -> None:
        """Note that an answer was sent, and its id on the platform."""
        await self._end(item, ReplyState.SENT, answer_id=answer_id)

    async def _later(self, item: InboxItem, after: timedelta | None) -> None:
        """Try again later, unless it was tried often enough."""
        async with self._database.write(alone_in=ITS_ROWS) as session:
            tries = await session.scalar(select(InboxItem.tries).filter_by(id=item.id)) or 0
            values: dict[str, object] = {
                "due_at": self._clock() + (after or FIRST_WAIT * 2**tries),
            }
            if tries >= MAX_TRIES:
                name = self._platform.value.capitalize()
                values = {
                    "state": ReplyState.SKIPPED,
                    "due_at": None,
                    "reason": f"{name} could not be reached often enough.",
                }
            await session.execute(_waiting(item).values(**values))

    async def _end(
        self,
        item: InboxItem,
        state: ReplyState,
        *,
        answer_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        async with self._database.write(alone_in=ITS_ROWS) as session:
            await session.execute(
                _waiting(item).values(
                    state=state,
                    due_at=None,
                    reason=reason,
                    answer_id=answer_id,
                    answered_at=self._clock() if answer_id else None,
                )
            )


def _waiting(item: InboxItem) -> Update:
    """A change of a message that still waits; one that was deleted meanwhile stays away."""
    return update(InboxItem).where(InboxItem.id == item.id, InboxItem.state == ReplyState.PENDING)
