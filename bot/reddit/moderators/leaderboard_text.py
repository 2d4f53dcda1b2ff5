"""The leaderboard of a week as Markdown."""

import re
from datetime import datetime

from bot.league.digest import DigestFigures, DigestPost
from bot.reddit.moderators.names import Names
from bot.serving.number_format import number, percent, signed

_LONGEST_TITLE = 80
#: What means something in Markdown, or begins a mention.
_MENTION = re.compile(r"\b([ur])/", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~^&])")


def leaderboard_text(
    figures: DigestFigures, community: str, names: Names, begin: datetime, end: datetime
) -> str:
    """What became final within a span: who guessed best, what played, how the bot did.

    Args:
        figures: of the span.
        community: ``r/aww``.
        names: of people who guessed.
        begin, end: of the span.
    """
    span = f"{begin:%Y-%m-%d} and {end:%Y-%m-%d} (UTC)"
    parts = [f"{_posts(figures.labels)} of {community} got their final score between {span}."]
    if figures.best:
        rows = ["| | forecaster | points | right |", "|--:|:--|--:|--:|"]
        rows += [
            f"| {place} | {names.shown(each.person, each.sealed)} | {signed(each.points)}"
            f" | {number(each.hits)} of {number(each.n)} |"
            for place, each in enumerate(figures.best, start=1)
        ]
        parts.append("\n".join(rows))
    if figures.top:
        top = figures.top[0]
        parts.append(
            f"**What played best:** {_link(top)} with a score of {number(top.score)}; it beats"
            f" {percent(top.percentile)} of the posts here."
        )
    if figures.surprising:
        odd = figures.surprising[0]
        parts.append(
            f"**The biggest surprise:** {_link(odd)} ended {odd.bucket.value} with a score of"
            f" {number(odd.score)}; the bot gave that {percent(odd.chance)}."
        )
    if figures.n and figures.chance is not None:
        parts.append(
            f"**The bot** named the right bucket for {number(figures.hits)} of"
            f" {number(figures.n)} posts ({percent(figures.chance)} would be chance) and has"
            f" {signed(figures.points)} points by the rule that holds for people."
        )
    return "\n\n".join(parts)


def _posts(count: int) -> str:
    return "1 post" if count == 1 else f"{number(count)} posts"


def _link(post: DigestPost) -> str:
    title = " ".join(post.title.split())
    if len(title) > _LONGEST_TITLE:
        title = f"{title[: _LONGEST_TITLE - 1]}…"
    # u/name and r/name become links of their own, and the first sends a message.
    shown = _MENTION.sub("\\1\u2060/", _SPECIAL.sub(r"\\\1", title)) or "a post without a title"
    return f"[{shown}]({post.link})" if post.link else shown
