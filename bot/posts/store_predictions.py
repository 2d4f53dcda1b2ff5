"""Storing predictions: those that are made at the same moment in a handful of statements."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot.league.secrecy import is_open_to_all
from bot.posts.find_images import FoundImages
from bot.posts.images import FoundOfPost, StoredImage, store_found
from bot.posts.reply import Replier
from bot.runtime.clock import Clock
from bot.serving.champion import Champion
from bot.serving.experts import Said, Standing, read_standings, stored_mixture
from bot.serving.forecast import Card, Place, read_card
from bot.serving.score_scale import bucket_rule
from bot.webhooks.events import Event, about_post, about_prediction, write_events
from models.distribution import Floats, mean_percentile
from models.experts import Mixture, mix, weighted
from models.percentiles import Quantiles
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import Scopes, community_scope
from storage.engine.shared_write import SharedWrite
from storage.queries.posts import move_posts
from storage.tables import Post, Prediction
from storage.types import PostState, ReplySkip

_INSERT = insert(table_of(Prediction))


class MovedOn(Exception):
    """The post is not waiting any more: nothing of it is stored, its images neither."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A prediction to be stored, and what it was made from."""

    post: Post
    quantiles: Quantiles
    found: FoundImages
    champion: Champion
    #: What each expert says of each usable image.
    said: Said
    texts: dict[str, str]
    took_ms: float


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was predicted, and why no reply is to be sent; None: a reply was claimed."""

    card: Card
    skip: ReplySkip | None


@dataclass(frozen=True, slots=True)
class _Mixed:
    """A forecast as people see it."""

    made: Forecast
    mixture: Mixture
    card: Card
    image_id: int


class PredictionWriter:
    """Stores the images and the prediction of posts, and claims their replies."""

    def __init__(self, database: Database, replier: Replier, *, clock: Clock) -> None:
        self._replier = replier
        self._clock = clock
        self._shared: SharedWrite[Forecast, Predicted | dict[str, str]] = SharedWrite(
            database,
            self._write,
            alone_in=_scopes,
            # What takes long in one community holds up no other.
            line=lambda made: made.post.community_id,
        )

    async def write(self, made: Forecast) -> Predicted | dict[str, str]:
        """Store images and prediction, move the post on, and claim the reply.

        Returns the texts of the images where those were not what the prediction went by, and then
        stores the images alone.

        Raises:
            MovedOn: the post was withdrawn meanwhile.
        """
        return await self._shared.write(made)

    def _write(
        self, forecasts: Sequence[Forecast], session: Session
    ) -> list[Predicted | dict[str, str]]:
        now = self._clock()
        stored = store_found(
            session,
            [
                FoundOfPost(each.post.id, each.found, each.champion.backbone.fingerprint)
                for each in forecasts
            ],
            now,
        )
        texts = [_texts(each, stored) for each in forecasts]
        ready = [each for each, known in zip(forecasts, texts, strict=True) if known == each.texts]
        predicted = iter(self._store(session, ready, stored, now) if ready else ())
        return [
            next(predicted) if known == each.texts else known
            for each, known in zip(forecasts, texts, strict=True)
        ]

    def _store(
        self,
        session: Session,
        forecasts: Sequence[Forecast],
        stored: dict[str, StoredImage],
        now: datetime,
    ) -> list[Predicted]:
        mixed = _mix_all(session, forecasts, stored)
        steps = {
            each.made.post.id: {
                "state": PostState.PREDICTED,
                "predicted_at": now,
                "due_at": now,
                "tries": 0,
                "reserved": each.mixture.risk,
            }
            for each in mixed
        }
        if len(move_posts(session, PostState.SEEN, steps)) < len(forecasts):
            raise MovedOn
        session.execute(_INSERT, [_row(each, now) for each in mixed])
        skips = self._replier.claim(session, [(each.made.post, each.card) for each in mixed], now)
        told = [
            each
            for each, skip in zip(mixed, skips, strict=True)
            if is_open_to_all(each.made.post, skip, now)
        ]
        if told:
            write_events(session, Event.PREDICTION, map(_about, told), now=now)
        return [Predicted(each.card, skip) for each, skip in zip(mixed, skips, strict=True)]


def _scopes(made: Forecast) -> Scopes:
    # Alone in the community, so that no two predictions spend the same part of its budget.
    return [community_scope(made.post.community_id)]


def _texts(made: Forecast, stored: dict[str, StoredImage]) -> dict[str, str]:
    """What was read in the images of a post before, by their SHA-256."""
    return {each.sha256: text for each in made.found.usable if (text := stored[each.sha256].text)}


def _mix_all(
    session: Session, forecasts: Sequence[Forecast], stored: dict[str, StoredImage]
) -> list[_Mixed]:
    """The forecasts, each by what is left of its community's budget after the one before it."""
    standings = read_standings(session, {each.post.community_id for each in forecasts})
    mixed = []
    for made in forecasts:
        post = made.post
        standing = standings[post.community_id]
        best, mixture = _mix_best(
            made.said.bins, [each.embedded.blank for each in made.found.usable], standing
        )
        standings[post.community_id] = replace(
            standing,
            reserved=standing.reserved + mixture.risk,
            waiting=standing.waiting + 1,
        )
        shown = made.found.usable[best]
        image = stored[shown.sha256]
        card = read_card(
            mixture.bins,
            made.quantiles,
            bucket_rule(post.community),
            made.champion.name,
            place=Place.of(mixture.weights.tolist(), mixture.share),
            set_aside=made.said.set_aside[best],
            blank=shown.embedded.blank,
            attributes=image.attributes,
            untrained=made.champion.manifest.untrained,
        )
        mixed.append(_Mixed(made, mixture, card, image.id))
    return mixed


def _mix_best(experts: Floats, blank: Sequence[bool], standing: Standing) -> tuple[int, Mixture]:
    """The best image, by which people will remember the post, and the forecast of it.

    One that holds no picture only where none does.
    """
    means = weighted(standing.account, experts)
    best = max(
        range(len(means)), key=lambda index: (not blank[index], mean_percentile(means[index]))
    )
    mixture = mix(
        standing.account, experts[best], reserved=standing.reserved, waiting=standing.waiting
    )
    return best, mixture


def _row(mixed: _Mixed, now: datetime) -> dict[str, Any]:
    card = mixed.card
    low, median, high = card.score or (None, None, None)
    return {
        "post_id": mixed.made.post.id,
        "model_version_id": mixed.made.champion.version_id,
        "image_id": mixed.image_id,
        "made_at": now,
        "bins": list(card.bins),
        **stored_mixture(mixed.mixture),
        "set_aside": list(card.set_aside),
        "blank": card.blank,
        "p_low": card.p_low,
        "p_medium": card.p_medium,
        "p_high": card.p_high,
        "score_p10": low,
        "score_median": median,
        "score_p90": high,
        "quantiles": card.quantiles,
        "latency_ms": mixed.made.took_ms,
    }


def _about(mixed: _Mixed) -> dict[str, Any]:
    """What webhooks are told of it."""
    card = mixed.card
    foreseen = about_prediction(
        card.model_version, (card.p_low, card.p_medium, card.p_high), card.beats
    )
    return about_post(mixed.made.post, mixed.made.post.community) | {"prediction": foreseen}
