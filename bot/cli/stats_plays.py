"""main.py stats plays: what plays in a community."""

from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from bot.cli.console import CommandFailed, out, print_json, run, say
from bot.core import open_core
from bot.reports.plays import Plays, read_plays
from bot.reports.plays_plot import draw_plays
from bot.reports.plays_words import (
    CAVEATS,
    FACTOR_NAMES,
    level_name,
    pair_sentence,
    plays_sentence,
    points,
)
from bot.settings import load_settings
from storage.queries.communities import find_the_community


def plays(
    community: Annotated[
        str | None, typer.Option(help="For example r/memes. [default: the only one there is]")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="SVG file to draw the effects into.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What plays here: how genre, faces, look and time go together with the percentile."""
    name, found = run(_plays(community))
    if plot is not None:
        try:
            plot.write_text(draw_plays(found), "utf-8")
        except OSError as error:
            raise CommandFailed(f"{plot} cannot be written: {error.strerror}.") from error
    if as_json:
        print_json(_as_json(name, found))
        return
    _show(name, found)
    if plot is not None:
        say(f"The plot is in {plot}.")


async def _plays(community: str | None) -> tuple[str, Plays]:
    async with open_core(load_settings()) as core, core.database.read() as session:
        where = await session.run_sync(find_the_community, community)
        return where.name, await read_plays(session, where)


def _show(name: str, found: Plays) -> None:
    say(f"{name}: {plays_sentence(found)}")
    if not found.effects.effects:
        return
    table = Table(
        Column("", no_wrap=True),
        *(
            Column(name, justify="right", no_wrap=True)
            for name in ("Posts", "Points", "95%", "By itself")
        ),
        box=box.SIMPLE_HEAD,
    )
    for factor, effects in groupby(found.effects.effects, key=lambda each: each.factor):
        table.add_row(FACTOR_NAMES[factor], style="bold")
        for each in effects:
            table.add_row(
                f"  {level_name(each.factor, each.level)}{' ★' if each.told else ''}",
                f"{each.posts:,}",
                points(each.effect),
                f"{points(each.low)} … {points(each.high)}",
                points(each.alone),
            )
    out.print(table)
    for pair in found.effects.pairs:
        say(pair_sentence(pair))
    for sentence in CAVEATS:
        say(sentence)


def _as_json(name: str, found: Plays) -> dict[str, Any]:
    return {
        "community": name,
        "labels": found.labels,
        "used": found.used,
        "missing": found.missing,
        "effects": [asdict(each) | {"told": each.told} for each in found.effects.effects],
        "together": [asdict(each) for each in found.effects.pairs],
    }
