"""Importing posts whose outcome is known: a file of posts, their images from a folder or the web.

An import can be stopped at any moment and run again: what is stored is skipped, and labels are
written at the end from what is stored.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.operations.import_images import ImageImport, PostWithImage, PostWithoutImage
from bot.operations.import_labels import label_imported
from bot.people.identity import hash_person
from bot.posts.images import store_images
from bot.runtime.clock import Clock
from bot.serving.champion import Champion, ChampionServer
from models.percentiles import BucketRule
from storage.engine.database import Database
from storage.engine.upsert import insert_new
from storage.files.posts_export import FilePost
from storage.queries.communities import find_community
from storage.tables import Author, Community, Post, PostImage, Snapshot
from storage.types import PlatformName, PostOrigin, PostState

#: Posts stored in one transaction.
BATCH = 64


Advance: TypeAlias = Callable[[int, int], None]


@dataclass(slots=True)
class ImportReport:
    """The result of an import.

    Attributes:
        imported: posts that were stored.
        known: posts that were stored before.
        labelled: labels that were written.
        dropped: rows of the file that could not be read, by reason.
        without_image: posts without a usable image: id → why.
    """

    imported: int = 0
    known: int = 0
    labelled: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    without_image: dict[str, str] = field(default_factory=dict)


class Import:
    """One import into one community.

    Args:
        database: what is imported is stored there.
        server: knows the champion, whose backbone embeds the images.
        images: reads the images.
        community: the posts are imported into it.
        people_key: key of the hashes that stand for authors.
        clock: the time.
    """

    def __init__(
        self,
        database: Database,
        server: ChampionServer,
        images: ImageImport,
        community: Community,
        *,
        people_key: bytes,
        clock: Clock,
    ) -> None:
        self._database = database
        self._server = server
        self._images = images
        self._community = community
        self._people_key = people_key
        self._clock = clock

    async def run(
        self, posts: Sequence[FilePost], dropped: Counter[str], on_advance: Advance
    ) -> ImportReport:
        """Import what `storage.files.posts_export.read_posts` read from a file.

        The file is read before anything is changed, so that a mistyped name changes nothing.

        Args:
            posts: of the file.
            dropped: rows of the file that could not be read, by reason.
            on_advance: told how many of how many posts are done.
        """
        report = ImportReport(dropped=dropped)
        await self.store_new(posts, report, on_advance)
        report.labelled = await self.label()
        return report

    async def label(self) -> int:
        """Label every imported post of the community that has no label yet; return how many."""
        return await label_imported(self._database, self._community, self._clock())

    async def store_new(
        self, posts: Sequence[FilePost], report: ImportReport, on_advance: Advance
    ) -> None:
        """Store those of ``posts`` that are new; the result of each is added to ``report``."""
        known = await self._known()
        new = [post for post in posts if _source_id(post) not in known]
        report.known += len(posts) - len(new)
        champion = await self._server.champion()
        storing: asyncio.Task[None] | None = None
        try:
            for start in range(0, len(new), BATCH):
                batch = await asyncio.gather(
                    *(self._images.read(post, champion) for post in new[start : start + BATCH])
                )
                if storing is not None:
                    await storing
                # One batch is stored while the next is read.
                storing = asyncio.create_task(self._store(batch, champion, report))
                on_advance(min(start + BATCH, len(new)), len(new))
        finally:
            if storing is not None:
                await storing

    async def _known(self) -> set[str]:
        async with self._database.read() as session:
            query = select(Post.source_id).where(Post.platform == self._community.platform)
            return set(await session.scalars(query))

    async def _store(
        self,
        batch: Sequence[PostWithImage | PostWithoutImage],
        champion: Champion,
        report: ImportReport,
    ) -> None:
        """Store posts with their images, embeddings and scores in one transaction."""
        now, community = self._clock(), self._community
        usable = [each for each in batch if isinstance(each, PostWithImage)]
        embedded = {each.sha256: each.image for each in usable}
        async with self._database.write() as session:
            stored = await session.run_sync(
                store_images, embedded, champion.backbone.fingerprint, now
            )
            author_ids = await self._authors(session, [each.post for each in usable])
            rows = [
                self._row(
                    each,
                    author_id=author_ids.get(each.post.author or ""),
                    image_id=stored[each.sha256].id,
                    now=now,
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
            each.post.source_id: each.reason for each in batch if isinstance(each, PostWithoutImage)
        }

    def _row(
        self, each: PostWithImage, *, author_id: int | None, image_id: int, now: datetime
    ) -> Post:
        return Post(
            community_id=self._community.id,
            platform=self._community.platform,
            source_id=_source_id(each.post),
            author_id=author_id,
            origin=PostOrigin.IMPORTED,
            title=each.post.title,
            posted_at=each.post.posted_at,
            seen_at=now,
            state=PostState.AWAITING_SCORE,
            silent=False,
            # Where it was linked from says more about the file than about the picture.
            images=[PostImage(position=0, source=f"sha256:{each.sha256}", image_id=image_id)],
        )

    async def _authors(self, session: AsyncSession, posts: Sequence[FilePost]) -> dict[str, int]:
        """Ids of the posts' authors, by name; new ones are added."""
        platform, key = self._community.platform, self._people_key
        people = {
            post.author: hash_person(key, platform, post.author) for post in posts if post.author
        }
        hashes = list(people.values())
        await session.run_sync(
            insert_new, Author, [{"platform": platform, "hash": person} for person in set(hashes)]
        )
        query = select(Author.hash, Author.id).where(
            Author.platform == platform, Author.hash.in_(hashes)
        )
        ids = {row.hash: row.id for row in await session.execute(query)}
        return {name: ids[person] for name, person in people.items()}


async def find_or_add_imported_community(
    database: Database, name: str, rule: BucketRule | None, now: datetime
) -> Community:
    """The community that an import goes into, made if it is new.

    Args:
        database: holds the communities.
        name: ``r/memes``, or any other name.
        rule: its buckets; None leaves them as they are.
        now: when it is made, if it is.
    """
    source_id = name.removeprefix("/").removeprefix("r/")
    async with database.write() as session:
        community = await session.run_sync(find_community, PlatformName.REDDIT, source_id)
        if community is None:
            community = Community(
                platform=PlatformName.REDDIT,
                source_id=source_id,
                name=name,
                horizon_seconds=24 * 3600,
                created_at=now,
            )
            session.add(community)
        if rule is not None:
            community.low_up_to, community.medium_up_to = rule.low_up_to, rule.medium_up_to
        await session.flush()
        return community


def _source_id(post: FilePost) -> str:
    """The post's full name on Reddit, so that a live reading of it would be the same post."""
    return f"t3_{post.source_id}"
