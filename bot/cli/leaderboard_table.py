"""A board of the league as a table on the terminal."""

from collections.abc import Callable
from typing import Literal, TypeAlias

from rich import box
from rich.markup import escape
from rich.table import Table

from bot.cli.console import out, say
from bot.league.board_rows import BoardPage, BoardRow
from bot.league.leaderboard import BoardName
from bot.people.nicknames import nickname
from bot.serving.number_format import number, percent, signed


def show_board(board: BoardName, page: BoardPage, caption: str) -> None:
    """Print a page of a board; ``caption`` says which season and community."""
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
        ("Forecaster", lambda row: nickname(row.label), "name"),
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
    BoardName.CHANNELS: "By RPS skill: how well the bot predicts what happens there.",
}
