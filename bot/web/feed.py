"""What the board has to show: pages of posts, single ones, and what is new."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from bot.serving.second_look import read_second_looks
from bot.serving.waiting import read_waits
from bot.web.guess_view import guesses_on
from bot.web.post_view import PostView, view_post
from bot.web.services import COMMUNITY, Services
from bot.web.visitors import Visitor, find_author
from bot.web.votes import Tally, tallies
from storage.queries.communities import find_community
from storage.tables import Community, Post, PostImage, Prediction, Snapshot
from storage.types import PlatformName, PostState

PAGE = 12


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some posts, newest first; ``older`` is where the next page begins, if there is one."""

    posts: Sequence[PostView]
    older: int | None


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

    async def page(self, visitor: Visitor, before: int | None) -> FeedPage:
        """The newest posts, or the newest that are older than post ``before``."""
        async with self._services.database.read() as session:
            author_id = await find_author(session, visitor)
            wanted = [_in_feed(author_id)]
            if before is not None:
                than = await session.get(Post, before)
                if than is None:
                    return FeedPage([], None)
                wanted.append(_older(than))
            query = (
                select(Post.id)
                .join(Post.community)
                .where(*wanted)
                .order_by(Post.posted_at.desc(), Post.id.desc())
                .limit(PAGE + 1)
            )
            ids = (await session.scalars(query)).all()
            posts = await self._views(session, ids[:PAGE], author_id)
        return FeedPage(posts, posts[-1].id if len(ids) > PAGE else None)

    async def posts(self, visitor: Visitor, ids: Sequence[int]) -> list[PostView]:
        """The posts with these ids, as many as there are, in this order."""
        async with self._services.database.read() as session:
            return await self._views(session, ids, await find_author(session, visitor))

    async def post(self, visitor: Visitor, post_id: int) -> PostView | None:
        """One post, or None if there is none with this id."""
        return next(iter(await self.posts(visitor, [post_id])), None)

    async def count_newer(self, visitor: Visitor, than: int | None) -> int:
        """How many posts came after post ``than``; all of them when it is None."""
        async with self._services.database.read() as session:
            wanted = [_in_feed(await find_author(session, visitor))]
            post = await session.get(Post, than) if than is not None else None
            if post is not None:
                later = and_(Post.posted_at == post.posted_at, Post.id > post.id)
                wanted.append(or_(Post.posted_at > post.posted_at, later))
            query = select(func.count()).select_from(Post).join(Post.community).where(*wanted)
            return (await session.scalars(query)).one()

    async def readings(self, post_id: int) -> Sequence[Reading]:
        """The snapshots of a post, the earliest first."""
        query = select(Snapshot).filter_by(post_id=post_id).order_by(Snapshot.reading)
        async with self._services.database.read() as session:
            return [
                Reading(timedelta(seconds=each.reading), each.score, each.taken_at)
                for each in await session.scalars(query)
            ]

    async def horizon(self) -> timedelta:
        """The age at which scores on the board are final."""
        async with self._services.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.WEB, COMMUNITY)
        ref = self._services.community
        return timedelta(seconds=(community or ref).horizon_seconds)

    async def _views(
        self, session: AsyncSession, ids: Sequence[int], author_id: int | None
    ) -> list[PostView]:
        query = (
            select(Post)
            .where(Post.id.in_(ids), Post.platform == PlatformName.WEB, Post.hidden_at.is_(None))
            .options(
                selectinload(Post.community),
                selectinload(Post.images).selectinload(PostImage.image),
                selectinload(Post.prediction_rows).selectinload(Prediction.model_version),
                selectinload(Post.label),
                selectinload(Post.reply),
            )
        )
        posts = {post.id: post for post in await session.scalars(query)}
        votes = await tallies(session, ids, author_id)
        guesses = await guesses_on(session, ids, author_id)
        now = self._services.clock()
        second_looks = {}
        for post in [*posts.values()][:1]:  # all are of the one community of the board
            second_looks = await session.run_sync(read_second_looks, post.community, ids, now=now)
        waits = await session.run_sync(
            read_waits, ids, needed=self._services.settings.scores_to_compare
        )
        return [
            view_post(
                posts[post_id],
                votes.get(post_id, Tally()),
                guesses[post_id],
                second_looks.get(post_id),
                waits.get(post_id),
                author_id=author_id,
                community=self._services.settings.board_name,
                now=now,
            )
            for post_id in ids
            if post_id in posts
        ]


def _in_feed(author_id: int | None) -> ColumnElement[bool]:
    # A refused post says something to its author only; a withdrawn one to nobody.
    refused = Post.state == PostState.REFUSED
    own = Post.author_id == author_id
    return and_(
        Community.platform == PlatformName.WEB,
        Community.source_id == COMMUNITY,
        Post.state != PostState.WITHDRAWN,
        Post.hidden_at.is_(None),
        or_(~refused, own),
    )


def _older(than: Post) -> ColumnElement[bool]:
    earlier = and_(Post.posted_at == than.posted_at, Post.id < than.id)
    return or_(Post.posted_at < than.posted_at, earlier)
