"""A digest as a message."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import discord

from bot.discord.commands.render_board import signed
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.member_names import MemberNames
from bot.league.digest import DigestFigures, DigestPerson, DigestPost
from bot.people.nicknames import nickname

_LONGEST_TITLE = 80
#: How the picture's file is called.
PICTURE = "top.jpg"


@dataclass(frozen=True, slots=True)
class Told:
    """What of the figures is told: posts that are still there.

    Attributes:
        top: the post with the highest score; None: it is gone.
        surprising: the one that the bot found least likely; None: there is none.
        picture: of the top post, JPEG; None: it is hidden or gone.
    """

    figures: DigestFigures
    top: DigestPost | None
    surprising: DigestPost | None
    picture: bytes | None


def digest_embed(
    texts: Texts, told: Told, names: MemberNames, *, weekly: bool, begin: datetime, end: datetime,
    time_zone: str,
) -> discord.Embed:  # fmt: skip
    """Lay a digest out."""
    figures = told.figures
    embed = discord.Embed(
        title=texts("digest.title_week" if weekly else "digest.title_day"),
        description=texts.count("digest.posts", figures.labels),
    )
    if figures.best:
        lines = [
            _person(texts, place, each, names) for place, each in enumerate(figures.best, start=1)
        ]
        _add(embed, texts("digest.best"), lines)
    if told.top is not None:
        line = texts(
            "digest.top_line",
            score=texts.number(told.top.score),
            post=_link(texts, told.top),
            share=texts.percent(told.top.percentile),
        )
        _add(embed, texts("digest.top"), [line])
    if told.surprising is not None:
        bucket = texts(f"bucket.{told.surprising.bucket.value}")
        line = texts(
            "digest.surprise_line",
            post=_link(texts, told.surprising),
            score=texts.number(told.surprising.score),
            bucket=bucket,
            chance=texts.percent(told.surprising.chance),
        )
        _add(embed, texts("digest.surprise"), [line])
    if figures.n and figures.chance is not None:
        line = texts(
            "digest.record_line",
            hits=texts.number(figures.hits),
            n=texts.number(figures.n),
            chance=texts.percent(figures.chance),
            points=signed(texts, figures.points),
        )
        _add(embed, texts("digest.record"), [line])
    if told.picture is not None:
        embed.set_image(url=f"attachment://{PICTURE}")
    embed.set_footer(text=footer(texts, begin, end, time_zone))
    return embed


def footer(texts: Texts, begin: datetime, end: datetime, time_zone: str) -> str:
    """What a digest is known by among the bot's messages: its span."""
    zone = ZoneInfo(time_zone)
    first, last = (f"{each.astimezone(zone):%Y-%m-%d %H:%M}" for each in (begin, end))
    return texts("digest.footer", begin=first, end=last)


def _add(embed: discord.Embed, name: str, lines: list[str]) -> None:
    embed.add_field(name=name, value="\n".join(lines), inline=False)


def _person(texts: Texts, place: int, each: DigestPerson, names: MemberNames) -> str:
    # Whoever guessed here plays here, and is called by their name.
    name = names.mention(each.person, each.sealed) or nickname(each.person)
    return texts(
        "digest.best_line",
        place=place,
        name=name,
        points=signed(texts, each.points),
        hits=texts.number(each.hits),
        n=texts.number(each.n),
    )


def _link(texts: Texts, post: DigestPost) -> str:
    title = escape(post.title, _LONGEST_TITLE) or texts("leaderboard.untitled")
    title = f"[{title}]({post.link})" if post.link is not None else title
    return f"||{title}||" if post.spoiler else title
