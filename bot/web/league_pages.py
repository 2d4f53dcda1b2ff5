"""The league: who foresees best on this board, people and model versions, month by month."""

from dataclasses import dataclass
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy import select

from bot.league.board_rows import BoardPage
from bot.league.leaderboard import BoardName, list_seasons, read_board
from bot.league.seasons import ALL_TIME, UnknownSeason, read_season, season_of
from bot.people.nicknames import nickname
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from bot.web.asked_community import asked_community, in_address
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import find_author, visitor_of
from storage.tables import Author
from storage.types import PlatformName

#: Rows of a page.
PAGE = 25
_MAX_OFFSET_DIGITS = 6

#: The boards of one community; channels are for those who have several.
BOARDS = {
    BoardName.FORECASTERS: mark("People"),
    BoardName.MODELS: "Model versions",
    BoardName.POSTS: "Posts",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which board, which season, from which row on."""

    board: BoardName
    season: str
    offset: int


class LeaguePages:
    """Answers browsers that ask for a leaderboard."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle(self, request: web.Request) -> web.Response:
        """GET /league?board=forecasters&season=2026-11&from=25&community=5."""
        asked = self._asked(request)
        settings = self._services.settings
        community = await asked_community(self._services, request)
        async with self._services.database.read() as session:
            seasons = await list_seasons(session)
            page = BoardPage([], 0, None)
            if community is not None:
                page = await read_board(
                    session,
                    asked.board,
                    season=asked.season,
                    community_id=community.id,
                    offset=asked.offset,
                    limit=PAGE,
                    min_guesses=settings.min_guesses,
                    me=await find_author(session, visitor_of(request)),
                    time_zone=settings.season_time_zone,
                )
            names = [row.label for row in page.rows]
            shown = select(Author.hash).where(
                Author.hash.in_(names), Author.platform == PlatformName.WEB,
                Author.shown_at.is_not(None),
            )  # fmt: skip
            people = {*await session.scalars(shown)}
        return aiohttp_jinja2.render_template(
            "league.html",
            request,
            {
                **self._shown(asked, page, seasons),
                "community": community,
                "people": people,
                "place": in_address(request, community),
            },
        )

    def _asked(self, request: web.Request) -> Asked:
        settings = self._services.settings
        board = request.query.get("board", BoardName.FORECASTERS)
        if board not in BOARDS:
            raise Refusal(
                404,
                _("There is no such leaderboard. There are: {boards}.").format(
                    boards=", ".join(BOARDS)
                ),
            )
        offset = request.query.get("from", "0")
        if not (offset.isascii() and offset.isdigit() and len(offset) <= _MAX_OFFSET_DIGITS):
            raise Refusal(400, "This is not an address of a page of the league.")
        try:
            season = read_season(
                request.query.get("season", "now"),
                now=self._services.clock(),
                time_zone=settings.season_time_zone,
            )
        except UnknownSeason as error:
            raise Refusal(400, str(error)) from error
        return Asked(BoardName(board), season, int(offset))

    def _shown(self, asked: Asked, page: BoardPage, seasons: list[str]) -> dict[str, Any]:
        settings = self._services.settings
        current = season_of(self._services.clock(), settings.season_time_zone)
        months = seasons if current in seasons else [current, *seasons]
        return {
            "asked": asked,
            "page": page,
            "boards": BOARDS,
            "seasons": [*months, ALL_TIME],
            "all_time": ALL_TIME,
            "page_size": PAGE,
            "min_guesses": settings.min_guesses,
            "nickname": nickname,
        }
