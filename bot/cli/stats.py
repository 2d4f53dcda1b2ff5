"""main.py stats: how good the predictions are, and what a reply does."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from bot.cli.console import out, print_json, run, say
from bot.cli.stats_measures import measures
from bot.cli.stats_plays import plays
from bot.core import open_core
from bot.league.intervals import Interval
from bot.reports.charts import stats_chart
from bot.reports.nowcast_accuracy import (
    MIN_FOR_TOP,
    NowcastAccuracy,
    nowcast_accuracy,
    read_nowcasts,
)
from bot.reports.stats import Stats, read_stats
from bot.serving.number_format import duration
from bot.serving.phrases import stats_place_sentence
from bot.settings import load_settings
from storage.queries.communities import find_named_community

#: Of a version's row, beside its name; intervals stand under their figures.
_COLUMNS = ("Posts", "RPS skill\n(95%)", "Right bucket\n(95%)", "By luck")


app = typer.Typer(
    help="How good the predictions were, and what plays here.", invoke_without_command=True
)
app.command()(plays)
app.command()(measures)


@app.callback()
def stats(
    context: typer.Context,
    community: Annotated[
        str | None, typer.Option(help="One community, for example r/memes. [default: all]")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days to look back.")] = 30,
    chart: Annotated[Path | None, typer.Option(help="PNG file to draw a chart into.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How good the predictions were, day by day, and what a reply does to the votes."""
    if context.invoked_subcommand is not None:
        return
    found, second_looks = run(_stats(community, days, chart))
    if as_json:
        looks = [asdict(each) for each in second_looks]
        print_json(_plain(asdict(found) | {"second_looks": looks}))
        return
    _show(found)
    _show_second_looks(second_looks)
    if chart is not None:
        say(f"The chart is in {chart}.")


async def _stats(
    community: str | None, days: int, chart: Path | None
) -> tuple[Stats, list[NowcastAccuracy]]:
    async with open_core(load_settings()) as core:
        async with core.database.read() as session:
            where = (
                None
                if community is None
                else await session.run_sync(find_named_community, community)
            )
            community_id = where.id if where else None
            found = await read_stats(
                session, community_id=community_id, days=days, now=core.clock()
            )
            looks = await read_nowcasts(session, community_id=community_id)
        if chart is not None:
            await asyncio.to_thread(chart.write_bytes, await stats_chart(found))
        return found, nowcast_accuracy(looks)


def _show(found: Stats) -> None:
    say(
        f"{found.labels:,} labels since {found.since}: {found.spoken:,} of posts that were"
        f" answered, {found.silent:,} of posts that were predicted silently."
    )
    if found.effect is not None:
        say(
            f"A reply changes 1 + score by a factor of {found.effect.factor:.2f}"
            f" ({_range(found.effect.interval, '.2f')})."
        )
    if found.known is not None:
        say(stats_place_sentence(found.known))
    if not found.versions:
        say("No prediction has been scored in that time.")
        return
    table = Table(
        Column("Version", no_wrap=True),
        *(Column(name, justify="right", no_wrap=True) for name in _COLUMNS),
        box=box.SIMPLE_HEAD,
        padding=(0, 2, 0, 0),
    )
    for version in found.versions:
        skill, accuracy = version.skill, version.accuracy_interval
        table.add_row(
            f"{'★ ' if version.is_champion else ''}{version.name}",
            f"{skill.n:,}",
            "nothing to\ntell yet"
            if skill.skill is None
            else f"{skill.skill:+.3f}\n{_range(skill.interval, '+.3f')}",
            f"{version.accuracy:.1%}\n{_range(accuracy, '.1%')}",
            f"{version.base_rate:.1%}",
        )
    out.print(table)


def _show_second_looks(scores: Sequence[NowcastAccuracy]) -> None:
    """How far off the newest second looks were, beside simpler ways of looking twice."""
    if not scores:
        return
    table = Table(
        "Second look after", "Posts", "Off by", "Times typical growth", "As it stands",
        "Before any vote", "In the 80% interval", "PR-AUC, top 5%",
    )  # fmt: skip
    for score in scores:
        table.add_row(
            duration(timedelta(seconds=score.reading)),
            f"{score.n:,}",
            f"{score.error:.3f}",
            _error(score.typical_error),
            _error(score.unchanged_error),
            _error(score.first_error),
            f"{score.coverage:.0%}",
            _error(score.pr_auc_top5),
        )
    out.print(table)
    say("Off by: the mean difference of the logarithms of predicted and final score.")
    if all(score.pr_auc_top5 is None for score in scores):
        say(
            "PR-AUC: nothing to tell yet; a community needs"
            f" {MIN_FOR_TOP} posts with that second look."
        )
    else:
        say("PR-AUC: how well those that end in their community's top 5% are found; chance: 0.05.")


def _error(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _range(interval: Interval | None, style: str) -> str:
    return f"{interval[0]:{style}} … {interval[1]:{style}}" if interval else "—"


def _plain(value: Any) -> Any:
    """Days as text, for JSON."""
    match value:
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case date():
            return value.isoformat()
        case _:
            return value
