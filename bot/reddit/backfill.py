"""Posts of the past, with their scores as labels: what a first head learns from."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

from bot.core import Core
from bot.networks.errors import CredentialsRefused
from bot.operations.import_downloads import HostDownloads
from bot.operations.import_images import ImageImport
from bot.operations.import_posts import Import, ImportReport
from bot.platform import IncomingPost, PlatformRefused, ScoreRead
from bot.posts.past_posts import PastPost
from bot.reddit.client import Item, Page, RedditClient
from bot.reddit.communities import Communities, community_ref
from bot.reddit.errors import NotAllowed, NotThere, RedditBusy
from bot.reddit.items import IMAGELESS, Rules, Skip, read_imageless, read_item
from bot.reddit.score_reader import read_score
from bot.runtime.download import DownloadFailed
from models.decoding import ImageUnread
from storage.files.posts_export import FilePost
from storage.tables import Community

T = TypeVar("T")

#: Tries of one page before the back-fill is left for another time.
MAX_TRIES = 10

_NO_GALLERY = "None of its images could be had, or its author opted out."

#: Posts of any age are taken.
_EVER = timedelta(days=365 * 30)

#: Called with the progress: a sentence, posts done, posts in all.
Advance = Callable[[str, int, int], None]
Sleep = Callable[[float], Awaitable[None]]


class Listing(StrEnum):
    """Which posts: the newest are a fair sample; the top ones are all successes."""

    NEW = "new"
    TOP = "top"


@dataclass(slots=True)
class BackfillReport:
    """The result of a back-fill."""

    community: str
    imported: ImportReport = field(default_factory=ImportReport)
    skipped: Counter[str] = field(default_factory=Counter)
    requests: int = 0


class Backfill:
    """Imports posts of one subreddit.

    It may be stopped at any moment: each page is stored before the next is asked for, and a post
    that is there is not downloaded again.

    Args:
        sleep: waits for a number of seconds.
    """

    def __init__(
        self, core: Core, client: RedditClient, rules: Rules, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._core = core
        self._client = client
        self._rules = Rules(_EVER, nsfw=rules.nsfw, crossposts=rules.crossposts)
        self._sleep = sleep
        self._past = core.past_posts

    async def run(
        self, name: str, *, limit: int, listing: Listing, on_advance: Advance
    ) -> BackfillReport:
        """Import up to ``limit`` posts of ``r/name`` whose score is final.

        Raises:
            PlatformRefused: the subreddit or Reddit as a whole is closed to us; the message says
                what to do.
        """
        report = BackfillReport(f"r/{name}")
        community = await self._community(name, on_advance)
        report.community = community.name
        core = self._core
        load = Import(
            core.database,
            core.serving,
            ImageImport(
                core.images,
                core.serving,
                HostDownloads(core.downloader, sleep=self._sleep),
                folder=None,
                at_once=core.settings.downloads_at_once,
            ),
            community,
            people_key=core.people_key,
            clock=core.clock,
        )
        after: str | None = None
        done = 0
        while done < limit:
            page = await self._patiently(partial(self._page, listing, name, after), on_advance)
            items = page.items[: limit - done]
            posts, galleries, imageless = self._posts(items, community, report)

            def advance(part: int, _: int, done: int = done) -> None:
                on_advance(f"Importing from r/{name}", done + part, limit)

            await load.store_new(posts, report.imported, advance)
            await self._store_galleries(galleries, community, report)
            await load.note_imageless(imageless)
            done += len(items)
            on_advance(f"Importing from r/{name}", done, limit)
            after = page.after
            if after is None or not page.items:
                break
        on_advance("Writing labels", done, done)
        report.imported.labelled = await load.label()
        report.requests = self._client.requests
        return report

    async def _community(self, name: str, on_advance: Advance) -> Community:
        about = await self._patiently(partial(self._client.about, name), on_advance)
        spelt = about.get("display_name")
        communities = Communities(
            self._core.database,
            horizon_seconds=round(self._core.settings.reddit_horizon_hours * 3600),
            clock=self._core.clock,
        )
        return await communities.find_or_add(
            spelt if isinstance(spelt, str) and spelt.lower() == name.lower() else name
        )

    async def _page(self, listing: Listing, name: str, after: str | None) -> Page:
        if listing is Listing.TOP:
            return await self._client.top(name, after)
        return await self._client.new(name, after)

    async def _patiently(self, ask: Callable[[], Awaitable[T]], on_advance: Advance) -> T:
        """Ask until there is an answer, waiting in between as Reddit says."""
        for _ in range(MAX_TRIES):
            try:
                return await ask()
            except RedditBusy as error:
                wait = (error.retry_after or timedelta(seconds=30)).total_seconds()
                on_advance(f"Waiting {wait:.0f} s: {error}", 0, 0)
                await self._sleep(wait)
            except CredentialsRefused as error:
                raise PlatformRefused(str(error)) from error
            except NotThere as error:
                raise PlatformRefused("There is no such subreddit on Reddit.") from error
            except NotAllowed as error:
                raise PlatformRefused(
                    "The subreddit is closed to this account: it is private, or the account is"
                    " banned from it."
                ) from error
        raise PlatformRefused(
            "Reddit cannot be asked just now. Run the same command later: it goes on from here."
        )

    def _posts(
        self, items: Sequence[Item], community: Community, report: BackfillReport
    ) -> tuple[list[FilePost], list[tuple[IncomingPost, int]], list[FilePost]]:
        """The posts of a page, its galleries with their scores, and what has no image."""
        now = self._core.clock()
        final = timedelta(seconds=community.horizon_seconds)
        posts: list[FilePost] = []
        galleries: list[tuple[IncomingPost, int]] = []
        imageless: list[FilePost] = []
        for item in items:
            place = community_ref(community)
            taken = read_item(item, place, self._rules, now)
            read = read_score(item, now)
            score = read.score if isinstance(read, ScoreRead) else None
            if isinstance(taken, Skip):
                report.skipped[taken.value] += 1
                bare = read_imageless(item, place, now) if taken in IMAGELESS else None
                if bare is not None and score is not None and now - bare.posted_at >= final:
                    imageless.append(_file_post(bare, score))
            elif score is None:
                report.skipped["no score"] += 1
            elif now - taken.posted_at < final:
                report.skipped["too young: its score is not final"] += 1
            elif len(taken.images) > 1:
                galleries.append((taken, score))
            else:
                posts.append(_file_post(taken, score))
        return posts, galleries, imageless

    async def _store_galleries(
        self,
        galleries: Sequence[tuple[IncomingPost, int]],
        community: Community,
        report: BackfillReport,
    ) -> None:
        """Store galleries with all of their images that can be had."""
        for post, score in galleries:
            source_id = post.source_id.removeprefix("t3_")
            found = await self._past.why_not(community, post)
            if found is None:
                try:
                    found = await self._past.store(community, post, score)
                except (DownloadFailed, ImageUnread):
                    found = PastPost.NO_IMAGE
            match found:
                case PastPost.STORED:
                    report.imported.new_ids.add(source_id)
                case PastPost.KNOWN:
                    report.imported.known_ids.add(source_id)
                case _:
                    report.imported.without_image[source_id] = _NO_GALLERY


def _file_post(post: IncomingPost, score: float) -> FilePost:
    return FilePost(
        source_id=post.source_id.removeprefix("t3_"),
        title=post.title,
        author=post.author,
        posted_at=post.posted_at,
        score=score,
        media=str(post.images[0]) if post.images else None,
    )
