"""`/stats`: how good the predictions were, in sentences and as a chart."""

import io
import logging

import discord
from discord import app_commands

from bot.discord.commands.feature import Feature, community_here, texts_for
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.texts.plays import plays_text
from bot.discord.texts.skill import skill_words
from bot.discord.ui.responses import Interaction, defer, respond
from bot.reports.charts import ChartFailed, stats_chart
from bot.reports.plays import read_plays
from bot.reports.stats import Stats, read_stats
from bot.reports.version_stats import VersionStats
from bot.serving.forecast import ENOUGH_FOR_SHARES, familiarity
from bot.serving.phrases import known_bar
from bot.texts.language import speaking

log = logging.getLogger(__name__)

_DAYS = 30
_FILE = "stats.png"
#: Versions that get a sentence; the chart has more.
_SENTENCES = 3


class Statistics(Feature):
    """How good the predictions were."""

    @app_commands.command(name="stats", description=label("stats.about"))
    @app_commands.describe(days=label("stats.days"), where=label("stats.where"))
    @app_commands.choices(
        where=[
            app_commands.Choice(name=label(f"leaderboard.where.{where}"), value=where)
            for where in ("here", "everywhere")
        ]
    )
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def stats(
        self,
        interaction: Interaction,
        days: app_commands.Range[int, 1, 365] = _DAYS,
        where: str | None = None,
    ) -> None:
        """Show the stats of this channel, or of all channels together."""
        await defer(interaction, ephemeral=False)
        texts = texts_for(interaction)
        async with self.core.database.read() as session:
            community = await session.run_sync(community_here, interaction)
            if where == "everywhere":
                community = None
            stats = await read_stats(
                session,
                community_id=community.id if community else None,
                days=days,
                now=self.core.clock(),
            )
            plays = await read_plays(session, community) if community else None
        if community is None:
            place = texts("leaderboard.scope_everywhere")
        else:
            place = texts("leaderboard.scope_here", channel=f"<#{community.source_id}>")
        embed = discord.Embed(title=texts("stats.heading"))
        if not stats.labels and not stats.versions:
            embed.description = f"*{place}*\n\n{texts.count('stats.nothing', days)}"
            await respond(interaction, embed=embed)
            return
        lines = [f"*{place}*", "", *stats_lines(texts, stats)]
        files = []
        try:
            with speaking(texts.language):
                chart = await stats_chart(stats)
        except ChartFailed as error:
            # The figures are worth something without their picture.
            log.warning("/stats goes without its chart: %s", error)
            lines += ["", texts("stats.no_chart")]
        else:
            files.append(discord.File(io.BytesIO(chart), _FILE, description=texts("stats.chart")))
            embed.set_image(url=f"attachment://{_FILE}")
        embed.description = "\n".join(lines)
        if plays is not None:
            embed.add_field(name=texts("plays.heading"), value=plays_text(texts, plays))
        await respond(interaction, embed=embed, files=files)


def stats_lines(texts: Texts, stats: Stats) -> list[str]:
    """The stats in sentences, one a line."""
    lines = [_version_line(texts, each) for each in stats.versions[:_SENTENCES]]
    lines.append(
        texts(
            "stats.line.labels",
            labels=texts.number(stats.labels),
            answered=texts.number(stats.spoken),
            silent=texts.number(stats.silent),
        )
    )
    if stats.known is not None:
        word = texts(f"familiarity.{familiarity(stats.known)}")
        lines.append(texts("stats.line.place", bar=known_bar(stats.known), word=word))
    if stats.effect is not None:
        low, high = (texts.number(each, 2) for each in stats.effect.interval)
        factor = texts.number(stats.effect.factor, 2)
        lines.append(texts("stats.line.effect", factor=factor, low=low, high=high))
    return lines


def _version_line(texts: Texts, version: VersionStats) -> str:
    low, high = version.accuracy_interval
    skill, interval = version.skill.skill, version.skill.interval
    if skill is None or interval is None:
        told = texts("stats.line.no_skill")
    else:
        ends = ", ".join(texts.number(each, 3) for each in interval)
        told = texts(
            "stats.line.skill",
            better=skill_words(texts, skill),
            skill=texts.number(skill, 3),
            skill_interval=f"[{ends}]",
        )
    n = version.skill.n
    words = texts(
        "stats.line.version" if n >= ENOUGH_FOR_SHARES else "stats.line.version_few",
        name=escape(version.name, 64),
        hits=texts.number(round(version.accuracy * n)),
        rate=texts.percent(version.accuracy),
        interval=f"[{texts.percent(low)}, {texts.percent(high)}]",
        n=texts.number(n),
        base=texts.percent(version.base_rate),
    )
    return f"{words} {told}"
