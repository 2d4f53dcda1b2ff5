"""main.py leaderboard: who predicts best, and what there was to predict."""

import dataclasses
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.cli.console import print_json, run, say
from bot.cli.leaderboard_table import show_board
from bot.league.board_rows import BoardPage, BoardRow
from bot.league.leaderboard import BoardName, read_board
from bot.league.rebuild import rebuild as rebuild_sums
from bot.league.seasons import ALL_TIME, read_season, season_bounds, season_of
from bot.runtime.clock import now
from bot.serving.experts import rebuild_accounts
from bot.settings import Settings, load_settings
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.queries.communities import find_named_community

#: Why a board may be empty, and what fills it.
_EMPTY = {
    BoardName.FORECASTERS: "Nobody has {least} scored guesses {when}. People guess low, medium or"
    " high under a post; a guess is scored when the votes are in.",
    BoardName.MODELS: "No model version has {least} scored predictions {when}. A prediction is"
    " scored when its post reaches the horizon.",
    BoardName.CHANNELS: "No community has {least} scored predictions {when}. A prediction is"
    " scored when its post reaches the horizon.",
    BoardName.POSTS: "No post reached its horizon {when}.",
}


def leaderboard(
    board: Annotated[BoardName, typer.Argument(help="Which board.")] = BoardName.FORECASTERS,
    season: Annotated[
        str, typer.Option(help="A month, as 2026-11; all for all time; now for this month.")
    ] = "now",
    community: Annotated[
        str | None, typer.Option(help="Only what happened there, for example r/memes.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, max=1000, help="Most rows.")] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Calculate boards and experts' weights again first."),
    ] = False,
) -> None:
    """Who predicts best: people and model versions; which communities and posts stood out.

    Right guesses earn 1/p − 1 points, p being how common the bucket is in the community; wrong
    ones cost 1. Always guessing the same earns nothing.
    """
    settings = load_settings()
    asked = read_season(season, now=now(), time_zone=settings.season_time_zone)
    page, where, labels = run(_read(settings, board, asked, community, rows, rebuild=rebuild))
    if labels is not None and not as_json:
        say(f"Calculated again from {labels:,} label{'s' if labels != 1 else ''}.")
    if as_json:
        print_json(
            {
                "board": board.value,
                "season": asked,
                "community": where,
                "min_guesses": settings.min_guesses,
                "total": page.total,
                "rows": [_as_json(row) for row in page.rows],
            }
        )
    elif not page.rows:
        when = "yet" if asked == ALL_TIME else f"in {asked}"
        say(_EMPTY[board].format(least=settings.min_guesses, when=when))
    else:
        show_board(board, page, f"{_heading(asked, settings)}, {where or 'everywhere'}")


async def _read(
    settings: Settings,
    board: BoardName,
    season: str,
    community: str | None,
    rows: int,
    *,
    rebuild: bool,
) -> tuple[BoardPage, str | None, int | None]:
    """The board; the community's name; how many labels it was rebuilt from, if it was."""
    database = Database(settings.url)
    try:
        await upgrade(database)
        labels = None
        if rebuild:
            labels = await rebuild_sums(
                database, lambda moment: season_of(moment, settings.season_time_zone)
            )
            await rebuild_accounts(database)
        async with database.read() as session:
            found = (
                None
                if community is None
                else await session.run_sync(find_named_community, community)
            )
            page = await read_board(
                session,
                board,
                season=season,
                community_id=found.id if found else None,
                offset=0,
                limit=rows,
                min_guesses=settings.min_guesses,
                me=None,
                time_zone=settings.season_time_zone,
            )
        return page, found.name if found else None, labels
    finally:
        await database.close()


def _heading(season: str, settings: Settings) -> str:
    if season == ALL_TIME:
        return "all time"
    _, end = season_bounds(season, settings.season_time_zone)
    return f"{season}, still running" if now() < end else season


def _as_json(row: BoardRow) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    return {name: plain(value) for name, value in dataclasses.asdict(row).items()}
