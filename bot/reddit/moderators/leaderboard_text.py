"""The leaderboard of a week as Markdown, in the language that is spoken in the subreddit."""

import re
from datetime import datetime

from bot.league.digest import DigestFigures, DigestPost
from bot.reddit.moderators.names import Names
from bot.serving.number_format import number, percent, signed
from bot.serving.phrases import bucket_word
from bot.texts.translate import gettext as _
from bot.texts.translate import ngettext, pgettext

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
    ended = ngettext(
        "{n} post of {name} got its final score between {begin} and {end} (UTC).",
        "{n} posts of {name} got their final score between {begin} and {end} (UTC).",
        figures.labels,
    )
    parts = [
        ended.format(
            n=number(figures.labels),
            name=community,
            begin=f"{begin:%Y-%m-%d}",
            end=f"{end:%Y-%m-%d}",
        )
    ]
    if figures.best:
        heads = _("forecaster"), _("points"), pgettext("guesses", "right")
        of = _("{hits} of {n}")
        rows = [f"| | {' | '.join(heads)} |", "|--:|:--|--:|--:|"]
        rows += [
            f"| {place} | {names.shown(each.person, each.sealed)} | {signed(each.points)}"
            f" | {of.format(hits=number(each.hits), n=number(each.n))} |"
            for place, each in enumerate(figures.best, start=1)
        ]
        parts.append("\n".join(rows))
    if figures.top:
        top = figures.top[0]
        played = _(
            "**What played best:** {post} with a score of {score}; it beats {share} of the posts"
            " here."
        )
        parts.append(
            played.format(post=_link(top), score=number(top.score), share=percent(top.percentile))
        )
    if figures.surprising:
        odd = figures.surprising[0]
        surprise = _(
            "**The biggest surprise:** {post} ended {bucket} with a score of {score}; the bot gave"
            " that {share}."
        )
        parts.append(
            surprise.format(
                post=_link(odd),
                bucket=bucket_word(odd.bucket),
                score=number(odd.score),
                share=percent(odd.chance),
            )
        )
    if figures.n and figures.chance is not None:
        record = ngettext(
            "**The bot** named the right bucket for {hits} of {n} post ({share} would be chance)"
            " and has {points} points by the rule that holds for people.",
            "**The bot** named the right bucket for {hits} of {n} posts ({share} would be chance)"
            " and has {points} points by the rule that holds for people.",
            figures.n,
        )
        parts.append(
            record.format(
                hits=number(figures.hits),
                n=number(figures.n),
                share=percent(figures.chance),
                points=signed(figures.points),
            )
        )
    return "\n\n".join(parts)


def leaderboard_title(community: str, begin: datetime, end: datetime) -> str:
    """The title of the post that shows it."""
    said = _("Leaderboard of {name}, {begin} to {end}")
    return said.format(name=community, begin=f"{begin:%Y-%m-%d}", end=f"{end:%Y-%m-%d}")


def _link(post: DigestPost) -> str:
    title = " ".join(post.title.split())
    if len(title) > _LONGEST_TITLE:
        title = f"{title[: _LONGEST_TITLE - 1]}…"
    # u/name and r/name become links of their own, and the first sends a message.
    shown = _MENTION.sub("\\1\u2060/", _SPECIAL.sub(r"\\\1", title)) or _("a post without a title")
    return f"[{shown}]({post.link})" if post.link else shown
