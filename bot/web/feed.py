"""What the board has to show: pages of posts, single ones, and what is new."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.serving.second_look import SecondLook, read_second_looks
from bot.serving.waiting import read_waits
from bot.visibility import Viewer, by_address, in_lists
from bot.web.browse import Browse, Place
from bot.web.growth_chart import Look
from bot.web.guess_view import guesses_on
from bot.web.nearest_posts import NearPost, nearest_posts
from bot.web.payouts import read_payouts
from bot.web.post_list import PAGE, find_posts, place_of
from bot.web.post_view import SHOWN_WITH, PostView, view_post
from bot.web.services import COMMUNITY, Services
from bot.web.visitors import Visitor, viewer_of
from bot.web.votes import Tally, tallies
from storage.queries.communities import find_community
from storage.tables import Community, Nowcast, Post, Snapshot
from storage.types import PlatformName

__all__ = ["PAGE", "Feed", "FeedPage", "Reading"]


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some posts in their order.

    Attributes:
        posts: as the visitor sees them.
        after: where the next page begins; None: there is none.
        walked_on: whether there may be more that fit, further back.
    """

    posts: Sequence[PostView]
    after: Place | None = None
    walked_on: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A snapshot: the score at an age."""

    age: timedelta
    score: float
    taken_at: datetime


class Feed:
    """Reads posts as one visitor sees them."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def browse(
        self, visitor: Visitor, browse: Browse, communities: Sequence[Community]
    ) -> FeedPage:
        """The posts that somebody looks for in communities that may be shown to them."""
        async with self._services.database.read() as session:
            viewer = await viewer_of(session, visitor)
            ids = [each.id for each in communities]
            found = await find_posts(session, browse, viewer, ids, self._services.clock())
            return FeedPage(
                await self._views(session, found.ids, viewer), found.after, found.walked_on
            )

    async def page(self, visitor: Visitor, before: int | None) -> FeedPage:
        """The newest posts of the board, or the newest that are older than post ``before``."""
        async with self._services.database.read() as session:
            than = await session.get(Post, before) if before is not None else None
            board = await self._board(session)
        if board is None or (before is not None and than is None):
            return FeedPage([])
        place = None if than is None else place_of(than.id, than.posted_at)
        return await self.browse(visitor, Browse(after=place), [board])

    async def posts(self, visitor: Visitor, ids: Sequence[int]) -> list[PostView]:
        """The posts with these ids, as many as there are, in this order."""
        async with self._services.database.read() as session:
            return await self._views(session, ids, await viewer_of(session, visitor))

    async def post(self, visitor: Visitor, post_id: int) -> PostView | None:
        """One post, or None if there is none with this id."""
        return next(iter(await self.posts(visitor, [post_id])), None)

    async def count_newer(self, visitor: Visitor, than: int | None) -> int:
        """How many posts of its community came after post ``than``; None: all of the board."""
        async with self._services.database.read() as session:
            wanted = [in_lists(await viewer_of(session, visitor))]
            post = await session.get(Post, than) if than is not None else None
            if post is None:
                board = await self._board(session)
                wanted.append(Post.community_id == (None if board is None else board.id))
            else:
                later = and_(Post.posted_at == post.posted_at, Post.id > post.id)
                wanted += [
                    Post.community_id == post.community_id,
                    or_(Post.posted_at > post.posted_at, later),
                ]
            query = select(func.count()).select_from(Post).where(*wanted)
            return (await session.scalars(query)).one()

    async def readings(self, post_id: int) -> Sequence[Reading]:
        """The snapshots of a post, the earliest first."""
        query = select(Snapshot).filter_by(post_id=post_id).order_by(Snapshot.reading)
        async with self._services.database.read() as session:
            return [
                Reading(timedelta(seconds=each.reading), each.score, each.taken_at)
                for each in await session.scalars(query)
            ]

    async def looks(self, post_id: int) -> Sequence[Look]:
        """The second looks at a post, the earliest first."""
        query = select(Nowcast).filter_by(post_id=post_id).order_by(Nowcast.reading)
        async with self._services.database.read() as session:
            return [
                Look(
                    timedelta(seconds=each.reading),
                    each.score_p10,
                    each.score_median,
                    each.score_p90,
                )
                for each in await session.scalars(query)
            ]

    async def nearest(self, visitor: Visitor, post: PostView) -> Sequence[NearPost]:
        """The posts with a final score that look most like one whose prediction is shown."""
        if post.card is None:
            return ()
        async with self._services.database.read() as session:
            viewer = await viewer_of(session, visitor)
            return await nearest_posts(session, post.id, post.community_id, viewer)

    async def board(self) -> Community | None:
        """The board's own community; None before its first post."""
        async with self._services.database.read() as session:
            return await self._board(session)

    async def horizon(self) -> timedelta:
        """The age at which scores on the board are final."""
        return timedelta(seconds=(await self.board() or self._services.community).horizon_seconds)

    async def _board(self, session: AsyncSession) -> Community | None:
        return await session.run_sync(find_community, PlatformName.WEB, COMMUNITY)

    async def _views(
        self, session: AsyncSession, ids: Sequence[int], viewer: Viewer
    ) -> list[PostView]:
        query = select(Post).where(Post.id.in_(ids), by_address()).options(*SHOWN_WITH)
        shows = self._services.visibility.shows
        posts = {
            post.id: post for post in await session.scalars(query) if shows(post.community, viewer)
        }
        found = [each for each in ids if each in posts]
        votes = await tallies(session, found, viewer.author_id)
        guesses = await guesses_on(session, found, viewer.author_id)
        scores = await _newest_scores(session, [*posts.values()])
        now = self._services.clock()
        open_ = {each.community for each in posts.values() if each.label is None}
        pays = await read_payouts(session, open_, now)
        looks = await _second_looks(session, [*posts.values()], now)
        waits = await session.run_sync(
            read_waits, found, needed=self._services.settings.scores_to_compare
        )
        return [
            view_post(
                posts[post_id],
                votes.get(post_id, Tally()),
                guesses[post_id],
                looks.get(post_id),
                waits.get(post_id),
                author_id=viewer.author_id,
                now=now,
                score_elsewhere=scores.get(post_id),
                payouts=pays.get(posts[post_id].community_id, {}),
            )
            for post_id in found
        ]


async def _second_looks(
    session: AsyncSession, posts: Sequence[Post], now: datetime
) -> dict[int, SecondLook]:
    by_community: defaultdict[Community, list[int]] = defaultdict(list)
    for post in posts:
        if post.label is None:
            by_community[post.community].append(post.id)
    found: dict[int, SecondLook] = {}
    for community, ids in by_community.items():
        found |= await session.run_sync(read_second_looks, community, ids, now=now)
    return found


async def _newest_scores(session: AsyncSession, posts: Sequence[Post]) -> dict[int, float]:
    """The newest scores of those posts that are on other platforms."""
    elsewhere = [post for post in posts if post.platform is not PlatformName.WEB]
    found = {post.id: post.label.score for post in elsewhere if post.label is not None}
    open_ = [post.id for post in elsewhere if post.label is None]
    if open_:
        query = (
            select(Snapshot.post_id, Snapshot.score)
            .where(Snapshot.post_id.in_(open_))
            .order_by(Snapshot.post_id, Snapshot.reading)
        )
        # The newest comes last, and stays.
        found.update((row.post_id, row.score) for row in await session.execute(query))
    return found
