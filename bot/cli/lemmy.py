"""main.py lemmy: whether it works."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import print_json, run, say
from bot.runtime.clock import now
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.lemmy.check import Finding

app = typer.Typer(help="Lemmy: check the setup.", no_args_is_help=True)

_MARKS = {True: "ok  ", False: "NO  ", None: "?   "}


@app.callback()
def lemmy() -> None:
    """Lemmy: check the setup."""


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check account and communities. Writes nothing on Lemmy.

    Exit status 1 when something is wrong.
    """
    findings = run(_check(load_settings()))
    if as_json:
        print_json([{"what": each.what, "ok": each.ok, "text": each.text} for each in findings])
    else:
        width = max(len(each.what) for each in findings)
        for each in findings:
            say(f"{_MARKS[each.ok]} {each.what:<{width}}  {each.text}")
    if any(each.ok is False for each in findings):
        raise typer.Exit(1)


async def _check(settings: Settings) -> "Sequence[Finding]":
    # Here, so that commands that need no Lemmy do not import it.
    from bot.lemmy.check import check_lemmy

    return await check_lemmy(settings, now)
