"""The step from "seen" to "predicted": a post's images are found, embedded, and predicted.

What the prediction goes by is read in one session. What comes out is written in one transaction:
the images, the prediction, the post's new state, and the claim of its reply.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import numpy as np
from sqlalchemy import insert
from sqlalchemy.orm import Session

from bot.league.secrecy import is_open_to_all
from bot.posts.find_images import UNREACHED, FoundImage, FoundImages, ImageFinder
from bot.posts.images import store_found
from bot.posts.refused_files import drop_refused_files
from bot.posts.reply import Replier
from bot.posts.retry import MAX_TRIES, wait_after
from bot.runtime.clock import Clock
from bot.runtime.download import Downloader, DownloadFailed
from bot.runtime.metrics import PREDICTION_SECONDS
from bot.serving.champion import Champion, ChampionRef, ChampionServer
from bot.serving.experts import Said, Standing, ask_experts, read_standing, stored_mixture
from bot.serving.forecast import Card, Place, read_card
from bot.serving.score_scale import bucket_rule, read_quantiles
from bot.webhooks.events import Event, about_post, about_prediction, write_event
from models.distribution import Floats, mean_percentile
from models.experts import Mixture, mix, weighted
from models.features import PostFacts
from models.percentiles import Quantiles
from models.records import Records, moment_of, records_of
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS, community_scope
from storage.files.image_store import ImageStore
from storage.queries.posts import move_post
from storage.tables import Community, Post, Prediction
from storage.types import PostRefusal, PostState, ReplySkip

log = logging.getLogger(__name__)

_INSERT = insert(table_of(Prediction))


class _MovedOn(Exception):
    """The post is not waiting any more: nothing of it is stored, its images neither."""


@dataclass(frozen=True, slots=True)
class PredictionInput:
    """What a prediction goes by besides the images: the post, its champion, records, quantiles."""

    post: Post
    champion: ChampionRef
    records: Records
    quantiles: Quantiles


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was predicted, and why no reply is to be sent; None: a reply was claimed."""

    card: Card
    skip: ReplySkip | None


@dataclass(frozen=True, slots=True)
class _Forecast:
    """A prediction to be stored, and what it was made from."""

    known: PredictionInput
    found: FoundImages
    champion: Champion
    #: What each expert says of each usable image.
    said: Said
    texts: dict[str, str]
    took_ms: float


class Predictor:
    """Takes posts from "seen" to "predicted"."""

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        serving: ChampionServer,
        downloader: Downloader,
        replier: Replier,
        *,
        attributes_at_once: bool = False,
        clock: Clock,
    ) -> None:
        self._database = database
        self._serving = serving
        self._images = images
        self._finder = ImageFinder(
            images, serving, downloader, attributes_at_once=attributes_at_once
        )
        self._replier = replier
        self._clock = clock

    def read(self, session: Session, posts: Iterable[Post]) -> dict[int, PredictionInput]:
        """Read what the predictions of posts go by, as of now; by the posts' ids.

        What is the same for all posts of a community is read once.

        Args:
            session: a read session.
            posts: in the state "seen", with their communities and images loaded.

        Raises:
            NoChampion: nothing serves.
        """
        now = self._clock()

        @cache
        def champion(community: Community) -> ChampionRef:
            return self._serving.find_champion(session, community)

        @cache
        def quantiles(community: Community) -> Quantiles:
            return read_quantiles(session, community, before=now)

        return {
            post.id: PredictionInput(
                post,
                champion(post.community),
                records_of(
                    session,
                    post_id=post.id,
                    community_id=post.community_id,
                    author_id=post.author_id,
                    moment=moment_of(post.posted_at, post.seen_at),
                    horizon_seconds=post.community.horizon_seconds,
                ),
                quantiles(post.community),
            )
            for post in posts
        }

    async def predict(self, known: PredictionInput) -> Predicted | None:
        """Predict a post; None where it is tried again later, or was refused or withdrawn."""
        started = time.perf_counter()
        champion = await self._serving.load(known.champion)
        found = await self._finder.find(known.post, champion)
        if found.missing and _may_arrive(known.post, found, self._clock()):
            await self._retry_later(known.post, found, champion)
            return None
        found.give_up()
        if not found.usable:
            await self._refuse(known.post, found, champion)
            return None
        texts: dict[str, str] = {}
        while True:
            said = await self._serving.on_thread(_ask_experts, known, champion, found.usable, texts)
            made = _Forecast(
                known, found, champion, said, texts, (time.perf_counter() - started) * 1000
            )
            try:
                written = await self._database.run_write(
                    partial(self._write, made), alone_in=[community_scope(known.post.community_id)]
                )
            except _MovedOn:
                return None
            if not isinstance(written, dict):
                # Not in the write, which may be called again.
                PREDICTION_SECONDS.observe(made.took_ms / 1000)
                return written
            # An image was posted before, and its text was read: the prediction uses it, too.
            texts = written

    def _write(self, made: _Forecast, session: Session) -> Predicted | dict[str, str]:
        """Store images and prediction, and claim the reply.

        Returns the texts of the images where those were not what the prediction went by, and then
        stores the images alone.

        Raises:
            _MovedOn: the post was withdrawn meanwhile.
        """
        now, post = self._clock(), made.known.post
        stored = store_found(session, post.id, made.found, made.champion.backbone.fingerprint, now)
        texts = {sha256: each.text for sha256, each in stored.items() if each.text}
        if texts != made.texts:
            return texts
        # Here, alone in the community, so that no two predictions spend the same part of its
        # budget.
        best, mixture = _mix_best(
            made.said.bins,
            [each.embedded.blank for each in made.found.usable],
            read_standing(session, post.community_id),
        )
        shown = made.found.usable[best].embedded
        card = read_card(
            mixture.bins,
            made.known.quantiles,
            bucket_rule(post.community),
            made.champion.name,
            place=Place.of(mixture.weights.tolist(), mixture.share),
            set_aside=made.said.set_aside[best],
            blank=shown.blank,
            attributes=stored[made.found.usable[best].sha256].attributes,
            untrained=made.champion.manifest.untrained,
        )
        if not move_post(
            session,
            post.id,
            PostState.SEEN,
            state=PostState.PREDICTED,
            predicted_at=now,
            due_at=now,
            tries=0,
            reserved=mixture.risk,
        ):
            raise _MovedOn
        low, median, high = card.score or (None, None, None)
        session.execute(
            _INSERT,
            {
                "post_id": post.id,
                "model_version_id": made.champion.version_id,
                "image_id": stored[made.found.usable[best].sha256].id,
                "made_at": now,
                "bins": list(card.bins),
                **stored_mixture(mixture),
                "set_aside": list(card.set_aside),
                "blank": card.blank,
                "p_low": card.p_low,
                "p_medium": card.p_medium,
                "p_high": card.p_high,
                "score_p10": low,
                "score_median": median,
                "score_p90": high,
                "quantiles": card.quantiles,
                "latency_ms": made.took_ms,
            },
        )
        skip = self._replier.claim(session, post, card, now)
        if is_open_to_all(post, skip, now):
            foreseen = about_prediction(
                card.model_version, (card.p_low, card.p_medium, card.p_high), card.beats
            )
            about = about_post(post, post.community) | {"prediction": foreseen}
            write_event(session, Event.PREDICTION, about, now=now)
        return Predicted(card, skip)

    async def _refuse(self, post: Post, found: FoundImages, champion: Champion) -> None:
        code, reason = PostRefusal.NO_IMAGE, None
        if found.refused:
            code, reason = PostRefusal.OTHER, found.refused[min(found.refused)]
        if reason == UNREACHED:
            code, reason = PostRefusal.IMAGE_UNREACHED, None
        await self._store_and_move(
            post,
            found,
            champion,
            state=PostState.REFUSED,
            refusal_code=code,
            refusal=reason,
            due_at=None,
        )
        await drop_refused_files(self._database, self._images, post)

    async def _retry_later(self, post: Post, found: FoundImages, champion: Champion) -> None:
        """Try again later; store images that arrived."""
        wait = wait_after(post.tries)
        why = "; ".join(str(each) for each in found.missing.values())
        log.info("Post %s is tried again in %s: %s", post.id, wait, why)
        await self._store_and_move(
            post, found, champion, due_at=self._clock() + wait, tries=post.tries + 1
        )

    async def _store_and_move(
        self, post: Post, found: FoundImages, champion: Champion, **values: Any
    ) -> None:
        def store(session: Session) -> None:
            store_found(session, post.id, found, champion.backbone.fingerprint, self._clock())
            if not move_post(session, post.id, PostState.SEEN, **values):
                raise _MovedOn

        with suppress(_MovedOn):
            await self._database.run_write(store, alone_in=ITS_ROWS)


def _may_arrive(post: Post, found: FoundImages, now: datetime) -> bool:
    """Whether images that did not arrive are tried again.

    What a host says is not there is asked for a few times: hosts err for moments. One that cannot
    be reached, or does not say, is asked until the post's score is final.
    """
    if now >= post.posted_at + timedelta(seconds=post.community.horizon_seconds):
        return False
    away = any(isinstance(why, DownloadFailed) for why in found.missing.values())
    return away or post.tries + 1 < MAX_TRIES


def _ask_experts(
    known: PredictionInput,
    champion: Champion,
    usable: Sequence[FoundImage],
    texts: Mapping[str, str],
) -> Said:
    facts = [
        PostFacts(
            title=known.post.title,
            posted_at=known.post.posted_at,
            text_in_image=texts.get(each.sha256),
            author=known.records.author,
            community=known.records.community,
            aspect=each.embedded.image.aspect,
        )
        for each in usable
    ]
    return ask_experts(
        champion.head,
        np.stack([each.embedded.embedding for each in usable]),
        facts,
        own=champion.own,
        blank=[each.embedded.blank for each in usable],
    )


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
