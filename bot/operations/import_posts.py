"""Importing posts whose outcome is known: a file of posts, their images from a folder or the web.

An import can be stopped at any moment and run again: what is stored is skipped, and labels are
written at the end from what is stored.
"""

import asyncio
from bisect import insort
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from sqlalchemy import Row, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.core import Core
from bot.people.identity import hash_person
from bot.posts.images import store_images
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.champion import Champion, EmbeddedImage
from bot.serving.score_scale import bucket_rule
from models.decoding import ImageRefused
from models.percentiles import WINDOW, BucketRule, tie_interval
from storage.engine.upsert import insert_new
from storage.files.posts_export import FilePost, find_image, read_posts
from storage.queries.communities import find_community
from storage.tables import Author, Community, Label, Post, PostImage, Snapshot
from storage.types import Bucket, PlatformName, PostOrigin, PostState

#: Posts stored in one transaction.
BATCH = 64

#: So many downloads in a row without any connection mean that there is no network.
NO_NETWORK = 16


Advance: TypeAlias = Callable[[int, int], None]


@dataclass(slots=True)
class ImportReport:
    """What came of an import."""

    imported: int = 0
    known: int = 0
    labelled: int = 0
    #: Rows that could not be read, by reason.
    dropped: Counter[str] = field(default_factory=Counter)
    #: Posts without a usable image: id → why.
    without_image: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A post with its image, looked at and on disk; or why there is none."""

    post: FilePost
    sha256: str | None = None
    seen: EmbeddedImage | None = None
    reason: str | None = None


class Import:
    """One import into one community.

    Args:
        images: folder of the images, named by the posts' ids; None: download them all.
        links: remember where images were linked from. A head that is to serve where images are
            uploaded must not learn from that.
    """

    def __init__(
        self, core: Core, community: Community, images: Path | None, *, links: bool = True
    ) -> None:
        self._core = core
        self._community = community
        self._images = images
        self._links = links
        self._failures_in_a_row = 0
        self._at_once = asyncio.Semaphore(core.settings.downloads_at_once)

    def _source(self, each: _Fetched) -> str:
        return (each.post.media if self._links else None) or f"sha256:{each.sha256}"

    async def run(self, path: Path, on_advance: Advance) -> ImportReport:
        """Import ``path``; ``on_advance`` is told how many of how many posts are done.

        Raises:
            PostsFileRefused: the file is not a file of posts.
        """
        posts, dropped = await asyncio.to_thread(read_posts, path, now=self._core.clock())
        report = ImportReport(dropped=dropped)
        await self.take(posts, report, on_advance)
        report.labelled = await self.label()
        return report

    async def take(
        self, posts: Sequence[FilePost], report: ImportReport, on_advance: Advance
    ) -> None:
        """Store those of ``posts`` that are new; what came of each is added to ``report``."""
        known = await self._known()
        new = [post for post in posts if _source_id(post) not in known]
        report.known += len(posts) - len(new)
        champion = await self._core.serving.champion()
        storing: asyncio.Task[None] | None = None
        try:
            for start in range(0, len(new), BATCH):
                batch = await asyncio.gather(
                    *(self._fetch(post, champion) for post in new[start : start + BATCH])
                )
                if storing is not None:
                    await storing
                # One batch is stored while the next is looked at.
                storing = asyncio.create_task(self._store(batch, champion, report))
                on_advance(min(start + BATCH, len(new)), len(new))
        finally:
            if storing is not None:
                await storing

    async def _known(self) -> set[str]:
        async with self._core.database.read() as session:
            query = select(Post.source_id).where(Post.platform == self._community.platform)
            return set(await session.scalars(query))

    async def _fetch(self, post: FilePost, champion: Champion) -> _Fetched:
        async with self._at_once:
            try:
                data = await self._data(post)
                seen = await self._core.serving.look(data, champion.backbone)
                sha256 = await asyncio.to_thread(self._core.images.put, data)
            except (DownloadRefused, DownloadFailed, ImageRefused) as error:
                return _Fetched(post, reason=str(error))
            return _Fetched(post, sha256, seen)

    async def _data(self, post: FilePost) -> bytes:
        if self._images is not None:
            path = await asyncio.to_thread(find_image, self._images, post.source_id)
            if path is not None:
                return await asyncio.to_thread(path.read_bytes)
        if post.media is None:
            raise DownloadRefused("There is no file for it and no link to one.")
        if self._failures_in_a_row >= NO_NETWORK:
            raise DownloadFailed("Not tried: none of the downloads before it got a connection.")
        try:
            data = await self._core.downloader.fetch(post.media)
        except DownloadFailed:
            self._failures_in_a_row += 1
            raise
        except DownloadRefused:
            self._failures_in_a_row = 0
            raise
        self._failures_in_a_row = 0
        return data

    async def _store(
        self, batch: Sequence[_Fetched], champion: Champion, report: ImportReport
    ) -> None:
        """Store posts with their images, embeddings and scores in one transaction."""
        now, community = self._core.clock(), self._community
        seen = {each.sha256: each.seen for each in batch if each.sha256 and each.seen}
        usable = [each for each in batch if each.sha256 in seen]
        async with self._core.database.write() as session:
            backbone = champion.backbone.fingerprint
            stored = await store_images(session, seen, backbone, now)
            author_ids = await self._authors(session, [each.post for each in usable])
            rows = [
                Post(
                    community_id=community.id,
                    platform=community.platform,
                    source_id=_source_id(each.post),
                    author_id=author_ids.get(each.post.author or ""),
                    origin=PostOrigin.IMPORTED,
                    title=each.post.title,
                    posted_at=each.post.posted_at,
                    seen_at=now,
                    state=PostState.AWAITING_SCORE,
                    silent=False,
                    images=[
                        PostImage(
                            position=0,
                            source=self._source(each),
                            image_id=stored[each.sha256 or ""].id,
                        )
                    ],
                )
                for each in usable
            ]
            session.add_all(rows)
            await session.flush()
            session.add_all(
                Snapshot(
                    post_id=row.id,
                    reading=community.horizon_seconds,
                    age_seconds=community.horizon_seconds,
                    taken_at=now,
                    score=each.post.score,
                )
                for row, each in zip(rows, usable, strict=True)
            )
        report.imported += len(usable)
        report.without_image |= {
            each.post.source_id: each.reason for each in batch if each.reason is not None
        }

    async def _authors(self, session: AsyncSession, posts: Sequence[FilePost]) -> dict[str, int]:
        """Ids of the posts' authors, by name; new ones are added."""
        platform, key = self._community.platform, self._core.people_key
        people = {
            post.author: hash_person(key, platform, post.author) for post in posts if post.author
        }
        hashes = list(people.values())
        await insert_new(
            session, Author, [{"platform": platform, "hash": person} for person in set(hashes)]
        )
        query = select(Author.hash, Author.id).where(
            Author.platform == platform, Author.hash.in_(hashes)
        )
        ids = {row.hash: row.id for row in await session.execute(query)}
        return {name: ids[person] for name, person in people.items()}

    async def label(self) -> int:
        """Label every imported post of the community that has no label yet; return how many.

        Percentiles are taken in the order in which scores became final, each among the window
        before it, as if the posts had been watched live.
        """
        now, community = self._core.clock(), self._community
        rule = bucket_rule(community)
        horizon = timedelta(seconds=community.horizon_seconds)
        window = _Window()
        labelled = 0
        async with self._core.database.write() as session:
            for post_id, posted_at, score, has_label in await _final_scores(session, community):
                low, high = window.add(score)
                if has_label:
                    continue
                session.add(
                    Label(
                        post_id=post_id,
                        community_id=community.id,
                        score=score,
                        percentile_low=low,
                        percentile_high=high,
                        bucket=Bucket(rule.bucket(score, (low + high) / 2)),
                        matured_at=posted_at + horizon,
                        written_at=now,
                    )
                )
                await session.execute(
                    update(Post).where(Post.id == post_id).values(state=PostState.LABELLED)
                )
                labelled += 1
        return labelled


class _Window:
    """The trailing window of a community, for labels taken in the order they matured."""

    def __init__(self) -> None:
        self._in_order: deque[float] = deque()
        self._sorted: list[float] = []

    def add(self, score: float) -> tuple[float, float]:
        """The percentile interval of the next score among the window before it."""
        interval = tie_interval(score, self._sorted)
        self._in_order.append(score)
        insort(self._sorted, score)
        if len(self._in_order) >= WINDOW:
            self._sorted.remove(self._in_order.popleft())
        return interval


async def _final_scores(
    session: AsyncSession, community: Community
) -> Sequence[Row[int, datetime, float, bool]]:
    """Posts of a community whose final score is known, in the order they matured."""
    query = (
        select(
            Post.id,
            Post.posted_at,
            func.coalesce(Label.score, Snapshot.score),
            Label.post_id.is_not(None),
        )
        .outerjoin(Label, Label.post_id == Post.id)
        .outerjoin(
            Snapshot,
            (Snapshot.post_id == Post.id) & (Snapshot.reading == community.horizon_seconds),
        )
        .where(
            Post.community_id == community.id,
            or_(
                Label.post_id.is_not(None),
                (Post.origin == PostOrigin.IMPORTED) & Snapshot.post_id.is_not(None),
            ),
        )
        .order_by(Post.posted_at, Post.id)
    )
    return (await session.execute(query)).all()


async def imported_community(core: Core, name: str, rule: BucketRule | None) -> Community:
    """The community that an import goes into, made if it is new.

    Args:
        name: ``r/memes``, or any other name.
        rule: its buckets; None leaves them as they are.
    """
    source_id = name.removeprefix("/").removeprefix("r/")
    async with core.database.write() as session:
        community = await find_community(session, PlatformName.REDDIT, source_id)
        if community is None:
            community = Community(
                platform=PlatformName.REDDIT,
                source_id=source_id,
                name=name,
                horizon_seconds=24 * 3600,
                created_at=core.clock(),
            )
            session.add(community)
        if rule is not None:
            community.low_up_to, community.medium_up_to = rule.low_up_to, rule.medium_up_to
        await session.flush()
        return community


def _source_id(post: FilePost) -> str:
    """The post's full name on Reddit, so that a live reading of it would be the same post."""
    return f"t3_{post.source_id}"
