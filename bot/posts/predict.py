"""The step from "seen" to "predicted": a post's images are fetched, looked at, and predicted.

What is known of the post is read in one session, and what was found out is written in one
transaction: the images, the prediction, the post's new state, and that it is to be answered.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from sqlalchemy import bindparam, insert, update
from sqlalchemy.orm import Session

from bot.posts.images import StoredImage, store_images
from bot.posts.ingest import STORED
from bot.posts.reply import Replier
from bot.posts.retry import MAX_TRIES, wait_after
from bot.runtime.clock import Clock
from bot.runtime.download import Downloader, DownloadFailed, DownloadRefused
from bot.serving.champion import Champion, ChampionRef, ChampionServer
from bot.serving.embed import EmbeddedImage
from bot.serving.forecast import Card, read_card
from bot.serving.score_scale import bucket_rule, read_quantiles
from models.decoding import ImageRefused
from models.facts import facts_of_image
from models.percentiles import Quantiles
from models.records import Records, records_of
from storage.engine.core_tables import table_of
from storage.engine.database import Database
from storage.files.image_store import ImageStore
from storage.queries.posts import move_post
from storage.tables import Post, PostImage, Prediction
from storage.types import PostRefusal, PostState, ReplySkip

log = logging.getLogger(__name__)

_PLACES = table_of(PostImage)
_KEEP = (
    update(_PLACES)
    .where(_PLACES.c.post_id == bindparam("post"), _PLACES.c.position == bindparam("place"))
    .values(image_id=bindparam("image"), refusal=bindparam("reason"))
)
_INSERT = insert(table_of(Prediction))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a new post before its images are looked at."""

    post: Post
    champion: ChampionRef
    records: Records
    quantiles: Quantiles


@dataclass(frozen=True, slots=True)
class Usable:
    """An image that was made safe, looked at and put into the image store."""

    position: int
    source: str
    sha256: str
    seen: EmbeddedImage


@dataclass(slots=True)
class Found:
    """What became of a post's images.

    Attributes:
        refused: why some cannot be used, by their positions.
        missing: why one of them did not arrive this time; those after it were not asked for.
    """

    usable: list[Usable] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was predicted, and why no reply is to be sent; None: a reply was claimed."""

    card: Card
    skip: ReplySkip | None


@dataclass(frozen=True, slots=True)
class _Made:
    """A prediction that is to be stored, and what it went by."""

    known: Known
    found: Found
    champion: Champion
    best: Usable
    card: Card
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
        clock: Clock,
    ) -> None:
        self._database = database
        self._images = images
        self._serving = serving
        self._downloader = downloader
        self._replier = replier
        self._clock = clock

    def read(self, session: Session, post: Post) -> Known:
        """What a prediction goes by, as of now.

        Args:
            session: a read session.
            post: in the state "seen", with its community and images loaded.

        Raises:
            NoChampion: nothing serves.
        """
        return Known(
            post,
            self._serving.find_champion(session),
            records_of(
                session,
                post_id=post.id,
                community_id=post.community_id,
                author_id=post.author_id,
                posted_at=post.posted_at,
            ),
            read_quantiles(session, post.community, before=self._clock()),
        )

    async def predict(self, known: Known) -> Predicted | None:
        """Predict a post; None where that was put off, or has come to an end."""
        started = time.perf_counter()
        champion = await self._serving.load(known.champion)
        found = await self._look(known.post, champion)
        if found.missing is not None:
            await self._retry_later(known.post, found, champion)
            return None
        if not found.usable:
            await self._refuse(known.post, found, champion)
            return None
        texts: dict[str, str] = {}
        while True:
            best, card = await self._serving.on_thread(_best, known, champion, found.usable, texts)
            made = _Made(
                known, found, champion, best, card, texts, (time.perf_counter() - started) * 1000
            )
            written = await self._database.run_write(partial(self._write, made))
            if not isinstance(written, dict):
                return written
            # One of them was posted before, and its text was read: that counts, too.
            texts = written

    async def _look(self, post: Post, champion: Champion) -> Found:
        found = Found()
        for place in post.images:
            if place.refusal is not None:
                found.refused[place.position] = place.refusal
                continue
            try:
                data = await self._fetch(place)
                seen = await self._serving.embed(data, champion.backbone)
            except (ImageRefused, DownloadRefused) as refusal:
                found.refused[place.position] = str(refusal)
            except DownloadFailed as failure:
                found.missing = str(failure)
                break
            else:
                sha256 = await asyncio.to_thread(self._images.put, data)
                found.usable.append(Usable(place.position, place.source, sha256, seen))
        return found

    async def _fetch(self, place: PostImage) -> bytes:
        if place.image is not None:
            # A step that was cut short had it already; its link may have expired since.
            sha256 = place.image.sha256
        elif place.source.startswith(STORED):
            sha256 = place.source.removeprefix(STORED)
        else:
            return await self._downloader.fetch(place.source)
        try:
            return await asyncio.to_thread(self._images.get, sha256)
        except FileNotFoundError as error:
            raise DownloadRefused("The image's file is gone from the image store.") from error

    def _keep(
        self, session: Session, post: Post, found: Found, champion: Champion
    ) -> dict[str, StoredImage]:
        """Note what became of the images in the post's places."""
        seen = {each.sha256: each.seen for each in found.usable}
        stored = store_images(session, seen, champion.backbone.fingerprint, self._clock())
        places = [
            {"post": post.id, "place": position, "image": image_id, "reason": reason}
            for position, image_id, reason in (
                *((each.position, stored[each.sha256].id, None) for each in found.usable),
                *((position, None, reason) for position, reason in found.refused.items()),
            )
        ]
        if places:
            session.execute(_KEEP, places)
        return stored

    def _write(self, made: _Made, session: Session) -> Predicted | dict[str, str] | None:
        """Store images and prediction, and claim the reply.

        Returns the texts of the images where those were not what the prediction went by, and then
        stores the images alone; None where the post was withdrawn meanwhile.
        """
        now, post, card = self._clock(), made.known.post, made.card
        stored = self._keep(session, post, made.found, made.champion)
        texts = {sha256: each.text for sha256, each in stored.items() if each.text}
        if texts != made.texts:
            return texts
        if not move_post(
            session,
            post.id,
            PostState.SEEN,
            state=PostState.PREDICTED,
            predicted_at=now,
            due_at=now,
            tries=0,
        ):
            return None
        low, median, high = card.score or (None, None, None)
        session.execute(
            _INSERT,
            {
                "post_id": post.id,
                "model_version_id": made.champion.version_id,
                "image_id": stored[made.best.sha256].id,
                "made_at": now,
                "bins": list(card.bins),
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
        return Predicted(card, self._replier.claim(session, post, card, now))

    async def _refuse(self, post: Post, found: Found, champion: Champion) -> None:
        code, reason = PostRefusal.NO_IMAGE, None
        if found.refused:
            code, reason = PostRefusal.OTHER, found.refused[min(found.refused)]
        async with self._database.write() as session:
            await session.run_sync(self._keep, post, found, champion)
            await session.run_sync(_end, post.id, code, reason)

    async def _retry_later(self, post: Post, found: Found, champion: Champion) -> None:
        """Try again later, or give the post up after too many tries; what is there is kept."""
        tries = post.tries + 1
        async with self._database.write() as session:
            await session.run_sync(self._keep, post, found, champion)
            if tries >= MAX_TRIES:
                log.warning(
                    "Post %s is given up after %s tries: %s.", post.id, tries, found.missing
                )
                await session.run_sync(_end, post.id, PostRefusal.IMAGE_UNREACHED)
                return
            wait = wait_after(post.tries)
            log.info("Post %s is put off for %s: %s.", post.id, wait, found.missing)
            await session.run_sync(
                move_post, post.id, PostState.SEEN, due_at=self._clock() + wait, tries=tries
            )


def _end(session: Session, post_id: int, code: PostRefusal, sentence: str | None = None) -> None:
    move_post(
        session,
        post_id,
        PostState.SEEN,
        state=PostState.REFUSED,
        refusal_code=code,
        refusal=sentence,
        due_at=None,
    )


def _best(
    known: Known, champion: Champion, usable: Sequence[Usable], texts: Mapping[str, str]
) -> tuple[Usable, Card]:
    """Of several images the best one counts: it is what people will remember of the post."""
    post = known.post
    facts = [
        facts_of_image(
            title=post.title,
            posted_at=post.posted_at,
            source=each.source,
            width=each.seen.image.width,
            height=each.seen.image.height,
            size=each.seen.image.bytes,
            kind=each.seen.image.format,
            text=texts.get(each.sha256),
            author=known.records.author,
            community=known.records.community,
        )
        for each in usable
    ]
    rule = bucket_rule(post.community)
    cards = [
        read_card(bins, known.quantiles, rule, champion.name)
        for bins in champion.head.predict(np.stack([each.seen.embedding for each in usable]), facts)
    ]
    best = max(range(len(cards)), key=lambda index: cards[index].beats)
    return usable[best], cards[best]
