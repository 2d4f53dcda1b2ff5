"""Leaderboards: who foresees best, and what was there to foresee.

Rows are read from sums that grow with every label (storage/queries/standings.py), so that a board
costs the same whatever the number of posts. Every order is total: of two rows that are otherwise
equal, the one that was there first stands higher, and no two share a rank.
"""

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.intervals import Interval, Moments, points_interval, wilson
from bot.league.seasons import ALL_TIME, season_bounds
from storage.tables import Author, Community, CommunityGuesses, Label, ModelVersion, Post, Standing
from storage.types import Bucket, ForecasterKind

#: The community of the sums over all communities.
EVERYWHERE = 0

#: A board of posts is no longer than this.
MOST_POSTS = 1000


class BoardName(StrEnum):
    """The boards there are."""

    FORECASTERS = "forecasters"
    MODELS = "models"
    CHANNELS = "channels"
    POSTS = "posts"


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One row. What a board does not know is None; rates are 0 to 1, intervals 95%.

    Attributes:
        rank: from 1; None for a forecaster with fewer than the minimum of guesses.
        id: of the author, model version, community or post.
        label: the author's keyed hash, the version's or community's name, the post's title.
        n: guesses that were scored (channels: posts whose prediction was scored).
        hits: how many of them were right.
        hit_rate: hits / n.
        base_rate: the hit rate that chance would have brought.
        interval: of the hit rate (Wilson).
        points: league points.
        points_interval: of the points; None for fewer than two guesses.
        streak: right guesses in a row, by now.
        best_streak: the longest run of right guesses.
        blind_n: how many guesses were made without having seen the prediction, on posts that the
            bot was scored on.
        blind_hit_rate: the hit rate of those.
        blind_base_rate: what chance would have brought in those.
        blind_points: the points of those.
        bot_hit_rate: the bot's hit rate on the very posts of the blind guesses.
        bot_points: the bot's points on them.
        rps_skill: share of the base rate's ranked probability score that was saved; 1 perfect,
            0 no better, negative worse.
        log_score: mean log loss, nats.
        brier: mean Brier score.
        people_n: people's guesses in a channel.
        people_hit_rate: how many of those were right.
        people_base_rate: what chance would have brought.
        score: of a post at its horizon.
        percentile: of a post among the recent ones, 0 to 1 (middle of its tie).
        bucket: of a post.
        link: to a post, where its platform has addresses.
        community_id: of a post.
        community: of a post, its name.
        matured_at: when a post's score became final.
    """

    rank: int | None
    id: int
    label: str
    n: int = 0
    hits: int = 0
    hit_rate: float | None = None
    base_rate: float | None = None
    interval: Interval | None = None
    points: float | None = None
    points_interval: Interval | None = None
    streak: int | None = None
    best_streak: int | None = None
    blind_n: int = 0
    blind_hit_rate: float | None = None
    blind_base_rate: float | None = None
    blind_points: float | None = None
    bot_hit_rate: float | None = None
    bot_points: float | None = None
    rps_skill: float | None = None
    log_score: float | None = None
    brier: float | None = None
    people_n: int = 0
    people_hit_rate: float | None = None
    people_base_rate: float | None = None
    score: float | None = None
    percentile: float | None = None
    bucket: Bucket | None = None
    link: str | None = None
    community_id: int | None = None
    community: str | None = None
    matured_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Some rows of a board, how many it has in all, and the reader's own row."""

    rows: Sequence[BoardRow]
    total: int
    #: The reader's own row, on this page or not; None where they have none.
    mine: BoardRow | None


async def read_board(
    session: AsyncSession,
    board: BoardName,
    *,
    season: str,
    community_id: int | None,
    offset: int,
    limit: int,
    min_guesses: int,
    me: int | None,
    time_zone: str = "UTC",
) -> BoardPage:
    """A page of a board.

    Orders: forecasters by points, then fewer guesses, then who was there first; models and
    channels by RPS skill, then more posts, then the older one; posts by score, then the older one.

    Args:
        session: to read with.
        board: which one.
        season: ``2026-11``, or ``all`` for all time.
        community_id: only what happened there; None: everywhere. Channels are not narrowed.
        offset: rows to leave out at the top.
        limit: most rows of the page.
        min_guesses: forecasters, models and channels with fewer are left out.
        me: the reader's author id.
        time_zone: the one that seasons are counted by.

    Raises:
        UnknownSeason: ``season`` is neither a month nor ``all``.
    """
    bounds = season_bounds(season, time_zone)
    where = EVERYWHERE if community_id is None else community_id
    match board:
        case BoardName.FORECASTERS:
            return await _forecasters(session, season, where, offset, limit, min_guesses, me)
        case BoardName.MODELS:
            rows = await _models(session, season, where, min_guesses)
        case BoardName.CHANNELS:
            rows = await _channels(session, season, min_guesses)
        case BoardName.POSTS:
            span = None if season == ALL_TIME else bounds
            return await _posts(session, span, community_id, offset, limit)
    return BoardPage(rows[offset : offset + limit], len(rows), None)


async def list_seasons(session: AsyncSession) -> list[str]:
    """The months in which anything was scored, the newest first."""
    found: list[str] = []
    # Each step is one look into the index; a DISTINCT would walk through all of it.
    last = ALL_TIME
    while True:
        query = select(func.max(Standing.season)).where(Standing.season < last)
        season = await session.scalar(query)
        if season is None:
            return found
        found.append(season)
        last = season


async def _forecasters(
    session: AsyncSession,
    season: str,
    community_id: int,
    offset: int,
    limit: int,
    min_guesses: int,
    me: int | None,
) -> BoardPage:
    hidden = select(Author.id).where(Author.opted_out_at.is_not(None))
    here = (
        _standings(season, community_id, ForecasterKind.PERSON)
        & (Standing.n >= min_guesses)
        & Standing.forecaster_id.not_in(hidden)
    )
    query = (
        select(Standing, Author.hash)
        .join(Author, Author.id == Standing.forecaster_id)
        .where(here)
        .order_by(Standing.points.desc(), Standing.n, Standing.forecaster_id)
        .offset(offset)
        .limit(limit)
    )
    rows = [
        _forecaster(standing, name, offset + place)
        for place, (standing, name) in enumerate(await session.execute(query), start=1)
    ]
    total = await _count(session, here)
    mine = None
    if me is not None:
        own = await session.execute(
            select(Standing, Author.hash)
            .join(Author, Author.id == Standing.forecaster_id)
            .where(
                _standings(season, community_id, ForecasterKind.PERSON),
                Standing.forecaster_id == me,
                Author.opted_out_at.is_(None),
            )
        )
        for standing, name in own:
            rank = None
            if standing.n >= min_guesses:
                rank = await _count(session, here & _ahead_of(standing)) + 1
            mine = _forecaster(standing, name, rank)
    return BoardPage(rows, total, mine)


async def _models(
    session: AsyncSession, season: str, community_id: int, min_guesses: int
) -> list[BoardRow]:
    query = (
        select(Standing, ModelVersion.name)
        .join(ModelVersion, ModelVersion.id == Standing.forecaster_id)
        .where(_standings(season, community_id, ForecasterKind.MODEL), Standing.n >= min_guesses)
    )
    rows = [_forecaster(standing, name, None) for standing, name in await session.execute(query)]
    return _ranked(rows)


async def _channels(session: AsyncSession, season: str, min_guesses: int) -> list[BoardRow]:
    sums = [
        func.sum(column).label(column.key)
        for column in (
            Standing.n, Standing.hits, Standing.expected_hits, Standing.points,
            Standing.points_squared, Standing.log_sum, Standing.rps_sum, Standing.base_rps_sum,
            Standing.brier_sum,
        )
    ]  # fmt: skip
    # Named one by one, so that the index leads past people and past the sums over all communities.
    communities = select(Community.id).scalar_subquery()
    scored = (
        select(Standing.community_id, *sums)
        .where(
            Standing.season == season,
            Standing.community_id.in_(communities),
            Standing.kind == ForecasterKind.MODEL,
        )
        .group_by(Standing.community_id)
    )
    models = (await session.execute(scored)).all()
    guessed = await session.scalars(select(CommunityGuesses).filter_by(season=season))
    people = {each.community_id: each for each in guessed}
    names = {
        row.id: row.name for row in await session.execute(select(Community.id, Community.name))
    }
    rows = []
    for row in models:
        if row.n < min_guesses:
            continue
        guesses = people.get(row.community_id)
        rows.append(
            BoardRow(
                rank=None,
                id=row.community_id,
                label=names[row.community_id],
                n=row.n,
                hits=row.hits,
                hit_rate=row.hits / row.n,
                base_rate=row.expected_hits / row.n,
                interval=wilson(row.hits, row.n),
                points=row.points,
                points_interval=points_interval(Moments(row.n, row.points, row.points_squared)),
                rps_skill=_skill(row.rps_sum, row.base_rps_sum),
                log_score=row.log_sum / row.n,
                brier=row.brier_sum / row.n,
                people_n=guesses.n if guesses else 0,
                people_hit_rate=guesses.hits / guesses.n if guesses else None,
                people_base_rate=guesses.expected_hits / guesses.n if guesses else None,
            )
        )
    return _ranked(rows)


async def _posts(
    session: AsyncSession,
    span: tuple[datetime, datetime] | None,
    community_id: int | None,
    offset: int,
    limit: int,
) -> BoardPage:
    here = true() if community_id is None else Label.community_id == community_id
    if span is not None:
        here = and_(here, Label.matured_at >= span[0], Label.matured_at < span[1])
    # Counted no further than the board goes: a million posts are nobody's leaderboard.
    counted = select(Label.post_id).where(here).limit(MOST_POSTS).subquery()
    total = (await session.scalars(select(func.count()).select_from(counted))).one()
    top = (
        select(Label.post_id)
        .where(here)
        .order_by(Label.score.desc(), Label.post_id)
        .offset(offset)
        .limit(max(min(limit, MOST_POSTS - offset), 0))
    )
    ids = list(await session.scalars(top))
    found = await session.execute(
        select(Post, Label, Community.name)
        .join(Label, Label.post_id == Post.id)
        .join(Community, Community.id == Post.community_id)
        .where(Post.id.in_(ids))
    )
    by_id = {post.id: (post, label, name) for post, label, name in found}
    rows = [_post(*by_id[post_id], offset + place) for place, post_id in enumerate(ids, start=1)]
    return BoardPage(rows, total, None)


def _standings(season: str, community_id: int, kind: ForecasterKind) -> ColumnElement[bool]:
    return and_(
        Standing.season == season, Standing.community_id == community_id, Standing.kind == kind
    )


def _ahead_of(mine: Standing) -> ColumnElement[bool]:
    return or_(
        Standing.points > mine.points,
        and_(
            Standing.points == mine.points,
            or_(
                Standing.n < mine.n,
                and_(Standing.n == mine.n, Standing.forecaster_id < mine.forecaster_id),
            ),
        ),
    )


async def _count(session: AsyncSession, which: ColumnElement[bool]) -> int:
    return (await session.scalars(select(func.count()).select_from(Standing).where(which))).one()


def _forecaster(standing: Standing, name: str, rank: int | None) -> BoardRow:
    n, blind = standing.n, standing.blind_n
    is_model = standing.kind is ForecasterKind.MODEL
    return BoardRow(
        rank=rank,
        id=standing.forecaster_id,
        label=name,
        n=n,
        hits=standing.hits,
        hit_rate=standing.hits / n,
        base_rate=standing.expected_hits / n,
        interval=wilson(standing.hits, n),
        points=standing.points,
        points_interval=points_interval(Moments(n, standing.points, standing.points_squared)),
        streak=standing.streak,
        best_streak=standing.best_streak,
        blind_n=blind,
        blind_hit_rate=standing.blind_hits / blind if blind else None,
        blind_base_rate=standing.blind_expected_hits / blind if blind else None,
        blind_points=standing.blind_points if blind else None,
        bot_hit_rate=standing.bot_hits / blind if blind else None,
        bot_points=standing.bot_points if blind else None,
        rps_skill=_skill(standing.rps_sum, standing.base_rps_sum) if is_model else None,
        log_score=standing.log_sum / n if is_model else None,
        brier=standing.brier_sum / n if is_model else None,
    )


def _post(post: Post, label: Label, community: str, rank: int) -> BoardRow:
    return BoardRow(
        rank=rank,
        id=post.id,
        label=post.title,
        score=label.score,
        percentile=(label.percentile_low + label.percentile_high) / 2,
        bucket=label.bucket,
        link=post.link,
        community_id=post.community_id,
        community=community,
        matured_at=label.matured_at,
    )


def _ranked(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """Rows by RPS skill, then more posts, then the older one; with their ranks."""

    def order(row: BoardRow) -> tuple[float, int, int]:
        skill = -math.inf if row.rps_skill is None else row.rps_skill
        return -skill, -row.n, row.id

    return [
        dataclasses.replace(row, rank=rank)
        for rank, row in enumerate(sorted(rows, key=order), start=1)
    ]


def _skill(rps_sum: float, base_rps_sum: float) -> float | None:
    """None while the base rate lost nothing: there was nothing to save."""
    return 1 - rps_sum / base_rps_sum if base_rps_sum > 0 else None
