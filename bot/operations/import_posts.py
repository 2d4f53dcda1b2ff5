"""Importing posts whose outcome is known: a file of posts, their images from a folder or the web.

An import can be stopped at any moment and run again: what is stored is skipped, and labels are
written at the end from what is stored. Hosts take turns, so that one that does not answer holds up
nothing; what did not arrive is tried again at the end.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.operations.import_downloads import PER_HOST
from bot.operations.import_genres import note_genres
from bot.operations.import_images import ImageImport, PostWithImage, PostWithoutImage
from bot.operations.import_labels import label_imported
from bot.operations.import_placeholders import RepeatedImage, repeated_images
from bot.people.identity import hash_person
from bot.posts.images import store_images
from bot.runtime.clock import Clock
from bot.serving.champion import Champion, ChampionServer
from models.percentiles import BucketRule
from storage.engine.database import Database
from storage.engine.upsert import insert_new
from storage.files.posts_export import FilePost, LeftOut, PostsFile
from storage.queries.communities import find_community
from storage.tables import Author, Community, Image, ImagelessPost, Post, PostImage, Snapshot
from storage.types import PlatformName, PostOrigin, PostRefusal, PostState

#: Posts stored in one transaction.
BATCH = 64

#: Images that did not arrive are asked for again after all others, until so many rounds in a row
#: brought none.
IDLE_ROUNDS = 3

#: Why a post of somebody who opted out is left out.
OPTED_OUT = "Its author asked that nothing of theirs is stored."

#: Ids named in one statement; databases take no more than some ten thousand.
_NAMED_AT_ONCE = 1000


Advance: TypeAlias = Callable[[int, int], None]
_Read: TypeAlias = PostWithImage | PostWithoutImage


@dataclass(slots=True)
class ImportReport:
    """The result of an import.

    Attributes:
        new_ids: posts that were stored now.
        known_ids: posts that were stored before.
        labelled: labels that were written.
        left_out: rows of the file that could not be read.
        without_image: posts without a usable image: id → why.
        in_records: how many of them count in the records of posts by their score.
        repeated: files that are under several posts with different links.
        unknown_genres: what stands there as a genre and is none of the community, how often.
    """

    new_ids: set[str] = field(default_factory=set)
    known_ids: set[str] = field(default_factory=set)
    labelled: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    without_image: dict[str, str] = field(default_factory=dict)
    in_records: int = 0
    repeated: list[RepeatedImage] = field(default_factory=list)
    unknown_genres: Counter[str] = field(default_factory=Counter)

    @property
    def imported(self) -> int:
        """Posts that were stored now and can be labelled."""
        return len(self.new_ids.difference(self.without_image))

    @property
    def known(self) -> int:
        """Posts that were stored before and can be labelled, or are."""
        return len(self.known_ids.difference(self.without_image))

    @property
    def dropped(self) -> Counter[str]:
        """How many rows of the file could not be read, by reason."""
        return Counter(each.reason for each in self.left_out)

    @property
    def complete(self) -> bool:
        """Whether every row of the file is stored."""
        return not self.left_out and not self.without_image


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

    async def run(self, file: PostsFile, on_advance: Advance) -> ImportReport:
        """Import what `storage.files.posts_export.read_posts` read from a file.

        The file is read before anything is changed, so that a mistyped name changes nothing.

        Args:
            file: its posts, and its rows that are left out.
            on_advance: told how many of how many posts are done.
        """
        report = ImportReport(left_out=file.left_out)
        await self.store_new(file.posts, report, on_advance)
        await self._refuse_repeated(file.posts, report)
        report.labelled = await self.label()
        report.in_records = await self._count_imageless(report.without_image)
        named = [(_source_id(post), post) for post in file.posts if post.genre is not None]
        for first in range(0, len(named), _NAMED_AT_ONCE):
            some = named[first : first + _NAMED_AT_ONCE]
            async with self._database.write() as session:
                report.unknown_genres += await session.run_sync(
                    note_genres, self._community, some, self._clock()
                )
        return report

    async def label(self) -> int:
        """Label every imported post of the community that has no label yet; return how many."""
        return await label_imported(self._database, self._community, self._clock())

    async def store_new(
        self, posts: Sequence[FilePost], report: ImportReport, on_advance: Advance
    ) -> None:
        """Store those of ``posts`` that are new; the result of each is added to ``report``."""
        known = await self._known()
        opted_out = await self._opted_out({post.author for post in posts if post.author})
        new = []
        for post in posts:
            if _source_id(post) in known:
                continue
            if post.author in opted_out:
                report.without_image[post.source_id] = OPTED_OUT
            else:
                new.append(post)
        report.known_ids.update(post.source_id for post in posts if _source_id(post) in known)
        champion = await self._server.champion()
        missing = await self._store_each(new, champion, report, on_advance)
        idle = 0
        while missing and idle < IDLE_ROUNDS:
            if idle == IDLE_ROUNDS - 1:
                self._images.try_hosts_again()
            before = len(missing)
            missing = await self._store_each(missing, champion, report, lambda done, total: None)
            idle = idle + 1 if len(missing) == before else 0

    async def _store_each(
        self,
        posts: Sequence[FilePost],
        champion: Champion,
        report: ImportReport,
        on_advance: Advance,
    ) -> list[FilePost]:
        """Read and store posts; return those whose image did not arrive this time."""
        missing: list[FilePost] = []
        batch: list[_Read] = []
        done = 0
        reading = self._read_each(posts, champion)
        try:
            async for each in reading:
                batch.append(each)
                if isinstance(each, PostWithoutImage) and each.for_now:
                    missing.append(each.post)
                if len(batch) == BATCH:
                    full, batch = batch, []
                    await self._store(full, champion, report)
                    done += BATCH
                    on_advance(done, len(posts))
        finally:
            await reading.aclose()
            if batch:
                await self._store(batch, champion, report)
        on_advance(len(posts), len(posts))
        return missing

    async def _read_each(
        self, posts: Sequence[FilePost], champion: Champion
    ) -> AsyncGenerator[_Read, None]:
        """The posts with their images, as they arrive; each host has readers of its own."""
        waiting: defaultdict[str, deque[FilePost]] = defaultdict(deque)
        for post in posts:
            waiting[self._images.source(post)].append(post)
        arrived: asyncio.Queue[_Read | asyncio.Task[None]] = asyncio.Queue()
        places = asyncio.Semaphore(2 * BATCH)

        async def read(queue: deque[FilePost]) -> None:
            while queue:
                found = await self._images.read(queue.popleft(), champion)
                # Not before: whoever waits for a host that is away must not keep others out.
                await places.acquire()
                arrived.put_nowait(found)

        readers = [
            asyncio.create_task(read(queue))
            for queue in waiting.values()
            for _ in range(min(PER_HOST, len(queue)))
        ]
        for reader in readers:
            reader.add_done_callback(arrived.put_nowait)
        try:
            reading = len(readers)
            while reading:
                each = await arrived.get()
                if isinstance(each, asyncio.Task):
                    each.result()
                    reading -= 1
                else:
                    places.release()
                    yield each
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    async def _refuse_repeated(self, posts: Sequence[FilePost], report: ImportReport) -> None:
        """Take out posts that show one picture in place of many; name those that share one."""
        stored = await self._stored_images()
        report.repeated = repeated_images(posts, {key: row.sha256 for key, row in stored.items()})
        for repeated in report.repeated:
            if repeated.stands_in:
                await self._refuse(repeated)
        stored = await self._stored_images()
        for post in posts:
            row = stored.get(post.source_id)
            if row is not None and row.state is PostState.REFUSED:
                report.without_image[post.source_id] = row.refusal or "It was refused before."

    async def _stored_images(self) -> dict[str, Row[str, PostState, str | None, str]]:
        """Imported posts of the community by their ids in files: state, refusal, SHA-256."""
        query = (
            select(Post.source_id, Post.state, Post.refusal, Image.sha256)
            .join(PostImage, PostImage.post_id == Post.id)
            .join(Image, Image.id == PostImage.image_id)
            .where(Post.community_id == self._community.id, Post.origin == PostOrigin.IMPORTED)
        )
        async with self._database.read() as session:
            rows = await session.execute(query)
            return {row.source_id.removeprefix("t3_"): row for row in rows}

    async def _refuse(self, repeated: RepeatedImage) -> None:
        """End posts that wait for their label; what was labelled before stays."""
        async with self._database.write() as session:
            for start in range(0, len(repeated.ids), _NAMED_AT_ONCE):
                ids = [f"t3_{each}" for each in repeated.ids[start : start + _NAMED_AT_ONCE]]
                await session.execute(
                    update(Post)
                    .where(
                        Post.community_id == self._community.id,
                        Post.source_id.in_(ids),
                        Post.state == PostState.AWAITING_SCORE,
                        Post.origin == PostOrigin.IMPORTED,
                    )
                    .values(
                        state=PostState.REFUSED,
                        refusal_code=PostRefusal.OTHER,
                        refusal=repeated.reason,
                    )
                )

    async def _known(self) -> set[str]:
        async with self._database.read() as session:
            query = select(Post.source_id).where(Post.platform == self._community.platform)
            return set(await session.scalars(query))

    async def _store(
        self,
        batch: Sequence[_Read],
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
            author_ids = await self._authors(session, [each.post for each in batch])
            await session.execute(
                # Its image was not there when it was imported before.
                delete(ImagelessPost).where(
                    ImagelessPost.platform == community.platform,
                    ImagelessPost.source_id.in_([_source_id(each.post) for each in usable]),
                )
            )
            await session.run_sync(
                self._note_imageless,
                [each.post for each in batch if isinstance(each, PostWithoutImage)],
                author_ids,
                now,
            )
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
        for each in batch:
            if isinstance(each, PostWithoutImage):
                report.without_image[each.post.source_id] = each.reason
            else:
                report.new_ids.add(each.post.source_id)
                report.without_image.pop(each.post.source_id, None)

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

    async def note_imageless(self, posts: Sequence[FilePost]) -> None:
        """Store what was published without an image, for the records of posts alone."""
        async with self._database.write() as session:
            authors = await self._authors(session, posts)
            await session.run_sync(self._note_imageless, posts, authors, self._clock())

    def _note_imageless(
        self,
        session: Session,
        posts: Sequence[FilePost],
        author_ids: Mapping[str, int],
        now: datetime,
    ) -> None:
        people = set(author_ids.values())
        opted_out = set(
            session.scalars(
                select(Author.id).where(Author.id.in_(people), Author.opted_out_at.is_not(None))
            )
        )
        rows = []
        for post in posts:
            author_id = author_ids.get(post.author or "")
            if author_id not in opted_out:
                rows.append(
                    {
                        "community_id": self._community.id,
                        "platform": self._community.platform,
                        "source_id": _source_id(post),
                        "author_id": author_id,
                        "posted_at": post.posted_at,
                        "seen_at": now,
                        "score": post.score,
                    }
                )
        insert_new(session, ImagelessPost, rows)

    async def _count_imageless(self, ids: Iterable[str]) -> int:
        wanted = {f"t3_{each}" for each in ids}
        query = select(ImagelessPost.source_id).where(
            ImagelessPost.community_id == self._community.id, ImagelessPost.matured_at.is_not(None)
        )
        async with self._database.read() as session:
            return len(wanted.intersection(await session.scalars(query)))

    async def _opted_out(self, authors: Collection[str]) -> set[str]:
        """Those of some authors of whom nothing may be stored."""
        platform = self._community.platform
        by_hash = {hash_person(self._people_key, platform, name): name for name in authors}
        # Few opt out; a file may have a million authors.
        query = select(Author.hash).where(
            Author.platform == platform, Author.opted_out_at.is_not(None)
        )
        async with self._database.read() as session:
            found = await session.scalars(query)
            return {by_hash[person] for person in found if person in by_hash}

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
