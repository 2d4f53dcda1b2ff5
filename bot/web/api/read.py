"""What the API tells: communities, posts, predictions, labels, boards, versions, health."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from bot.league.leaderboard import BoardName, read_board
from bot.league.seasons import read_season
from bot.runtime.build import peoria_version
from bot.training.versions import list_versions
from bot.visibility import Viewer, Visibility, by_address, in_lists
from bot.web.api import schema
from bot.web.api.cursor import Cursor, read_cursor
from bot.web.api.operation import Call
from bot.web.api.problems import Fault, Invalid
from bot.web.api.values import Flag, Id, Limit, Moment, Name, Offset, Paged, Query, Season
from bot.web.api.view import (
    board_row_of,
    communities_of,
    label_of,
    post_of,
    scored_prediction_of,
    version_of,
)
from bot.web.browse import read_browse
from bot.web.post_list import find_posts
from bot.web.post_view import PostView
from bot.web.read_posts import read_posts
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import find_author
from storage.queries.search_words import MOST_CHARACTERS
from storage.tables import Community, Label, ModelVersion, Post, Prediction
from storage.types import Bucket, PostState

#: What is not there, and what may not be seen: nobody is told which.
NOTHING = "There is nothing here that this token may see."

CommunityFilter = Annotated[Id | None, Field(description="Id of a community; without it, all.")]


class PostsQuery(Paged):
    """Which posts."""

    community: CommunityFilter = None
    since: Annotated[Moment | None, Field(description="Posted then or later.")] = None
    until: Annotated[Moment | None, Field(description="Posted before then.")] = None
    labelled: Annotated[
        Flag | None, Field(description="Only posts with a label, or only those without.")
    ] = None
    bucket: Annotated[Bucket | None, Field(description="The label's.")] = None


class PredictionsQuery(PostsQuery):
    """Which predictions."""

    version: Annotated[
        Name | None, Field(description="Name of a model version: only predictions that it made.")
    ] = None


class SearchQuery(Query):
    """Which words."""

    q: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MOST_CHARACTERS,
            description="All words have to be in the title or in the text of the image;"
            ' `"two words"` stand beside each other, `begin*` is how a word begins.',
        ),
    ]
    community: CommunityFilter = None
    cursor: Annotated[
        str | None,
        Field(
            pattern=r"^\d{1,18}_\d{1,18}$",
            description="`next` of the page before; without it, the first page.",
        ),
    ] = None


class LabelsQuery(Paged):
    """Which labels."""

    community: CommunityFilter = None
    since: Annotated[Moment | None, Field(description="Final then or later.")] = None
    until: Annotated[Moment | None, Field(description="Final before then.")] = None


class BoardQuery(Query):
    """Which part of which leaderboard."""

    season: Season = "all"
    community: Annotated[
        Id | None, Field(description="Id of a community; without it, the first one.")
    ] = None
    limit: Limit = 50
    offset: Offset = 0


class Read:
    """Answers programs that read."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._visibility = Visibility(services.settings)

    async def health(self, call: Call) -> schema.Health:
        """Whether Peoria answers, and can do its work.

        Needs no token. What is wrong is told on the machine itself.
        """
        unwell = await self._services.readiness()
        trouble = any(str(each.state) == "trouble" for each in unwell)
        return schema.Health(
            status="trouble" if trouble else "ok",
            version=peoria_version(),
            time=self._services.clock(),
        )

    async def list_communities(self, call: Call) -> schema.Communities:
        """All communities that are shown on this site."""
        async with self._services.database.read() as session:
            found = await self._visibility.communities(session, await self._viewer(session, call))
            return schema.Communities(items=await communities_of(session, found))

    async def get_community(self, call: Call, community: Id) -> schema.Community:
        """One community."""
        async with self._services.database.read() as session:
            (found,) = await self._communities(session, call, community)
            return (await communities_of(session, [found]))[0]

    async def list_posts(self, call: Call, query: PostsQuery) -> schema.Posts:
        """Posts, the newest first.

        A prediction is null while it is kept back: see `stage`.
        """
        async with self._services.database.read() as session:
            found, following = await self._page(session, call, query)
            return schema.Posts(items=[post_of(*each) for each in found], next=following)

    async def search_posts(self, call: Call, query: SearchQuery) -> schema.Posts:
        """Posts with some words, those that were seen last first; twelve at a time.

        A page may hold fewer while `next` is there.
        """
        browse = read_browse({"q": query.q, "after": query.cursor or ""})
        if not browse.words:
            raise Invalid([Fault(where="q", why="there is no word to look for in it")])
        async with self._services.database.read() as session:
            viewer = await self._viewer(session, call)
            places = [each.id for each in await self._communities(session, call, query.community)]
            now = self._services.clock()
            found = await session.run_sync(find_posts, browse, viewer, places, now)
            views = await self._views(session, found.ids, viewer)
        return schema.Posts(
            items=[post_of(*each) for each in views],
            next=None if found.after is None else found.after.text,
        )

    async def get_post(self, call: Call, post: Id) -> schema.Post:
        """One post."""
        return post_of(*await self.post(call, post))

    async def list_predictions(self, call: Call, query: PredictionsQuery) -> schema.Predictions:
        """Predictions of posts, those of the newest posts first, and how they were scored.

        What is kept back now is left out, so that a page may hold fewer than `limit` posts'
        predictions; go on while `next` is there.
        """
        async with self._services.database.read() as session:
            made = []
            if query.version is not None:
                of_version = select(ModelVersion.id).where(ModelVersion.name == query.version)
                made.append(
                    Post.prediction_rows.any(
                        Prediction.model_version_id == of_version.scalar_subquery()
                    )
                )
            found, following = await self._page(session, call, query, made)
            return schema.Predictions(
                items=[
                    scored_prediction_of(post, row)
                    for post, view in found
                    if view.card is not None
                    for row in post.prediction_rows
                    if query.version in (None, row.model_version.name)
                ],
                next=following,
            )

    async def list_labels(self, call: Call, query: LabelsQuery) -> schema.Labels:
        """Outcomes of posts, the newest first, and what was foreseen of each."""
        cursor = read_cursor(query.cursor)
        async with self._services.database.read() as session:
            communities = await self._communities(session, call, query.community)
            wanted = [
                Label.community_id.in_([each.id for each in communities]),
                Post.state != PostState.WITHDRAWN,
                by_address(),
                *_within(query.since, query.until, Label.matured_at),
            ]
            if cursor is not None:
                wanted.append(cursor.before(Label.matured_at, Label.post_id))
            rows = (
                await session.execute(
                    select(Label, Post)
                    .join(Post, Post.id == Label.post_id)
                    .where(*wanted)
                    .order_by(Label.matured_at.desc(), Label.post_id.desc())
                    .limit(query.limit + 1)
                    .options(
                        selectinload(Post.prediction_rows).selectinload(Prediction.model_version)
                    )
                )
            ).all()
        page = rows[: query.limit]
        more = len(rows) > query.limit
        return schema.Labels(
            items=[label_of(label, post) for label, post in page],
            next=Cursor(page[-1][0].matured_at, page[-1][0].post_id).write() if more else None,
        )

    async def get_board(self, call: Call, board: BoardName, query: BoardQuery) -> schema.Board:
        """A leaderboard of one community: forecasters, models or posts; or that of channels."""
        settings = self._services.settings
        season = read_season(
            query.season, now=self._services.clock(), time_zone=settings.season_time_zone
        )
        async with self._services.database.read() as session:
            viewer = await self._viewer(session, call)
            shown = {each.id: each for each in await self._visibility.communities(session, viewer)}
            community_id = query.community or min(shown, default=0)
            if community_id not in shown:
                raise Refusal(404, NOTHING)
            # Of channels all are read, since not all may be seen.
            all_of_them = board is BoardName.CHANNELS
            page = await read_board(
                session,
                board,
                season=season,
                community_id=community_id,
                offset=0 if all_of_them else query.offset,
                limit=2**31 if all_of_them else query.limit,
                min_guesses=settings.min_guesses,
                me=viewer.author_id,
                time_zone=settings.season_time_zone,
            )
            rows, total = [*page.rows], page.total
            if board is BoardName.CHANNELS:
                rows = [row for row in rows if row.id in shown]
                total, rows = len(rows), rows[query.offset : query.offset + query.limit]
            if board is BoardName.POSTS:
                ids = select(Post.id).where(Post.id.in_([row.id for row in rows]), by_address())
                seen = {*await session.scalars(ids)}
                rows = [row for row in rows if row.id in seen]
        return schema.Board(
            board=board,
            season=season,
            community_id=community_id,
            total=total,
            items=[board_row_of(board, row) for row in rows],
        )

    async def list_versions(self, call: Call) -> schema.Versions:
        """All model versions, the newest first."""
        found = await list_versions(self._services.database)
        return schema.Versions(items=[version_of(each) for each in reversed(found)])

    async def get_version(self, call: Call, name: Name) -> schema.Version:
        """One model version."""
        async with self._services.database.read() as session:
            found = await session.scalar(select(ModelVersion).filter_by(name=name))
        if found is None:
            raise Refusal(404, NOTHING)
        return version_of(found)

    async def post(self, call: Call, post_id: int) -> tuple[Post, PostView]:
        """A post as the caller may see it.

        Raises:
            Refusal: (404) there is none that they may see.
        """
        async with self._services.database.read() as session:
            viewer = await self._viewer(session, call)
            post = await session.scalar(select(Post).where(Post.id == post_id, by_address()))
            if post is None or not await self._visibility.community(
                session, viewer, post.community_id
            ):
                raise Refusal(404, NOTHING)
            return (await self._views(session, [post_id], viewer))[0]

    async def community(self, call: Call, community_id: int) -> Community:
        """A community that the caller may see.

        Raises:
            Refusal: (404) there is none.
        """
        async with self._services.database.read() as session:
            return (await self._communities(session, call, community_id))[0]

    async def _viewer(self, session: AsyncSession, call: Call) -> Viewer:
        return Viewer(author_id=await find_author(session, call.visitor))

    async def _communities(
        self, session: AsyncSession, call: Call, community_id: int | None
    ) -> Sequence[Community]:
        viewer = await self._viewer(session, call)
        if community_id is None:
            return await self._visibility.communities(session, viewer)
        found = await self._visibility.community(session, viewer, community_id)
        if found is None:
            raise Refusal(404, NOTHING)
        return [found]

    async def _page(
        self,
        session: AsyncSession,
        call: Call,
        query: PostsQuery,
        conditions: Sequence[ColumnElement[bool]] = (),
    ) -> tuple[list[tuple[Post, PostView]], str | None]:
        cursor, viewer = read_cursor(query.cursor), await self._viewer(session, call)
        wanted = [in_lists(viewer), *_within(query.since, query.until, Post.posted_at)]
        wanted += conditions
        if cursor is not None:
            wanted.append(cursor.before(Post.posted_at, Post.id))
        if query.bucket is not None:
            wanted.append(Post.label.has(Label.bucket == query.bucket))
        if query.labelled is not None:
            wanted.append(Post.label.has() if query.labelled else ~Post.label.has())
        newest: list[tuple[datetime, int]] = []
        # One community after the other: of each, an index leads straight to the page.
        for community in await self._communities(session, call, query.community):
            rows = await session.execute(
                select(Post.posted_at, Post.id)
                .where(and_(Post.community_id == community.id, *wanted))
                .order_by(Post.posted_at.desc(), Post.id.desc())
                .limit(query.limit + 1)
            )
            newest += [(row.posted_at, row.id) for row in rows]
        newest = sorted(newest, reverse=True)[: query.limit + 1]
        page = newest[: query.limit]
        views = await self._views(session, [post_id for _, post_id in page], viewer)
        more = len(newest) > query.limit
        return views, Cursor(*page[-1]).write() if more else None

    async def _views(
        self, session: AsyncSession, ids: Sequence[int], viewer: Viewer
    ) -> list[tuple[Post, PostView]]:
        return await session.run_sync(
            read_posts,
            ids,
            viewer,
            visibility=self._visibility,
            now=self._services.clock(),
            scores_to_compare=self._services.settings.scores_to_compare,
        )


def _within(
    since: datetime | None, until: datetime | None, moment: InstrumentedAttribute[datetime]
) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if since is not None:
        wanted.append(moment >= since)
    if until is not None:
        wanted.append(moment < until)
    return wanted
