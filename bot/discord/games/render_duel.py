"""A duel as a message."""

from datetime import datetime

import discord

from bot.discord.commands.render_board import signed
from bot.discord.games.duel_data import DuelData
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.member_names import MemberNames
from bot.league.duels import closes_at
from bot.people.nicknames import nickname
from storage.tables import Post
from storage.types import DuelState

_LONGEST_TITLE = 80
#: How the picture's file is called.
PICTURE = "duel.jpg"


def duel_embed(
    texts: Texts,
    told: DuelData,
    names: MemberNames,
    *,
    is_open: bool,
    has_picture: bool,
    has_titles: bool = True,
) -> discord.Embed:
    """Lay a duel out, as it is now.

    Args:
        is_open: whether people may still guess.
        has_picture: whether the picture is sent with it.
        has_titles: whether the posts are named; not where one was deleted.
    """
    duel = told.duel
    embed = discord.Embed(title=texts("duel.heading"))
    embed.set_footer(text=footer(texts, duel.id))
    if duel.state is DuelState.VOID:
        embed.description = texts("duel.void")
        return embed
    lines = []
    if has_titles:
        lines = [
            texts("duel.side", n=number, post=_link(texts, post))
            for number, post in enumerate(told.posts, start=1)
        ]
        lines.append("")
    if is_open:
        lines.append(texts("duel.question", when=_when(closes_at(told.posts))))
        first, second = (texts.number(each.points, 1) for each in told.sides)
        lines.append(texts("duel.worth", first=first, second=second))
    else:
        lines += _result(texts, told, names)
        counted = {f"n{n}": texts.number(each.guesses) for n, each in enumerate(told.sides, 1)}
        lines.append(texts("duel.guesses", **counted))
    embed.description = "\n".join(lines)
    if has_picture:
        embed.set_image(url=f"attachment://{PICTURE}")
    return embed


def footer(texts: Texts, duel_id: int) -> str:
    """What a duel is known by among the bot's messages."""
    return texts("duel.footer", n=duel_id)


def alt_text(texts: Texts, told: DuelData) -> str:
    """The picture in words."""
    titles = [each.title or texts("leaderboard.untitled") for each in told.posts]
    first, second = (each[:_LONGEST_TITLE] for each in titles)
    return texts("duel.picture", first=first, second=second)


def _result(texts: Texts, told: DuelData, names: MemberNames) -> list[str]:
    duel = told.duel
    if duel.state is DuelState.OPEN:
        return [texts("duel.closed")]
    scores = [texts.number(each.label.score) for each in told.posts if each.label is not None]
    if duel.state is DuelState.DRAWN:
        return [texts("duel.drawn", score=scores[0])]
    won, lost = (0, 1) if duel.first_won else (1, 0)
    lines = [texts("duel.decided", n=won + 1, score=scores[won], other=scores[lost])]
    if told.right:
        people = [
            # Whoever guessed here plays here, and is called by their name.
            f"{names.mention(each.person, each.sealed) or nickname(each.person)}"
            f" {signed(texts, each.points)}"
            for each in told.right
        ]
        lines.append(texts("duel.right", people=", ".join(people)))
    else:
        lines.append(texts("duel.nobody"))
    if told.chance is not None:
        chance = told.chance if duel.first_won else 1 - told.chance
        lines.append(texts("duel.said", n=won + 1, chance=texts.percent(chance)))
    return lines


def _link(texts: Texts, post: Post) -> str:
    title = escape(post.title, _LONGEST_TITLE) or texts("leaderboard.untitled")
    title = f"[{title}]({post.link})" if post.link is not None else title
    return f"||{title}||" if post.is_spoiler else title


def _when(moment: datetime | None) -> str:
    return "" if moment is None else discord.utils.format_dt(moment, "R")
