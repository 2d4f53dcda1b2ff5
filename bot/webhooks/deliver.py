"""Delivering what webhooks are to be told: each message is claimed, sent, and tried again later."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from sqlalchemy import CursorResult, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.notices import NoticeKind
from bot.runtime.clock import Clock
from bot.runtime.lanes import Lanes
from bot.runtime.metrics import WEBHOOK_TRIES
from bot.webhooks.addresses import secret_of
from bot.webhooks.send import Sender, Sent, signature_headers
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.tables import Notice, Webhook, WebhookMessage

log = logging.getLogger(__name__)

#: Messages that are looked at in one tick.
BATCH = 100
#: A message that somebody is sending is nobody else's for this long.
CLAIMED_FOR = timedelta(minutes=2)
#: Before each further try; after the last one the webhook is given up.
PAUSES = tuple(
    timedelta(seconds=each)
    for each in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)

_MESSAGES = table_of(WebhookMessage)


@dataclass(frozen=True, slots=True)
class _Due:
    message: WebhookMessage
    webhook: Webhook


class WebhookDelivery:
    """Sends what is due.

    Args:
        database: holds the messages.
        sender: sends one.
        key: the people key, which secrets are made of.
        keep_days: how long messages that were sent, or given up, are kept, days.
        clock: the time.
    """

    def __init__(
        self,
        database: Database,
        sender: Sender,
        *,
        key: bytes,
        keep_days: float = 7.0,
        clock: Clock,
    ) -> None:
        self._database = database
        self._keep = timedelta(days=keep_days)
        self._sender = sender
        self._key = key
        self._clock = clock
        self._lanes: Lanes[int] = Lanes("Messages of webhooks")

    async def deliver(self) -> int:
        """Send the messages that are due; return how many there were."""
        due = await self._database.run_read(self._due)
        # A receiver that does not answer keeps no other waiting.
        await self._lanes.take(due, lambda each: each.webhook.id, self._deliver_one)
        return len(due)

    async def sweep(self) -> int:
        """Forget messages that are done; return how many."""
        ended = select(Webhook.id).where(Webhook.ended_at.is_not(None))
        old = delete(_MESSAGES).where(
            or_(_MESSAGES.c.due_at.is_(None), _MESSAGES.c.webhook_id.in_(ended)),
            _MESSAGES.c.made_at < self._clock() - self._keep,
        )
        return await self._database.run_write(partial(_count, statement=old), alone_in=ITS_ROWS)

    async def stop(self) -> None:
        """Stop sending; what was not sent is due later."""
        await self._lanes.stop()
        await self._sender.close()

    def _due(self, session: Session) -> list[_Due]:
        rows = session.execute(
            select(WebhookMessage, Webhook)
            .join(Webhook, Webhook.id == WebhookMessage.webhook_id)
            .where(
                WebhookMessage.due_at <= self._clock(),
                # One that ended while its message was being written has it still.
                Webhook.ended_at.is_(None),
                Webhook.id.not_in(self._lanes.busy),
            )
            .order_by(WebhookMessage.due_at, WebhookMessage.id)
            .limit(BATCH)
        )
        return [_Due(message, webhook) for message, webhook in rows]

    async def _deliver_one(self, due: _Due) -> None:
        if not await self._claim(due.message):
            return
        message, webhook = due.message, due.webhook
        headers = signature_headers(
            secret_of(self._key, webhook), message.message_id, message.body, self._clock()
        )
        sent = await self._sender.send(webhook.url, message.body, headers)
        WEBHOOK_TRIES.labels("failed" if sent.fault else "taken").inc()
        await self._database.run_write(partial(self._note, due=due, sent=sent), alone_in=ITS_ROWS)

    async def _claim(self, message: WebhookMessage) -> bool:
        """Whether nobody else sends it: of two processes, one moves its time on."""
        claimed = (
            update(_MESSAGES)
            .where(_MESSAGES.c.id == message.id, _MESSAGES.c.due_at == message.due_at)
            .values(due_at=self._clock() + CLAIMED_FOR, tries=message.tries + 1)
        )
        claim = partial(_count, statement=claimed)
        return await self._database.run_write(claim, alone_in=ITS_ROWS) == 1

    def _note(self, session: Session, due: _Due, sent: Sent) -> None:
        # Messages that are being written meanwhile point at the webhook, and wait for it.
        webhook = session.get(Webhook, due.webhook.id, with_for_update=True)
        message = session.get(WebhookMessage, due.message.id, with_for_update=True)
        if webhook is None or message is None:
            # Removed meanwhile.
            return
        now = self._clock()
        if sent.fault is None:
            message.due_at, webhook.answered_at, webhook.fault = None, now, None
            return
        webhook.fault = sent.fault
        if sent.gone or message.tries > len(PAUSES):
            _give_up(session, webhook, sent, now)
            return
        message.due_at = now + PAUSES[message.tries - 1]
        log.info(
            "Webhook %s was not told (%s); it is tried again at %s.",
            webhook.id,
            sent.fault,
            message.due_at,
        )


def _give_up(session: Session, webhook: Webhook, sent: Sent, now: datetime) -> None:
    """Tell a webhook nothing more, and the admins why."""
    if webhook.ended_at is not None:
        return
    webhook.ended_at = now
    session.execute(
        update(_MESSAGES).where(_MESSAGES.c.webhook_id == webhook.id).values(due_at=None)
    )
    why = "it asked for that" if sent.gone else f"{len(PAUSES) + 1} tries failed"
    text = (
        f"The webhook {webhook.id} at {urlsplit(webhook.url).hostname} is told nothing more: {why}."
        f" {sent.fault} When it answers again, remove it and add it anew (`main.py webhook`)."
    )
    log.warning("%s", text)
    session.add(Notice(kind=NoticeKind.SERVICE.value, text=text, made_at=now))


def _count(session: Session, statement: object) -> int:
    result = session.execute(statement)  # type: ignore[call-overload]
    assert isinstance(result, CursorResult)  # noqa: S101 - what an UPDATE gives
    return result.rowcount
