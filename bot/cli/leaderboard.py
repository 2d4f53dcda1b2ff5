"""main.py leaderboard: who foresees best, and what there was to foresee."""

import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from bot.cli.console import out, print_json, run, say
from bot.league.board_rows import BoardPage, BoardRow
from bot.league.leaderboard import BoardName, read_board
from bot.league.seasons import ALL_TIME, read_season, season_bounds, season_of
from bot.runtime.clock import now
from bot.serving.number_format import number, percent, signed
from bot.settings import Settings, load_settings
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.queries.communities import find_named_community
from storage.queries.standings import rebuild as rebuild_sums

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
        bool, typer.Option("--rebuild", help="Work every board out anew first.")
    ] = False,
) -> None:
    """Who foresees best: people, model versions; which communities and posts stood out.

    Right guesses earn 1/p − 1 points, p being how common the bucket is in the community; wrong
    ones cost 1. Always guessing the same earns nothing.
    """
    settings = load_settings()
    asked = read_season(season, now=now(), time_zone=settings.season_time_zone)
    page, where, labels = run(_read(settings, board, asked, community, rows, rebuild=rebuild))
    if labels is not None and not as_json:
        say(f"Worked out anew from {labels:,} label{'s' if labels != 1 else ''}.")
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
        _show(board, page, f"{_heading(asked, settings)}, {where or 'everywhere'}")


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
        async with database.read() as session:
            found = None if community is None else await find_named_community(session, community)
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


def _show(board: BoardName, page: BoardPage, caption: str) -> None:
    columns = _COLUMNS[board]
    # Eighty columns are enough: headings and intervals stand on lines of their own.
    table = Table(
        title=escape(f"{board.value.capitalize()}: {caption}"),
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0) if len(columns) < _MANY else 0,
    )
    for heading, _, kind in columns:
        table.add_column(
            heading,
            justify="right" if kind == "figure" else "left",
            no_wrap=kind != "words",
            overflow="ellipsis",
        )
    for row in page.rows:
        table.add_row(*(cell(row) for _, cell, _ in columns))
    out.print(table)
    if page.total > len(page.rows):
        say(f"{len(page.rows):,} of {page.total:,}; --rows shows more.")
    if board in _NOTES:
        say(_NOTES[board])


def _rate(row: BoardRow) -> str:
    if row.hit_rate is None or row.interval is None:
        return "—"
    low, high = row.interval
    return f"{row.hit_rate:.0%}\n{low:.0%}–{high:.0%}"


def _points(row: BoardRow) -> str:
    if row.points is None:
        return "—"
    if row.points_interval is None:
        return signed(row.points)
    return f"{signed(row.points)}\n± {row.points_interval[1] - row.points:.1f}"


def _streak(row: BoardRow) -> str:
    return f"{row.streak} ({row.best_streak})"


def _blind(row: BoardRow) -> str:
    if row.blind_hit_rate is None:
        return "—"
    return f"{row.blind_hit_rate:.0%} of {row.blind_n:,}\nbot {_share(row.bot_hit_rate)}"


def _people(row: BoardRow) -> str:
    if row.people_hit_rate is None:
        return "—"
    return f"{row.people_hit_rate:.0%} of {row.people_n:,}"


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.0%}"


#: A column: its heading, what stands in it, and whether that is a figure, a name or words.
_Field: TypeAlias = tuple[str, Callable[[BoardRow], str], Literal["figure", "name", "words"]]

_RANK: _Field = ("#", lambda row: str(row.rank), "figure")
_POSTS: _Field = ("Posts", lambda row: f"{row.n:,}", "figure")
_SKILL: _Field = ("RPS\nskill", lambda row: _figure(row.rps_skill), "figure")
_CHANCE: _Field = ("By\nchance", lambda row: _share(row.base_rate), "figure")
_PLAY: tuple[_Field, ...] = (
    ("Right\n(95%)", _rate, "figure"),
    _CHANCE,
    ("Points\n(95%)", _points, "figure"),
)
_STREAK: _Field = ("Streak\n(best)", _streak, "figure")

_COLUMNS: dict[BoardName, tuple[_Field, ...]] = {
    BoardName.FORECASTERS: (
        _RANK,
        ("Forecaster", lambda row: f"forecaster {row.label[:6]}", "name"),
        ("Guesses", lambda row: f"{row.n:,}", "figure"),
        *_PLAY,
        ("Blind", _blind, "figure"),
        _STREAK,
    ),
    BoardName.MODELS: (
        _RANK,
        ("Version", lambda row: escape(row.label), "name"),
        _POSTS,
        _SKILL,
        ("Log\nloss", lambda row: _figure(row.log_score), "figure"),
        ("Brier", lambda row: _figure(row.brier), "figure"),
        *_PLAY,
        _STREAK,
    ),
    BoardName.CHANNELS: (
        _RANK,
        ("Community", lambda row: escape(row.label), "words"),
        _POSTS,
        _SKILL,
        ("Bot right\n(95%)", _rate, "figure"),
        _CHANCE,
        ("People\nright", _people, "figure"),
        ("By\nchance", lambda row: _share(row.people_base_rate), "figure"),
    ),
    BoardName.POSTS: (
        _RANK,
        ("Post", lambda row: escape(row.label) or "—", "name"),
        ("Community", lambda row: escape(row.community or ""), "words"),
        ("Score", lambda row: number(row.score or 0), "figure"),
        ("Beats", lambda row: percent(row.percentile or 0), "figure"),
        ("Was", lambda row: row.bucket.value if row.bucket else "—", "name"),
    ),
}

#: With so many columns they stand closer.
_MANY = 10

_NOTES = {
    BoardName.FORECASTERS: "By points; of equals, who needed fewer guesses, then who was there"
    " first. Blind: guessed without having seen the prediction, and the bot on the same posts.",
    BoardName.MODELS: "By RPS skill: the share of the base rate's ranked probability score that is"
    " saved; 0 is no better, 1 perfect.",
    BoardName.CHANNELS: "By RPS skill: how well the bot foresees what happens there.",
}


def _as_json(row: BoardRow) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    return {name: plain(value) for name, value in dataclasses.asdict(row).items()}
