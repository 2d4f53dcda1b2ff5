"""The one path every post takes, whatever its platform.

    accept → (seen) → predict → (predicted) → reply → (replied) → bot/labelling.py

Each step reads what is stored, does its slow work outside any transaction, and moves the post on
in one short transaction that does nothing unless the post is still where the step found it. A
process killed at any instant therefore loses nothing and repeats nothing that people can see.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cards import Card, read_card, stored_card
from bot.clock import Clock
from bot.download import Downloader, DownloadFailed, DownloadRefused
from bot.people import hash_person
from bot.platform import (
    IncomingPost,
    Platform,
    PlatformUnavailable,
    PostGone,
    PostRef,
    ReplyDeclined,
)
from bot.readings import next_reading_at
from bot.serving import Champion, SeenImage, Serving
from bot.speaking import reason_to_be_silent
from models.decoding import ImageRefused
from models.facts import facts_of
from models.quantiles import WINDOW, BucketRule, Quantiles
from storage.communities import find_or_add_author, platform_scores, recent_scores
from storage.database import Database
from storage.image_store import ImageStore
from storage.posts import load_post, move_post, replies_since
from storage.posts_file import MAX_TITLE
from storage.standings import BY_CHANCE
from storage.tables import Community, Embedding, Image, Post, PostImage, Prediction, Reply
from storage.types import Platform as PlatformName
from storage.types import PostOrigin, PostState, ReplyState
from storage.upsert import insert_if_new, insert_new

log = logging.getLogger(__name__)

#: Tries of one step before it is given up; the waits between them double, about an hour in all.
MAX_TRIES = 8
FIRST_WAIT = timedelta(seconds=15)
_MINUTE = timedelta(minutes=1)

_STORED = "sha256:"


@dataclass(frozen=True, slots=True)
class Usable:
    """An image of a post that was made safe, embedded and stored."""

    image_id: int
    embedding: NDArray[np.float32]  # [1280]


class Pipeline:
    """Moves posts along their path.

    Args:
        people_key: key of the hashes that stand for people.
        silent_share: share of posts (0 to 1) that are predicted without a reply.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        serving: Serving,
        downloader: Downloader,
        platforms: Mapping[PlatformName, Platform],
        *,
        people_key: bytes,
        silent_share: float,
        clock: Clock,
    ) -> None:
        self._database = database
        self._images = images
        self._serving = serving
        self._downloader = downloader
        self._platforms = platforms
        self._people_key = people_key
        self._silent_share = silent_share
        self._clock = clock
        # A tick and whoever handed a post in may take it up at the same moment, and a reply that
        # was sent twice cannot be taken back.
        self._under_way: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def accept(self, platform: PlatformName, incoming: IncomingPost) -> int | None:
        """Store a post the moment it is seen; return its id, or None if it is not to be stored.

        The same post may be handed in any number of times: it is stored once. Posts of people who
        opted out, and in communities that are watched no more, are not stored.
        """
        sources = [await self._source(image) for image in incoming.images]
        now = self._clock()
        async with self._database.write() as session:
            known: int | None = await session.scalar(
                select(Post.id).filter_by(platform=platform, source_id=incoming.source_id)
            )
            if known is not None:
                return known
            author_id = None
            if incoming.author is not None:
                person = hash_person(self._people_key, platform, incoming.author)
                author = await find_or_add_author(session, platform, person)
                if author.opted_out_at is not None:
                    return None
                author_id = author.id
            community = await self._community(session, platform, incoming, now)
            if not community.watched:
                return None
            guess_seconds = min(community.guess_seconds, community.horizon_seconds)
            post = Post(
                community_id=community.id,
                platform=platform,
                source_id=incoming.source_id,
                author_id=author_id,
                origin=PostOrigin.LIVE,
                title=incoming.title[:MAX_TITLE],
                link=incoming.link,
                posted_at=incoming.posted_at,
                seen_at=now,
                state=PostState.SEEN,
                due_at=now,
                silent=is_silent(platform, incoming.source_id, self._silent_share),
                guessing_closed_at=incoming.posted_at + timedelta(seconds=guess_seconds),
                images=[
                    PostImage(position=position, source=source)
                    for position, source in enumerate(sources)
                ],
            )
            session.add(post)
            await session.flush()
            return post.id

    async def advance(self, post_id: int) -> None:
        """Take every step of a post that can be taken now, up to the reply.

        A step that fails because something outside is away is put off and tried again; one that
        can never succeed ends the post with a reason. Called for a post that is being advanced
        already, it waits for that and then takes what is left.
        """
        async with self._under_way.setdefault(post_id, asyncio.Lock()):
            async with self._database.read() as session:
                post = await load_post(session, post_id)
            if post is not None and post.state is PostState.SEEN:
                await self._predict(post)
                async with self._database.read() as session:
                    post = await load_post(session, post_id)
            if post is not None and post.state is PostState.PREDICTED:
                await self._reply(post)

    async def put_off_fault(self, post_id: int) -> None:
        """Have another look later at a post whose step failed in a way nobody foresaw.

        It is never given up for that: the fault may lie with us, and be mended.
        """
        async with self._database.write() as session:
            post = await session.get_one(Post, post_id)
            wait = FIRST_WAIT * 2 ** min(post.tries, MAX_TRIES)
            await move_post(
                session, post_id, post.state, due_at=self._clock() + wait, tries=post.tries + 1
            )

    async def _source(self, image: str | bytes) -> str:
        # The bytes go to disk before the post is stored: a post never points at nothing, and a
        # file that no post points at is swept away by housekeeping.
        if isinstance(image, str):
            return image
        return _STORED + await asyncio.to_thread(self._images.put, image)

    async def _community(
        self, session: AsyncSession, platform: PlatformName, incoming: IncomingPost, now: datetime
    ) -> Community:
        ref = incoming.community
        query = select(Community).filter_by(platform=platform, source_id=ref.source_id)
        community: Community | None = await session.scalar(query)
        if community is None:
            await insert_if_new(
                session,
                Community,
                platform=platform,
                source_id=ref.source_id,
                name=ref.name,
                horizon_seconds=ref.horizon_seconds,
                low_up_to=ref.low_up_to,
                medium_up_to=ref.medium_up_to,
                guess_seconds=ref.guess_seconds,
                blind=ref.blind,
                created_at=now,
            )
            community = (await session.scalars(query)).one()
        return community

    async def _predict(self, post: Post) -> None:
        started = time.perf_counter()
        champion = await self._serving.champion()
        usable: list[Usable] = []
        reasons: list[str] = []
        for place in post.images:
            if place.refusal is not None:
                reasons.append(place.refusal)
                continue
            try:
                data = await self._fetch(place)
                seen = await self._serving.look(data, champion.backbone)
            except (ImageRefused, DownloadRefused) as refusal:
                reasons.append(str(refusal))
                await self._refuse_image(place, str(refusal))
            except DownloadFailed as failure:
                await self._put_off(post, f"the image did not arrive ({failure})")
                return
            else:
                usable.append(await self._keep_image(place, data, seen, champion))
        if not usable:
            reason = reasons[0] if reasons else "The post has no image."
            await self._refuse(post, reason)
            return
        await self._store_prediction(post, champion, usable, started)

    async def _fetch(self, place: PostImage) -> bytes:
        if place.image is not None:
            # A step that was cut short had it already; its link may have expired since.
            sha256 = place.image.sha256
        elif place.source.startswith(_STORED):
            sha256 = place.source.removeprefix(_STORED)
        else:
            return await self._downloader.fetch(place.source)
        try:
            return await asyncio.to_thread(self._images.get, sha256)
        except FileNotFoundError as error:
            raise DownloadRefused("The image's file is gone from the image store.") from error

    async def _keep_image(
        self, place: PostImage, data: bytes, seen: SeenImage, champion: Champion
    ) -> Usable:
        """Store the file, the image row and the embedding, and note them in the post's place."""
        sha256 = await asyncio.to_thread(self._images.put, data)
        async with self._database.write() as session:
            ids = await store_images(
                session, {sha256: seen}, champion.backbone.fingerprint, self._clock()
            )
            image_id = ids[sha256]
            kept = await session.get_one(PostImage, (place.post_id, place.position))
            kept.image_id = image_id
        return Usable(image_id, seen.embedding)

    async def _store_prediction(
        self, post: Post, champion: Champion, usable: list[Usable], started: float
    ) -> None:
        now = self._clock()
        async with self._database.read() as session:
            facts = [await facts_of(session, post.id, each.image_id) for each in usable]
            quantiles = await read_quantiles(session, post.community, before=now)
        embeddings = np.stack([each.embedding for each in usable])
        rule = bucket_rule(post.community)
        cards = [
            read_card(bins, quantiles, rule, champion.name)
            for bins in champion.head.predict(embeddings, facts)
        ]
        # Of several images the best one counts: it is what people will remember of the post.
        best = max(range(len(cards)), key=lambda index: cards[index].beats)
        card = cards[best]
        low, median, high = card.score or (None, None, None)
        async with self._database.write() as session:
            if await move_post(
                session,
                post.id,
                PostState.SEEN,
                state=PostState.PREDICTED,
                predicted_at=now,
                due_at=now,
                tries=0,
            ):
                session.add(
                    Prediction(
                        post_id=post.id,
                        model_version_id=champion.version_id,
                        image_id=usable[best].image_id,
                        made_at=now,
                        bins=list(card.bins),
                        p_low=card.p_low,
                        p_medium=card.p_medium,
                        p_high=card.p_high,
                        score_p10=low,
                        score_median=median,
                        score_p90=high,
                        quantiles=card.quantiles,
                        latency_ms=(time.perf_counter() - started) * 1000,
                    )
                )

    async def withdraw(self, post_id: int) -> None:
        """End a post that was deleted, or whose author opted out: no label, and no reply either.

        A post that has its label keeps it. A reply that cannot be removed now is removed by
        `remove_replies`.
        """
        async with self._database.write() as session:
            for state in (PostState.SEEN, PostState.PREDICTED, PostState.REPLIED):
                if await move_post(session, post_id, state, state=PostState.WITHDRAWN, due_at=None):
                    break
            else:
                return
        # A reply that is being sent just now must be noted before it can be removed.
        async with self._under_way.setdefault(post_id, asyncio.Lock()):
            async with self._database.read() as session:
                post = await load_post(session, post_id)
            if post is not None:
                await self.remove_reply(post)

    async def remove_reply(self, post: Post) -> None:
        """Take the reply of a withdrawn post away, if there is one.

        Where that cannot be done now, the reply stays on record for another try.
        """
        platform, reply = self._platforms.get(post.platform), post.reply
        if reply is None or reply.state not in (ReplyState.PENDING, ReplyState.SENT):
            return
        if platform is None:
            return
        try:
            await platform.withdraw(post_ref(post), reply.source_id)
        except PlatformUnavailable as error:
            log.info("The reply to post %s cannot be removed now (%s).", post.id, error)
            return
        async with self._database.write() as session:
            removed = await session.get_one(Reply, post.id)
            removed.state = ReplyState.SKIPPED
            removed.reason = "The post was withdrawn."

    async def _reply(self, post: Post) -> None:
        platform = self._platforms.get(post.platform)
        card = stored_card(post.prediction_rows[0])
        now = self._clock()
        sent_before = post.reply is not None
        silence = None if sent_before else await self._reason_to_be_silent(post, card, now)
        if platform is None or silence is not None:
            await self._replied(post, ReplyState.SKIPPED, None, now, silence)
            return
        if not sent_before:
            async with self._database.write() as session:
                await insert_if_new(
                    session, Reply, post_id=post.id, state=ReplyState.PENDING, recorded_at=now
                )
        try:
            reply_id = await platform.reply(post_ref(post), card, sent_before=sent_before)
        except PlatformUnavailable as error:
            await self._put_off(
                post, f"the reply could not be sent ({error})", after=error.retry_after
            )
        except ReplyDeclined as error:
            await self._replied(post, ReplyState.SKIPPED, None, self._clock(), str(error))
        except PostGone:
            async with self._database.write() as session:
                await move_post(
                    session, post.id, PostState.PREDICTED, state=PostState.WITHDRAWN, due_at=None
                )
        else:
            await self._replied(post, ReplyState.SENT, reply_id, self._clock())

    async def _reason_to_be_silent(self, post: Post, card: Card, now: datetime) -> str | None:
        said_lately = 0
        if post.community.replies_per_minute is not None:
            async with self._database.read() as session:
                said_lately = await replies_since(session, post.community_id, now - _MINUTE)
        reason = reason_to_be_silent(post.community, card, now=now, said_lately=said_lately)
        # Last: only a post that would have been answered shows what an answer does.
        return reason or (BY_CHANCE if post.silent else None)

    async def _replied(
        self,
        post: Post,
        state: ReplyState,
        reply_id: str | None,
        now: datetime,
        reason: str | None = None,
    ) -> None:
        """Note what came of the reply, and when the score is read next.

        A reply that was sent while the post was withdrawn is noted, too: it has to be removed.
        """
        due_at = next_reading_at(
            post.posted_at, post.community.horizon_seconds, now, post.community.readings
        )
        async with self._database.write() as session:
            moved = await move_post(
                session,
                post.id,
                PostState.PREDICTED,
                state=PostState.REPLIED,
                due_at=due_at,
                tries=0,
            )
            if not moved:
                query = select(Post.state).where(Post.id == post.id)
                if await session.scalar(query) is not PostState.WITHDRAWN:
                    return
            await session.merge(
                Reply(
                    post_id=post.id,
                    state=state,
                    source_id=reply_id,
                    recorded_at=post.reply.recorded_at if post.reply else now,
                    sent_at=now if state is ReplyState.SENT else None,
                    reason=reason,
                )
            )

    async def _refuse_image(self, place: PostImage, reason: str) -> None:
        async with self._database.write() as session:
            kept = await session.get_one(PostImage, (place.post_id, place.position))
            kept.refusal = reason

    async def _refuse(self, post: Post, reason: str) -> None:
        async with self._database.write() as session:
            await move_post(
                session,
                post.id,
                PostState.SEEN,
                state=PostState.REFUSED,
                refusal=reason,
                due_at=None,
            )

    async def _put_off(self, post: Post, why: str, *, after: timedelta | None = None) -> None:
        """Try the present step again later, or give the post up after too many tries.

        ``after`` is how long to wait; without it the waits double.
        """
        tries = post.tries + 1
        if tries >= MAX_TRIES and post.state is PostState.SEEN:
            log.warning("Post %s is given up after %s tries: %s.", post.id, tries, why)
            await self._refuse(post, "The image could not be downloaded.")
            return
        wait = after or FIRST_WAIT * 2 ** min(post.tries, MAX_TRIES)
        log.info("Post %s is put off for %s: %s.", post.id, wait, why)
        async with self._database.write() as session:
            await move_post(session, post.id, post.state, due_at=self._clock() + wait, tries=tries)


def is_silent(platform: PlatformName, source_id: str, share: float) -> bool:
    """Whether a post is in the silent share: by hash, so that it never changes its mind."""
    digest = hashlib.sha256(f"silent:{platform.value}:{source_id}".encode()).digest()
    return int.from_bytes(digest[:8]) < share * 2**64


def bucket_rule(community: Community) -> BucketRule:
    """Where low ends and high begins in a community."""
    return BucketRule(community.low_up_to, community.medium_up_to)


def post_ref(post: Post) -> PostRef:
    """A stored post (with its community loaded) as its platform needs it."""
    return PostRef(
        post_id=post.id,
        source_id=post.source_id,
        community_source_id=post.community.source_id,
        horizon_at=post.posted_at + timedelta(seconds=post.community.horizon_seconds),
        mode=post.community.reply_mode,
        blind=post.community.blind,
    )


async def read_quantiles(
    session: AsyncSession, community: Community, *, before: datetime
) -> Quantiles:
    """The quantiles that a prediction in ``community`` is read through at the moment ``before``."""
    own = await recent_scores(session, community.id, before=before, limit=WINDOW)
    quantiles = Quantiles.of(own, ())
    if quantiles.source == "none":
        everywhere = await platform_scores(session, community.platform, before=before, limit=WINDOW)
        quantiles = Quantiles.of(own, everywhere)
    return quantiles


async def store_images(
    session: AsyncSession, seen: Mapping[str, SeenImage], backbone: str, now: datetime
) -> dict[str, int]:
    """Store the rows of images and their embeddings, as far as they are new.

    Args:
        session: a write session.
        seen: images by their SHA-256.
        backbone: fingerprint of the backbone that embedded them.
        now: the time of storing.

    Returns the images' ids by their SHA-256.
    """
    await insert_new(
        session,
        Image,
        [
            {
                "sha256": sha256,
                "format": each.image.format,
                "bytes": each.image.bytes,
                "width": each.image.width,
                "height": each.image.height,
                "phash": each.phash,
                "stored_at": now,
            }
            for sha256, each in seen.items()
        ],
    )
    # The file of one that was there may have been dropped after its time: the new one counts anew.
    await session.execute(
        update(Image)
        .where(Image.sha256.in_(seen), Image.dropped_at.is_not(None))
        .values(dropped_at=None, stored_at=now)
    )
    rows = await session.execute(select(Image.sha256, Image.id).where(Image.sha256.in_(seen)))
    ids = {row.sha256: row.id for row in rows}
    await insert_new(
        session,
        Embedding,
        [
            {
                "image_id": ids[sha256],
                "backbone": backbone,
                "vector": each.embedding.astype("<f2").tobytes(),
            }
            for sha256, each in seen.items()
        ],
    )
    return ids
