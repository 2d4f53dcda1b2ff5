"""Webhooks there are: added, listed and removed by whoever runs this Peoria."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.runtime.public_addresses import is_address, is_public
from bot.webhooks.events import Event
from storage.errors import ExpectedError
from storage.tables import Webhook

_MOST_CHARACTERS = 2000


class WebhookRefused(ExpectedError):
    """A webhook cannot be added or removed; the message says why."""


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """A webhook that was just added, and the secret its receiver checks messages by."""

    row: Webhook
    secret: str = field(repr=False)


def add_webhook(
    session: Session,
    url: str,
    events: Sequence[Event],
    *,
    key: bytes,
    now: datetime,
    trusted_hosts: Sequence[str],
) -> NewWebhook:
    """Add a webhook. Needs a write session.

    Args:
        session: to write with.
        url: where it listens.
        events: what it is told of, at least one.
        key: the people key.
        now: aware.
        trusted_hosts: those that may be private, and need no TLS.

    Raises:
        WebhookRefused: the address cannot be used, or there is no event.
    """
    if not events:
        raise WebhookRefused(f"Say what it is told of: {', '.join(Event)}.")
    check_address(url, trusted_hosts)
    row = Webhook(
        url=url,
        salt=secrets.token_hex(32),
        events=[event.value for event in Event if event in events],
        created_at=now,
    )
    session.add(row)
    session.flush()
    return NewWebhook(row, secret_text(secret_of(key, row)))


def check_address(url: str, trusted_hosts: Sequence[str]) -> None:
    """Refuse what no message may be sent to.

    Raises:
        WebhookRefused: it is no web address, has no TLS, or is private.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise WebhookRefused("This is not a web address.") from error
    printable = url.isascii() and url.isprintable() and " " not in url
    if not host or not printable or len(url) > _MOST_CHARACTERS or parts.username:
        raise WebhookRefused(
            "Give the address of the receiver, such as https://example.org/peoria, without a name"
            " or a password in it."
        )
    if host in trusted_hosts and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https":
        raise WebhookRefused(
            "The address must begin with https://; hosts in PEORIA_WEBHOOK_ALLOW_HOSTS may do"
            " without."
        )
    if is_address(host) and not is_public(host):
        raise WebhookRefused(
            "This address is private; PEORIA_WEBHOOK_ALLOW_HOSTS names hosts that may be."
        )


def list_webhooks(session: Session) -> Sequence[Webhook]:
    """All webhooks, the oldest first."""
    return session.scalars(select(Webhook).order_by(Webhook.id)).all()


def find_webhook(session: Session, webhook_id: int) -> Webhook:
    """One webhook.

    Raises:
        WebhookRefused: there is none with this number.
    """
    row = session.get(Webhook, webhook_id)
    if row is None:
        raise WebhookRefused(
            f"There is no webhook {webhook_id}: `main.py webhook list` shows them."
        )
    return row


def remove_webhook(session: Session, webhook_id: int) -> Webhook:
    """Remove a webhook, with all that it was still to be told. Needs a write session.

    Raises:
        WebhookRefused: there is none with this number.
    """
    row = find_webhook(session, webhook_id)
    session.delete(row)
    return row


def secret_of(key: bytes, webhook: Webhook) -> bytes:
    """What its messages are signed with: made anew each time, stored nowhere."""
    return hmac.new(key, f"webhook secret {webhook.salt}".encode(), hashlib.sha256).digest()


def secret_text(secret: bytes) -> str:
    """A secret as the libraries of Standard Webhooks take it."""
    return f"whsec_{base64.b64encode(secret).decode()}"
