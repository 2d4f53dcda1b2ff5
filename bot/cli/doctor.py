"""main.py doctor: one page of health."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bot.cli.console import out, print_json, run
from bot.operations.doctor import State, examine
from bot.runtime.clock import now
from bot.settings import load_settings

_MARKS = {State.WELL: "[green]✓[/]", State.LOOK: "[yellow]![/]", State.TROUBLE: "[red]✗[/]"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check everything: database, disk, champion, training, due work, platforms, communities.

    Changes nothing. Exit status 1 when anything is in trouble.
    """
    findings = run(examine(load_settings(), now()))
    in_trouble = any(each.state is State.TROUBLE for each in findings)
    if as_json:
        print_json({"well": not in_trouble, "findings": [asdict(each) for each in findings]})
    else:
        table = Table(show_header=False, box=None)
        for each in findings:
            table.add_row(_MARKS[each.state], escape(each.part), escape(each.sentence))
        out.print(table)
    if in_trouble:
        raise typer.Exit(1)
