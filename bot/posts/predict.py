"""The step from "seen" to "predicted": a post's images are found, embedded, and predicted.

What the prediction goes by is read in one session. What comes out is written in one transaction
(`bot.posts.store_predictions`): the images, the prediction, the post's new state, and the claim of
its reply.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.posts.find_images import UNREACHED, FoundImage, FoundImages, ImageFinder
from bot.posts.images import FoundOfPost, store_found
from bot.posts.refused_files import drop_refused_files
from bot.posts.reply import Replier
from bot.posts.retry import MAX_TRIES, wait_after
from bot.posts.store_predictions import Forecast, MovedOn, Predicted, PredictionWriter
from bot.runtime.clock import Clock
from bot.runtime.download import Downloader, DownloadFailed
from bot.runtime.metrics import PREDICTION_SECONDS
from bot.serving.champion import Champion, ChampionRef, ChampionServer
from bot.serving.expert_panel import ExpertPanel, Question
from bot.serving.score_scale import quantiles_at
from models.features import PostFacts
from models.percentiles import Quantiles
from models.records import Records, moment_of, records_of
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.files.image_store import ImageStore
from storage.queries.posts import move_post
from storage.tables import Community, Post
from storage.types import PlatformName, PostRefusal, PostState

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PredictionInput:
    """What a prediction goes by besides the images: the post, its champion, records, quantiles."""

    post: Post
    champion: ChampionRef
    records: Records
    quantiles: Quantiles


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
        self._experts = ExpertPanel(serving.expert_thread)
        self._images = images
        self._finder = ImageFinder(
            images, serving, downloader, attributes_at_once=attributes_at_once
        )
        self._writer = PredictionWriter(database, replier, clock=clock)
        self._clock = clock

    def read(self, session: Session, posts: Iterable[Post]) -> dict[int, PredictionInput]:
        """Read what the predictions of posts go by, as of now; by the posts' ids.

        What is the same for all posts of a community, or of a server, is read once.

        Args:
            session: a read session.
            posts: in the state "seen", with their communities and images loaded.

        Raises:
            NoChampion: nothing serves.
        """
        now = self._clock()

        serving: dict[tuple[PlatformName, str], ChampionRef] = {}
        quantiles = quantiles_at(session, now)

        def champion(community: Community) -> ChampionRef:
            # It is the server that has one.
            server = community.platform, community.server_or_self
            if server not in serving:
                serving[server] = self._serving.find_champion(session, community)
            return serving[server]

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
        with self._experts.coming():
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
            said = await self._experts.ask(_question(known, champion, found.usable, texts))
            took_ms = (time.perf_counter() - started) * 1000
            made = Forecast(known.post, known.quantiles, found, champion, said, texts, took_ms)
            try:
                written = await self._writer.write(made)
            except MovedOn:
                return None
            if not isinstance(written, dict):
                # Not in the write, which may be called again.
                PREDICTION_SECONDS.observe(took_ms / 1000)
                return written
            # An image was posted before, and its text was read: the prediction uses it, too.
            texts = written

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
            mine = FoundOfPost(post.id, found, champion.backbone.fingerprint)
            store_found(session, [mine], self._clock())
            if not move_post(session, post.id, PostState.SEEN, **values):
                raise MovedOn

        with suppress(MovedOn):
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


def _question(
    known: PredictionInput,
    champion: Champion,
    usable: Sequence[FoundImage],
    texts: Mapping[str, str],
) -> Question:
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
    return Question(champion, [each.embedded for each in usable], facts)
