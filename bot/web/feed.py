"""What the board has to show: pages of posts, single ones, and what is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from bot.visibility import Viewer, in_lists
from bot.web.browse import Browse, Place
from bot.web.growth_chart import Look
from bot.web.nearest_posts import NearPost, nearest_posts
from bot.web.post_list import PAGE, find_posts, place_of
from bot.web.post_view import PostView
from bot.web.read_posts import read_posts
from bot.web.services import COMMUNITY, Services
from bot.web.visitors import Visitor, read_viewer
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
        ids = [each.id for each in communities]

        def read(session: Session) -> FeedPage:
            viewer = read_viewer(session, visitor)
            found = find_posts(session, browse, viewer, ids, self._services.clock())
            views = self._views(session, viewer, found.ids)
            return FeedPage(views, found.after, found.walked_on)

        return await self._services.database.run_read(read)

    async def page(self, visitor: Visitor, before: int | None) -> FeedPage:
        """The newest posts of the board, or the newest that are older than post ``before``."""

        def read(session: Session) -> tuple[Post | None, Community | None]:
            than = session.get(Post, before) if before is not None else None
            return than, _board(session)

        than, board = await self._services.database.run_read(read)
        if board is None or (before is not None and than is None):
            return FeedPage([])
        place = None if than is None else place_of(than.id, than.posted_at)
        return await self.browse(visitor, Browse(after=place), [board])

    async def posts(self, visitor: Visitor, ids: Sequence[int]) -> list[PostView]:
        """The posts with these ids, as many as there are, in this order."""

        def read(session: Session) -> list[PostView]:
            return self._views(session, read_viewer(session, visitor), ids)

        return await self._services.database.run_read(read)

    async def post(self, visitor: Visitor, post_id: int) -> PostView | None:
        """One post, or None if there is none with this id."""
        return next(iter(await self.posts(visitor, [post_id])), None)

    async def count_newer(self, visitor: Visitor, than: int | None) -> int:
        """How many posts of its community came after post ``than``; None: all of the board."""

        def count(session: Session) -> int:
            wanted = [in_lists(read_viewer(session, visitor))]
            post = session.get(Post, than) if than is not None else None
            if post is None:
                board = _board(session)
                wanted.append(Post.community_id == (None if board is None else board.id))
            else:
                later = and_(Post.posted_at == post.posted_at, Post.id > post.id)
                wanted += [
                    Post.community_id == post.community_id,
                    or_(Post.posted_at > post.posted_at, later),
                ]
            query = select(func.count()).select_from(Post).where(*wanted)
            return session.scalars(query).one()

        return await self._services.database.run_read(count)

    async def readings(self, post_id: int) -> Sequence[Reading]:
        """The snapshots of a post, the earliest first."""
        query = select(Snapshot).filter_by(post_id=post_id).order_by(Snapshot.reading)

        def read(session: Session) -> list[Reading]:
            return [
                Reading(timedelta(seconds=each.reading), each.score, each.taken_at)
                for each in session.scalars(query)
            ]

        return await self._services.database.run_read(read)

    async def looks(self, post_id: int) -> Sequence[Look]:
        """The second looks at a post, the earliest first."""
        query = select(Nowcast).filter_by(post_id=post_id).order_by(Nowcast.reading)

        def read(session: Session) -> list[Look]:
            return [
                Look(
                    timedelta(seconds=each.reading),
                    each.score_p10,
                    each.score_median,
                    each.score_p90,
                )
                for each in session.scalars(query)
            ]

        return await self._services.database.run_read(read)

    async def nearest(self, visitor: Visitor, post: PostView) -> Sequence[NearPost]:
        """The posts with a final score that look most like one whose prediction is shown."""
        if post.card is None:
            return ()

        def read(session: Session) -> Sequence[NearPost]:
            viewer = read_viewer(session, visitor)
            return nearest_posts(session, post.id, post.community_id, viewer)

        return await self._services.database.run_read(read)

    async def board(self) -> Community | None:
        """The board's own community; None before its first post."""
        return await self._services.database.run_read(_board)

    async def horizon(self) -> timedelta:
        """The age at which scores on the board are final."""
        return timedelta(seconds=(await self.board() or self._services.community).horizon_seconds)

    def _views(self, session: Session, viewer: Viewer, ids: Sequence[int]) -> list[PostView]:
        found = read_posts(
            session,
            ids,
            viewer,
            visibility=self._services.visibility,
            now=self._services.clock(),
            scores_to_compare=self._services.settings.scores_to_compare,
        )
        return [view for _, view in found]


def _board(session: Session) -> Community | None:
    return find_community(session, PlatformName.WEB, COMMUNITY)
