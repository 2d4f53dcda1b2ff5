"""Outcomes, and the end of a season, as messages."""

from collections.abc import Sequence

import discord

from bot.discord.commands.render_board import signed
from bot.discord.gateway.guild_options import PLACE
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.member_names import MemberNames
from bot.league.outcomes import ToldOutcome
from bot.league.season_end import SeasonPlace
from bot.people.nicknames import nickname
from bot.serving.forecast import likely_buckets
from storage.types import Bucket

_LONGEST_TITLE = 80
_MARKS = {True: "✔", False: "✘"}


def outcomes_embed(texts: Texts, outcomes: Sequence[ToldOutcome]) -> discord.Embed:
    """What became of posts; its time is that of the last of them, by which it is known again.

    Args:
        outcomes: not empty, in the order in which they are told.
    """
    personal = any(each.is_theirs or each.guess is not None for each in outcomes)
    embed = discord.Embed(
        title=texts("outcomes.heading_own" if personal else "outcomes.heading"),
        description="\n".join(_line(texts, each) for each in outcomes),
        timestamp=outcomes[-1].written_at,
    )
    if personal:
        embed.set_footer(text=texts("outcomes.stop"))
    return embed


def season_embed(
    texts: Texts, season: str, best: Sequence[SeasonPlace], names: MemberNames, role_id: int | None
) -> discord.Embed:
    """Who won a season.

    Args:
        season: a month; the title, by which the message is known again, holds it.
        best: the best first; not empty.
        role_id: of the role that the winner has now; None: there is none.
    """
    lines = [
        texts(
            "digest.best_line",
            place=place,
            # Whoever guessed here plays here, and is called by their name.
            name=names.mention(each.person, each.sealed) or nickname(each.person),
            points=signed(texts, each.points),
            hits=texts.number(each.hits),
            n=texts.number(each.n),
        )
        for place, each in enumerate(best, start=1)
    ]
    if role_id is not None:
        name = names.mention(best[0].person, best[0].sealed) or nickname(best[0].person)
        lines += ["", texts("outcomes.role_given", name=name, role=f"<@&{role_id}>")]
    return discord.Embed(title=season_title(texts, season), description="\n".join(lines))


def season_title(texts: Texts, season: str) -> str:
    """What the message about a season's end is known by."""
    return texts("outcomes.season", season=season)


def _line(texts: Texts, outcome: ToldOutcome) -> str:
    title = escape(outcome.title, _LONGEST_TITLE) or texts("leaderboard.untitled")
    post = f"[{title}]({outcome.link})" if outcome.link is not None else title
    post = f"||{post}||" if outcome.spoiler else post
    chances = dict(zip(Bucket, outcome.chances, strict=True))
    # As the reply to the post says it.
    said = likely_buckets(chances)
    line = texts(
        "outcomes.line",
        post=post,
        where=f"<#{outcome.options.get(PLACE) or outcome.community_source_id}>",
        score=texts.number(outcome.score),
        bucket=texts(f"bucket.{outcome.bucket.value}"),
        share=texts.percent(outcome.percentile),
    )
    if len(said) == 1:
        line += " · " + texts(
            "outcomes.said",
            bucket=texts(f"bucket.{said[0].value}"),
            chance=texts.percent(chances[said[0]]),
            mark=_MARKS[said[0] is outcome.bucket],
        )
    if outcome.guess is not None and outcome.points is not None:
        line += " · " + texts(
            "outcomes.your_guess",
            bucket=texts(f"bucket.{outcome.guess.value}"),
            mark=_MARKS[outcome.guess is outcome.bucket],
            points=signed(texts, outcome.points),
        )
    elif outcome.guesses:
        line += " · " + texts(
            "outcomes.guesses", right=texts.number(outcome.right), n=texts.number(outcome.guesses)
        )
    return line
