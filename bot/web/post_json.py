"""A post as JSON, for programs and for the page's scripts."""

import hashlib
import json
from typing import Any

from bot.web.post_view import PostView


def to_json(view: PostView) -> dict[str, Any]:
    """The post for programs. Shares and percentiles are 0 to 1, times ISO 8601 in UTC."""
    return {
        "id": view.id,
        "url": view.url,
        "stage": view.stage,
        "title": view.title,
        "image": view.image_url,
        "refusal": view.refusal,
        "posted_at": view.posted_at.isoformat(),
        "horizon_at": view.horizon_at.isoformat(),
        "prediction": _prediction_json(view),
        "heading": view.heading,
        "outcome": _outcome_json(view),
        "place": view.place,
        "notes": view.notes,
        "votes": {
            "up": view.tally.ups,
            "down": view.tally.downs,
            "score": view.tally.score,
            "mine": view.tally.mine,
            "held": view.tally.held,
            "closed": view.vote_refusal,
        },
        "guesses": {
            "mine": view.guesses.mine,
            "points": view.guesses.points,
            "held": view.guesses.held,
            "closes_at": view.guessing_closes_at and view.guessing_closes_at.isoformat(),
            "closed": view.guess_refusal,
            # Others' guesses would give a hint while one may still guess.
            "counts": None if view.guessing_closes_at else dict(view.guesses.counts),
        },
    }


def version_of(view: PostView) -> str:
    """Changes whenever what is shown changes, except for the passing of time."""
    content = json.dumps(to_json(view), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _prediction_json(view: PostView) -> dict[str, Any] | None:
    card = view.card
    if card is None:
        return None
    points = ("p10", "median", "p90")
    return {
        "probabilities": {bar.bucket.value: bar.share for bar in view.bars},
        "bucket": card.bucket.value,
        "likely": [bucket.value for bucket in card.likely],
        "set_aside": card.set_aside,
        "blank": card.blank,
        "beats": card.beats,
        "percentile": dict(zip(points, card.percentile, strict=True)),
        "score": dict(zip(points, card.score, strict=True)) if card.score else None,
        "quantiles": card.quantiles,
        "bins": card.bins,
        "attributes": None if card.attributes is None else card.attributes.as_json(),
        "sentences": view.sentences,
        "model_version": card.model_version,
    }


def _outcome_json(view: PostView) -> dict[str, Any] | None:
    if not view.outcome_sentences:
        return None
    result, waits = view.outcome, view.waits
    return {
        "sentences": view.outcome_sentences,
        "score": result.score if result else waits.score if waits else None,
        "bucket": result.bucket.value if result else None,
        "percentile": result.percentile if result else None,
        "right": result.right if result else None,
        "missing": waits.missing if waits else None,
    }
