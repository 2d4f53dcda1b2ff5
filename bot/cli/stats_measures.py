"""main.py stats measures: the measures of popularity of a community beside each other."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from bot.cli.console import CommandFailed, out, print_json, run, say
from bot.core import open_core
from bot.labels.measures import MeasureRefused, judge_by
from bot.reports.measures import LEAST_PAIRS, MEASURE_NAMES, Correlation, Measures, read_measures
from bot.reports.measures_plot import draw_histogram
from bot.settings import load_settings
from bot.visibility import by_address
from storage.queries.communities import find_the_community
from storage.types import Measure


def measures(
    community: Annotated[
        str | None, typer.Option(help="For example r/memes. [default: the only one there is]")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Folder for a histogram (SVG) of each measure.")
    ] = None,
    judged_by: Annotated[
        Measure | None, typer.Option("--judge-by", help="Judge it by this measure from now on.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score, comments, ratio, people, guesses, views: how large, and how they go together."""
    name, found, changed = run(_measures(community, judged_by))
    if plot is not None:
        try:
            plot.mkdir(parents=True, exist_ok=True)
            for each in found.summaries:
                (plot / f"{each.name}.svg").write_text(draw_histogram(each), "utf-8")
        except OSError as error:
            raise CommandFailed(f"{plot} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json(_as_json(name, found))
        return
    if changed:
        say(f"{name} is judged by {found.judged_by.value} from now on.")
    _show(name, found)
    if plot is not None:
        say(f"The histograms are in {plot}.")


async def _measures(community: str | None, judged_by: Measure | None) -> tuple[str, Measures, bool]:
    changed = False
    async with open_core(load_settings()) as core:
        if judged_by is not None:
            async with core.database.write() as session:
                where = await session.run_sync(find_the_community, community)
                try:
                    changed = await session.run_sync(judge_by, where, judged_by)
                except MeasureRefused as refused:
                    raise CommandFailed(str(refused)) from refused
        async with core.database.read() as session:
            where = await session.run_sync(find_the_community, community)
            return where.name, await read_measures(session, where, by_address()), changed


def _show(name: str, found: Measures) -> None:
    if not found.labels:
        say(f"{name} has no label yet; it gets one when a post reaches its horizon.")
        return
    say(f"{name}: {found.labels:,} labels; judged by {found.judged_by.value}.")
    table = Table(
        Column("Measure", no_wrap=True),
        *(
            Column(title, justify="right", no_wrap=True)
            for title in ("Posts", "Mean", "Deviation", "Maximum")
        ),
        box=box.SIMPLE_HEAD,
    )
    for each in found.summaries:
        table.add_row(
            MEASURE_NAMES[each.name],
            f"{each.posts:,}",
            *(f"{value:,.2f}" for value in (each.mean, each.deviation, each.most)),
        )
    out.print(table)
    if found.correlations:
        table = Table("", "", "Posts", "Pearson", "Spearman", "95%", box=box.SIMPLE_HEAD)
        for pair in found.correlations:
            table.add_row(*_cells(pair))
        out.print(table)
    else:
        say(f"Correlations: {LEAST_PAIRS} posts with two measures are needed.")
    for title, posts in (("Most popular", found.best), ("Least popular", found.worst)):
        say(f"{title}:")
        for post in posts:
            say(f"  {post.score:,g}  {post.title or '(no title)'}  {post.link or ''}".rstrip())


def _cells(pair: Correlation) -> tuple[str, ...]:
    low_high = "—" if pair.interval is None else "{:+.2f} … {:+.2f}".format(*pair.interval)
    return (
        MEASURE_NAMES[pair.first],
        MEASURE_NAMES[pair.second],
        f"{pair.posts:,}",
        *("—" if value is None else f"{value:+.3f}" for value in (pair.pearson, pair.spearman)),
        low_high,
    )


def _as_json(name: str, found: Measures) -> dict[str, Any]:
    content = asdict(found)
    content["judged_by"] = found.judged_by.value
    for each in content["summaries"]:
        for bar in each["bars"]:
            # JSON has no infinity: the first bar has no beginning.
            bar["first"] = None if math.isinf(bar["first"]) else bar["first"]
    for ends in ("best", "worst"):
        content[ends] = [post._asdict() for post in getattr(found, ends)]
    return {"community": name} | content
