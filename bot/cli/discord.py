"""main.py discord: whether it is set up right."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.app import build
from bot.cli.console import print_json, run, say
from bot.core import open_core
from bot.settings import load_settings

if TYPE_CHECKING:
    # discord.py takes a while to import, and most commands never need it.
    from bot.discord.check import Finding

app = typer.Typer(help="Discord: check the setup.", no_args_is_help=True)

_MARKS = {True: "ok  ", False: "NO  ", None: "    "}


@app.callback()
def discord() -> None:
    """Discord: check the setup."""


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check token, intents, servers, permissions and commands, and print the invite link.

    Changes nothing on Discord. Exit status 1 when something is wrong.
    """
    from bot.discord.check import all_well

    findings = run(_check())
    if as_json:
        print_json([{"what": each.what, "ok": each.ok, "text": each.text} for each in findings])
    else:
        width = max(len(each.what) for each in findings)
        for each in findings:
            say(f"{_MARKS[each.ok]} {each.what:<{width}}  {each.text}")
    if not all_well(findings):
        raise typer.Exit(1)


async def _check() -> "list[Finding]":
    from bot.discord.check import check_discord

    async with open_core(load_settings()) as core:
        return await check_discord(core, build(core).pipeline)
