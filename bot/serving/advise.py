"""Advice before posting: which of several variants, at which hour, in which community.

Nothing is stored. Each kind of advice comes with how often such advice was right here, from what
was predicted before its votes were in (`bot.serving.pair_record`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.serving.advice_evidence import (
    placing_record,
    posting_times,
    ranking_record,
    scored_in,
    scored_posts,
)
from bot.serving.audience import Audience, audience_of
from bot.serving.champion import Champion, ChampionServer
from bot.serving.embed import EmbeddedImage
from bot.serving.experts import ask_experts
from bot.serving.forecast import Card
from bot.serving.pair_record import PairRecord, pair_record
from bot.serving.predict_image import read_forecast
from models.author_record import AuthorRecord
from models.decoding import ImageRefused
from models.features import PostFacts
from storage.engine.database import Database
from storage.tables import Community

#: Variants that are compared at once.
MOST_VARIANTS = 10
#: Hours ahead that are compared.
HOURS = 24


@dataclass(frozen=True, slots=True)
class Variant:
    """One picture with one title.

    Attributes:
        name: what the person who asks knows it by.
        data: the image's file.
        title: the title that it would be posted with.
    """

    name: str
    data: bytes
    title: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A variant, and what it would come to.

    Attributes:
        variant: as it was given.
        card: the prediction, with what people can read off the image.
        phash: the image's perceptual hash, 16 hexadecimal digits.
    """

    variant: Variant
    card: Card
    phash: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A variant whose image cannot be used, and why: a sentence."""

    variant: Variant
    reason: str


@dataclass(frozen=True, slots=True)
class Hour:
    """The best variant, if it were posted at the beginning of an hour.

    Attributes:
        at: when; aware.
        beats: the share of the posts there that it should beat, 0 to 1.
    """

    at: datetime
    beats: float


@dataclass(frozen=True, slots=True)
class Place:
    """The best variant in one community."""

    community_id: int
    community: str
    card: Card


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do.

    Attributes:
        ranked: the variants, the best first.
        refused: those whose image cannot be used.
        ranking: how often the better of two posts here was called.
        close_call: the same for pairs that were predicted as far apart as the best two; None where
            there are no two, or too few such pairs.
        hours: the next `HOURS` hours, in their order; empty: not asked for, or no variant.
        timing: how often, of two posts here, the one at the hour that was advised did better.
        places: communities, the best first; empty: not asked for, or no variant.
        placing: how often the better of two posts in two of them was called.
    """

    ranked: tuple[Ranked, ...]
    refused: tuple[Refusal, ...]
    ranking: PairRecord
    close_call: PairRecord | None
    hours: tuple[Hour, ...] = ()
    timing: PairRecord | None = None
    places: tuple[Place, ...] = ()
    placing: PairRecord | None = None

    @property
    def best_hour(self) -> Hour | None:
        """The hour with the most to hope for, the earliest of equals; None: all hours are alike."""
        beats = {round(each.beats, 6) for each in self.hours}
        return max(self.hours, key=lambda each: each.beats) if len(beats) > 1 else None


class TooManyVariants(ValueError):
    """More were given than are compared at once."""


async def advise(
    server: ChampionServer,
    database: Database,
    variants: Sequence[Variant],
    *,
    audience: Audience,
    now: datetime,
    hours: bool = False,
    communities: Sequence[int] = (),
) -> Advice:
    """Rank variants of a post; say when and where to post the best.

    Args:
        server: embeds images and knows the champion.
        database: holds what was predicted, and the labels.
        variants: one to `MOST_VARIANTS`; two with the same picture embed it once.
        audience: the community that they are for.
        now: when they would be posted; aware.
        hours: whether hours are compared.
        communities: ids of the communities that are compared.

    Raises:
        TooManyVariants: there are none, or too many.
        NoChampion: no model version serves.
    """
    if not 1 <= len(variants) <= MOST_VARIANTS:
        raise TooManyVariants(f"Give 1 to {MOST_VARIANTS} variants.")
    champion = await server.champion(audience.version)
    embedded, refused = await _embed(server, champion, variants)
    ranked = await server.on_thread(_rank, champion, embedded, audience, now)
    gap = None if len(ranked) < 2 else ranked[0].card.beats - ranked[1].card.beats
    ranking, close_call = await server.on_thread(
        ranking_record,
        await database.run_read(partial(scored_posts, community_id=audience.community_id)),
        gap,
    )
    advice = Advice(tuple(ranked), tuple(refused), ranking, close_call)
    if not ranked:
        return advice
    best = next(pair for pair in embedded if pair[0] is ranked[0].variant)
    compared: tuple[Hour, ...] = ()
    timing = placing = None
    places: tuple[Place, ...] = ()
    if hours:
        learned_until = champion.manifest.trained_until
        times = await database.run_read(
            partial(posting_times, community_id=audience.community_id, since=learned_until)
        )
        compared, timing = await server.on_thread(_time, champion, best, audience, now, times)
    if communities:
        found = await database.run_read(partial(_audiences, communities=communities, now=now))
        places = await server.on_thread(_place, champion, best, found, now)
        scored = await database.run_read(partial(scored_in, communities=communities))
        placing = await server.on_thread(placing_record, scored)
    return Advice(
        advice.ranked, advice.refused, ranking, close_call, compared, timing, places, placing
    )


async def _embed(
    server: ChampionServer, champion: Champion, variants: Sequence[Variant]
) -> tuple[list[tuple[Variant, EmbeddedImage]], list[Refusal]]:
    known: dict[bytes, EmbeddedImage | str] = {}
    embedded, refused = [], []
    for variant in variants:
        key = hashlib.sha256(variant.data).digest()
        if key not in known:
            try:
                known[key] = await server.embed(variant.data, champion.backbone)
            except ImageRefused as refusal:
                known[key] = str(refusal)
                # Once, and not for each title that it was to be tried with.
                refused.append(Refusal(variant, str(refusal)))
        found = known[key]
        if not isinstance(found, str):
            embedded.append((variant, found))
    return embedded, refused


def _facts(variant: Variant, image: EmbeddedImage, audience: Audience, at: datetime) -> PostFacts:
    return PostFacts(
        title=variant.title,
        posted_at=at,
        text_in_image=None,
        author=AuthorRecord.empty(),
        community=audience.record,
        aspect=image.image.aspect,
    )


def _cards(
    champion: Champion,
    posts: Sequence[tuple[Variant, EmbeddedImage, Audience, datetime]],
) -> list[Card]:
    """What each would be shown as, in one call of the head."""
    if not posts:
        return []
    said = ask_experts(
        champion.head,
        np.stack([image.embedding for _, image, _, _ in posts]),
        [_facts(*post) for post in posts],
        own=champion.own,
        blank=[image.blank for _, image, _, _ in posts],
    )
    cards = []
    for row, (_, image, audience, _) in enumerate(posts):
        card = read_forecast(champion, said, row, audience, blank=image.blank)
        cards.append(replace(card, attributes=image.attributes))
    return cards


def _rank(
    champion: Champion,
    embedded: Sequence[tuple[Variant, EmbeddedImage]],
    audience: Audience,
    now: datetime,
) -> list[Ranked]:
    cards = _cards(champion, [(variant, image, audience, now) for variant, image in embedded])
    ranked = [
        Ranked(variant, card, image.phash)
        for (variant, image), card in zip(embedded, cards, strict=True)
    ]
    # One without a picture is no advice, however the others look.
    return sorted(ranked, key=lambda each: (each.card.blank, -each.card.beats))


def _time(
    champion: Champion,
    best: tuple[Variant, EmbeddedImage],
    audience: Audience,
    now: datetime,
    times: Sequence[tuple[datetime, float, int]],
) -> tuple[tuple[Hour, ...], PairRecord]:
    """The next hours, and how the hours that would be advised did here.

    What the head makes of an hour of the week is asked once for each of them.
    """
    first = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    week = [first + timedelta(hours=ahead) for ahead in range(7 * 24)]
    cards = _cards(champion, [(*best, audience, at) for at in week])
    hours = tuple(Hour(at, card.beats) for at, card in zip(week, cards, strict=True))[:HOURS]
    slots = {_slot(at): card.beats for at, card in zip(week, cards, strict=True)}
    record = pair_record(
        np.array([slots[_slot(at.astimezone(UTC))] for at, _, _ in times], np.float64),
        np.array([score for _, score, _ in times], np.float64),
        np.array([community for _, _, community in times], np.int64),
    )
    return hours, record


def _slot(at: datetime) -> tuple[int, int]:
    return at.weekday(), at.hour


def _place(
    champion: Champion,
    best: tuple[Variant, EmbeddedImage],
    audiences: Sequence[Audience],
    now: datetime,
) -> tuple[Place, ...]:
    cards = _cards(champion, [(*best, audience, now) for audience in audiences])
    places = [
        Place(audience.community_id or 0, audience.name or "", card)
        for audience, card in zip(audiences, cards, strict=True)
    ]
    return tuple(sorted(places, key=lambda each: -each.card.beats))


def _audiences(session: Session, *, communities: Sequence[int], now: datetime) -> list[Audience]:
    rows = session.scalars(select(Community).where(Community.id.in_(communities)))
    return [audience_of(session, row, now) for row in rows]
