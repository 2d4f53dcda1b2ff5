"""Leaderboards of people, model versions, communities and posts.

Rows are read from sums that grow with every label (storage/queries/standings.py), so that a board
costs the same whatever the number of posts. Every order is total: of two rows that are otherwise
equal, the older one stands higher, and no two share a rank.
"""

from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.league.board_rows import BoardPage
from bot.league.community_board import community_board
from bot.league.forecaster_boards import models_board, people_board
from bot.league.post_board import post_board
from bot.league.seasons import ALL_TIME, season_bounds
from storage.queries.label_sums import EVERYWHERE
from storage.tables import Standing


class BoardName(StrEnum):
    """The boards."""

    FORECASTERS = "forecasters"
    MODELS = "models"
    CHANNELS = "channels"
    POSTS = "posts"


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
        season: a month as ``2026-11``, or ``all`` for all time.
        community_id: only what happened in that community; None: in all. The board of
            communities always shows all.
        offset: how many rows come before the page.
        limit: the most rows on the page.
        min_guesses: forecasters, models and channels with fewer are left out.
        me: the reader's author id.
        time_zone: in which a month begins and ends.

    Raises:
        UnknownSeason: ``season`` is neither a month nor ``all``.
    """
    bounds = season_bounds(season, time_zone)
    where = EVERYWHERE if community_id is None else community_id
    match board:
        case BoardName.FORECASTERS:
            return await people_board(
                session,
                season,
                where,
                offset=offset,
                limit=limit,
                min_guesses=min_guesses,
                me=me,
            )
        case BoardName.MODELS:
            rows = await models_board(session, season, where, min_guesses)
        case BoardName.CHANNELS:
            rows = await community_board(session, season, min_guesses)
        case BoardName.POSTS:
            span = None if season == ALL_TIME else bounds
            return await post_board(session, span, community_id, offset=offset, limit=limit)
    return BoardPage(rows[offset : offset + limit], len(rows), None)


async def list_seasons(session: AsyncSession) -> list[str]:
    """The months in which anything was scored, newest first."""
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
