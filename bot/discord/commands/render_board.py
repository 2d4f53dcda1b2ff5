"""A page of a board as an embed."""

import discord

from bot.discord.commands.board_page import ROWS, BoardQuery, Page
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.texts.skill import skill_words
from bot.discord.ui.member_names import MemberNames
from bot.league.board_rows import BoardRow
from bot.league.leaderboard import BoardName
from bot.league.seasons import ALL_TIME
from bot.people.nicknames import nickname

_LONGEST_NAME = 60


def board_embed(
    texts: Texts, query: BoardQuery, page: Page, names: MemberNames, *, min_guesses: int
) -> discord.Embed:
    """Lay a page out: the rows with their ranks, the reader's own, and where one is."""
    board, total = query.board, page.board.total
    season = texts("leaderboard.all_time") if query.season == ALL_TIME else query.season
    heading = texts("leaderboard.heading", board=texts(f"board.{board.value}"), season=season)
    if query.channel:
        where = texts("leaderboard.scope_here", channel=f"<#{query.channel}>")
    else:
        where = texts("leaderboard.scope_everywhere")
    lines = [f"*{where}*", ""]
    lines += [
        row_line(texts, board, row, _name(texts, board, row, page, names))
        for row in page.board.rows
    ]
    if not page.board.rows:
        key = (
            "leaderboard.empty" if board is BoardName.FORECASTERS else f"leaderboard.empty_{board}"
        )
        lines.append(texts(key))
    embed = discord.Embed(title=heading, description="\n".join(lines))
    if board is BoardName.FORECASTERS:
        embed.add_field(
            name=texts("leaderboard.your_row"),
            value=_mine(texts, page.board.mine, min_guesses),
            inline=False,
        )
    footer = []
    if total:
        place = texts(
            "leaderboard.page",
            page=query.offset // ROWS + 1,
            pages=-(-total // ROWS),
            total=texts.number(total),
        )
        footer.append(place)
    if board is not BoardName.POSTS:
        footer.append(texts("leaderboard.least", n=min_guesses))
    embed.set_footer(text=" · ".join(footer))
    return embed


def row_line(texts: Texts, board: BoardName, row: BoardRow, name: str) -> str:
    """One row of a board; ``name`` is escaped or a mention."""
    rank = "–" if row.rank is None else f"{row.rank}."
    if board is BoardName.POSTS:
        bucket = texts(f"bucket.{row.bucket.value}") if row.bucket else ""
        score = texts.number(row.score or 0)
        return texts("leaderboard.row.posts", rank=rank, score=score, title=name, bucket=bucket)
    rates: dict[str, object] = {
        "rank": rank,
        "name": name,
        "n": texts.number(row.n),
        "hits": texts.number(row.hits),
        "rate": _percent(texts, row.hit_rate),
        "base": _percent(texts, row.base_rate),
    }
    if board is BoardName.FORECASTERS:
        points = signed(texts, row.points)
        return texts("leaderboard.row.forecasters", points=points, **rates)
    low, high = row.interval or (0.0, 1.0)
    rates["interval"] = f"[{texts.percent(low)}, {texts.percent(high)}]"
    rates["skill"] = skill_words(texts, row.rps_skill)
    line = texts(f"leaderboard.row.{board.value}", **rates)
    if board is BoardName.CHANNELS and row.people_hit_rate is not None:
        line += texts("leaderboard.row.people", rate=_percent(texts, row.people_hit_rate))
    return line


def signed(texts: Texts, points: float | None) -> str:
    """Points with their sign: ``+12.5`` or ``−3.0``."""
    value = points or 0.0
    sign = "−" if value < 0 else "+"
    return sign + texts.number(abs(value), 1)


def _name(texts: Texts, board: BoardName, row: BoardRow, page: Page, names: MemberNames) -> str:
    if board is BoardName.FORECASTERS:
        mention = names.mention(row.label, page.named[row.id]) if row.id in page.named else None
        return mention or nickname(row.label)
    # Titles and names of channels are what people wrote.
    name = escape(row.label, _LONGEST_NAME) or texts("leaderboard.untitled")
    name = f"[{name}]({row.link})" if row.link is not None else name
    return f"||{name}||" if row.spoiler else name


def _mine(texts: Texts, row: BoardRow | None, min_guesses: int) -> str:
    if row is None or row.rank is None:
        return texts("leaderboard.not_on_it", n=min_guesses)
    return row_line(texts, BoardName.FORECASTERS, row, texts("leaderboard.you"))


def _percent(texts: Texts, share: float | None) -> str:
    return "–" if share is None else texts.percent(share)
