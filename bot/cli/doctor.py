"""main.py doctor: one page of health."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bot.cli.console import out, print_json, run
from bot.operations.doctor import examine
from bot.operations.findings import State
from bot.runtime.clock import now
from bot.settings import load_settings

_MARKS = {State.WELL: "[green]✓[/]", State.LOOK: "[yellow]![/]", State.TROUBLE: "[red]✗[/]"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    deep: Annotated[
        bool, typer.Option("--deep", help="Hold every stored image file against its hash, too.")
    ] = False,
) -> None:
    """Check everything: database, disk, champion, training, due work, platforms, communities.

    Exit status 1 when anything is in trouble. The JSON says `"well": true` only
    where no line needs a look.
    """
    findings = run(examine(load_settings(), now(), deep=deep))
    well = all(each.state is State.WELL for each in findings)
    in_trouble = any(each.state is State.TROUBLE for each in findings)
    if as_json:
        print_json({"well": well, "findings": [asdict(each) for each in findings]})
    else:
        table = Table(show_header=False, box=None)
        for each in findings:
            table.add_row(_MARKS[each.state], escape(each.part), escape(each.sentence))
        out.print(table)
    if in_trouble:
        raise typer.Exit(1)
