"""Why a stored post cannot be learned from."""

import math
from datetime import datetime

import numpy as np

from models.facts import LabelledFacts
from storage.engine.invalid_text import is_odd
from trainer.data.labelled_posts import Example

#: Posts dated later than now by more than this have a wrong date.
_CLOCK_SLACK = 3600.0


def flaw(example: Example, now: datetime) -> str | None:
    """Why a post cannot be learned from; None when it can."""
    if example.embedding is None:
        return "no embedding from this backbone"
    if not example.embedding.size:
        return "embedding of the wrong length"
    if not np.isfinite(example.embedding).all():
        return "embedding not finite"
    return flaw_without_embedding(example, now)


def flaw_without_embedding(post: Example | LabelledFacts, now: datetime) -> str | None:
    """As `flaw`, looking at everything but the embedding."""
    if not _is_number(post.score):
        return "score not a number"
    if post.percentile is not None and not _is_interval(post.percentile):
        return "impossible percentile"
    if is_odd(post.facts.title) or is_odd(post.facts.text_in_image or ""):
        return "text that is not UTF-8"
    if not _is_hash(post.phash):
        return "impossible image hash"
    if post.facts.posted_at.timestamp() > now.timestamp() + _CLOCK_SLACK:
        return "posted in the future"
    return None


def _is_number(value: object) -> bool:
    # SQLite gives back whatever was stored, whatever the column's type.
    return isinstance(value, int | float) and math.isfinite(value)


def _is_interval(percentile: tuple[float, float]) -> bool:
    low, high = percentile
    return _is_number(low) and _is_number(high) and 0 <= low < high <= 1


def _is_hash(phash: str) -> bool:
    try:
        int(phash, 16)
    except (TypeError, ValueError):
        return False
    return True
