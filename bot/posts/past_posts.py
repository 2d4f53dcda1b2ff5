"""Posts of a community's past: stored with the score that they ended with, never predicted.

They wait for their label, as imported posts do (`bot.operations.import_labels`).
"""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from bot.people.identity import hash_person
from bot.platform import IncomingPost
from bot.posts.images import store_images
from bot.posts.ingest import STORED
from bot.runtime.clock import Clock
from bot.runtime.download import Downloader, DownloadFailed, DownloadRefused, ImageAbsent
from bot.serving.champion import Champion, ChampionServer
from bot.serving.embed import UndescribedImage
from models.decoding import ImageRefused, ImageUnread
from storage.engine.database import Database
from storage.engine.scopes import person_scope, source_scope
from storage.engine.upsert import insert_if_new
from storage.files.image_store import ImageStore
from storage.files.post_values import MAX_TITLE
from storage.queries.communities import find_author, find_or_add_author
from storage.tables import Community, Post, PostImage, Snapshot
from storage.types import PostOrigin, PostState


class PastPost(StrEnum):
    """What became of a post of the past."""

    STORED = "stored"
    #: It was stored before.
    KNOWN = "known"
    #: Its author does not want anything of theirs stored.
    OPTED_OUT = "opted_out"
    #: Its score may still change: it is left to those who watch.
    TOO_YOUNG = "too_young"
    NO_IMAGE = "no_image"


class PastPosts:
    """Stores posts of the past.

    Args:
        people_key: key of the hashes that stand for people.
    """

    def __init__(
        self,
        database: Database,
        images: ImageStore,
        serving: ChampionServer,
        downloader: Downloader,
        *,
        people_key: bytes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._images = images
        self._serving = serving
        self._downloader = downloader
        self._people_key = people_key
        self._clock = clock

    async def why_not(self, community: Community, incoming: IncomingPost) -> PastPost | None:
        """Why a post is not to be stored; None: it is. Asked before anything is fetched for it."""
        horizon = timedelta(seconds=community.horizon_seconds)
        if incoming.posted_at + horizon > self._clock():
            return PastPost.TOO_YOUNG
        person = self._person(community, incoming)
        return await self._database.run_read(
            lambda session: _why_not(session, community, incoming, person)
        )

    async def store(self, community: Community, incoming: IncomingPost, score: int) -> PastPost:
        """Store a post, in one transaction, with all of its images that can be used.

        Args:
            community: that it was posted in.
            incoming: the post; `why_not` has nothing against it.
            score: what it ended with.

        Raises:
            DownloadFailed, ImageUnread: no image arrived this time.
            NoChampion: nothing serves.
        """
        champion = await self._serving.champion()
        found = await self._usable_images(incoming, champion)
        if not found:
            return PastPost.NO_IMAGE
        person = self._person(community, incoming)
        now = self._clock()

        def store(session: Session) -> PastPost:
            reason = _why_not(session, community, incoming, person)
            if reason is not None:
                return reason
            fingerprint = champion.backbone.fingerprint
            stored = store_images(session, found, fingerprint, now)
            author = None
            if person is not None and not incoming.passed_on:
                author = find_or_add_author(session, community.platform, person).id
            if not insert_if_new(
                session,
                Post,
                community_id=community.id,
                platform=community.platform,
                source_id=incoming.source_id,
                author_id=author,
                origin=PostOrigin.IMPORTED,
                title=incoming.title[:MAX_TITLE],
                link=incoming.link,
                posted_at=incoming.posted_at,
                seen_at=now,
                state=PostState.AWAITING_SCORE,
                silent=False,
                options=dict(incoming.options) or None,
            ):
                return PastPost.KNOWN
            post_id = session.scalars(_id_of(community, incoming)).one()
            session.add_all(
                PostImage(
                    post_id=post_id,
                    position=position,
                    source=f"{STORED}{sha256}",
                    image_id=stored[sha256].id,
                )
                for position, sha256 in enumerate(found)
            )
            session.add(
                Snapshot(
                    post_id=post_id,
                    reading=community.horizon_seconds,
                    age_seconds=community.horizon_seconds,
                    taken_at=now,
                    score=score,
                )
            )
            return PastPost.STORED

        # What may not be there yet: the post, and its author.
        scopes = [source_scope(community.platform, incoming.source_id)]
        if person is not None:
            scopes.append(person_scope(community.platform, person))
        return await self._database.run_write(store, alone_in=scopes)

    def _person(self, community: Community, incoming: IncomingPost) -> str | None:
        if incoming.author is None:
            return None
        return hash_person(self._people_key, community.platform, incoming.author)

    async def _usable_images(
        self, incoming: IncomingPost, champion: Champion
    ) -> dict[str, UndescribedImage]:
        """The images that can be had and used, by their hash, in the order of the post.

        One that does not arrive is left out if another one does.
        """
        failed: DownloadFailed | ImageUnread | None = None
        found: dict[str, UndescribedImage] = {}
        for source in incoming.images:
            try:
                data = source if isinstance(source, bytes) else await self._downloader.fetch(source)
                image = await self._serving.embed_undescribed(data, champion.backbone)
            except (DownloadFailed, ImageUnread) as error:
                failed = error
            except (DownloadRefused, ImageRefused, ImageAbsent):
                continue
            else:
                found[await self._images.on_thread(self._images.put, data)] = image
        if not found and failed is not None:
            raise failed
        return found


def _id_of(community: Community, incoming: IncomingPost) -> Select[int]:
    return select(Post.id).filter_by(platform=community.platform, source_id=incoming.source_id)


def _why_not(
    session: Session, community: Community, incoming: IncomingPost, person: str | None
) -> PastPost | None:
    if session.scalar(_id_of(community, incoming)) is not None:
        return PastPost.KNOWN
    author = None if person is None else find_author(session, community.platform, person)
    if author is not None and author.opted_out_at is not None:
        return PastPost.OPTED_OUT
    return None
