"""Pages of a board as one server may see them."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.discord.commands.guild_scope import communities_of, players_of
from bot.discord.gateway.visibility import Readers, may_be_shown
from bot.discord.ui.error_replies import Refused
from bot.league.board_rows import BoardPage, BoardRow
from bot.league.leaderboard import BoardName, read_board
from bot.league.post_board import MOST_POSTS
from bot.settings import Settings
from storage.queries.communities import find_community
from storage.tables import Author
from storage.types import PlatformName

#: Rows of a page.
ROWS = 10
#: Channels of one server whose posts are put together.
_MOST_CHANNELS = 100


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """Which page of which board was asked for, and by whom.

    Attributes:
        channel: the id of the channel that it is about; 0: everywhere.
        offset: rows before the page.
        who: the id of the person who turns the pages.
    """

    board: BoardName
    season: str
    channel: int
    offset: int
    who: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and who of it may be named here: their sealed ids, by author id."""

    board: BoardPage
    named: Mapping[int, str | None] = field(default_factory=dict)


async def read_page(
    session: AsyncSession,
    query: BoardQuery,
    *,
    readers: Readers,
    guild_id: int | None,
    person: str,
    settings: Settings,
) -> Page:
    """Read a page.

    Forecasters and models are compared everywhere or in one channel; channels and posts are those
    of the server that it was asked in and that its readers may see.

    Raises:
        Refused: it is about a server, and was asked for outside of one.
    """
    community_id = None
    if query.channel:
        if not may_be_shown(readers, query.channel):
            return Page(BoardPage((), 0, None))
        community = await session.run_sync(find_community, PlatformName.DISCORD, str(query.channel))
        if community is None:
            return Page(BoardPage((), 0, None))
        community_id = community.id
    me = await session.scalar(
        select(Author.id).filter_by(platform=PlatformName.DISCORD, hash=person)
    )

    async def read(where: int | None, offset: int, limit: int) -> BoardPage:
        return await read_board(
            session,
            query.board,
            season=query.season,
            community_id=where,
            offset=offset,
            limit=limit,
            min_guesses=settings.min_guesses,
            me=me,
            time_zone=settings.season_time_zone,
        )

    board, offset = query.board, query.offset
    if board is BoardName.MODELS or (board is BoardName.POSTS and community_id is not None):
        return Page(await read(community_id, offset, ROWS))
    ours = [] if guild_id is None else await communities_of(session, guild_id)
    if board is BoardName.FORECASTERS:
        page = await read(community_id, offset, ROWS)
        named = await players_of(session, ours, [row.id for row in page.rows])
        return Page(page, named)
    if guild_id is None:
        raise Refused("leaderboard.only_here")
    ids = {each.id for each in ours if may_be_shown(readers, int(each.source_id))}
    if board is BoardName.CHANNELS:
        whole = await read(None, 0, MOST_POSTS)
        rows = _ranked([row for row in whole.rows if row.id in ids])
        return Page(BoardPage(rows[offset : offset + ROWS], len(rows), None))
    pages = [await read(each, 0, offset + ROWS) for each in sorted(ids)[:_MOST_CHANNELS]]
    rows = [row for page in pages for row in page.rows]
    rows.sort(key=lambda row: (-(row.score or 0.0), row.id))
    total = min(sum(page.total for page in pages), MOST_POSTS)
    return Page(BoardPage(_ranked(rows)[offset : offset + ROWS], total, None))


def _ranked(rows: Sequence[BoardRow]) -> list[BoardRow]:
    return [dataclasses.replace(row, rank=rank) for rank, row in enumerate(rows, start=1)]
