"""What webhooks are told: messages that are written in the transaction of the event."""

import json
import secrets
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage.engine.core_tables import table_of
from storage.tables import Community, Label, Post, Webhook, WebhookMessage

_WEBHOOKS = table_of(Webhook)
_LISTENING = select(_WEBHOOKS.c.id, _WEBHOOKS.c.events).where(_WEBHOOKS.c.ended_at.is_(None))
_INSERT = insert(table_of(WebhookMessage))


class Event(StrEnum):
    """What may be told."""

    #: A post was predicted, and the prediction may be shown to everybody.
    PREDICTION = "prediction"
    #: A post has its label.
    OUTCOME = "outcome"
    #: Another model version serves.
    PROMOTION = "promotion"
    #: Replies in a community pause, or go on.
    PAUSE = "pause"


def write_event(session: Session, event: Event, data: dict[str, Any], *, now: datetime) -> int:
    """Write a message for each webhook that wants to know of an event.

    Args:
        session: the write session of the event itself.
        event: its kind.
        data: what is told of it; JSON.
        now: aware.

    Returns how many webhooks will be told.
    """
    return write_events(session, event, [data], now=now)


def write_events(
    session: Session, event: Event, data: Iterable[dict[str, Any]], *, now: datetime
) -> int:
    """`write_event` for several of a kind, in order; ``data`` is not asked for if nobody listens.

    Returns how many webhooks will be told.
    """
    listening = [row.id for row in session.execute(_LISTENING) if event.value in row.events]
    if not listening:
        return 0
    rows = []
    for each in data:
        body = message_body(event.value, each, now)
        message_id = f"msg_{secrets.token_hex(16)}"
        rows += [
            {
                "webhook_id": webhook_id,
                "message_id": message_id,
                "body": body,
                "made_at": now,
                "due_at": now,
                "tries": 0,
            }
            for webhook_id in listening
        ]
    if rows:
        session.execute(_INSERT, rows)
    return len(listening)


def message_body(kind: str, data: dict[str, Any], now: datetime) -> str:
    """A message as it is sent, by the Standard Webhooks specification."""
    return json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})


def about_post(post: Post, community: Community) -> dict[str, Any]:
    """What is told of a post; nothing of who made it."""
    return {
        "post": post.id,
        "link": post.link,
        "title": post.title,
        "posted_at": post.posted_at.isoformat(),
        "platform": post.platform.value,
        "community": community.name,
        "community_id": community.id,
    }


def about_label(label: Label) -> dict[str, Any]:
    """What is told of an outcome."""
    return {
        "score": label.score,
        "bucket": label.bucket.value,
        "percentile_low": label.percentile_low,
        "percentile_high": label.percentile_high,
        "matured_at": label.matured_at.isoformat(),
    }


def about_prediction(
    model_version: str, chances: tuple[float, float, float], beats: float
) -> dict[str, Any]:
    """What is told of a prediction."""
    low, medium, high = chances
    return {
        "model_version": model_version,
        "probabilities": {"low": low, "medium": medium, "high": high},
        "beats": beats,
    }


def about_pause(community: Community) -> dict[str, Any]:
    """What is told of a community whose replies pause, or go on."""
    return {
        "platform": community.platform.value,
        "community": community.name,
        "community_id": community.id,
        "paused": community.paused_at is not None,
        "reason": community.paused_reason,
    }
