"""The commands of a network with one account: whether it works."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from bot.cli.console import print_json, run, say
from bot.settings import Settings, load_settings

if TYPE_CHECKING:
    from bot.networks.check import Finding

Check: TypeAlias = "Callable[[Settings], Awaitable[Sequence[Finding]]]"

_MARKS = {True: "ok  ", False: "NO  ", None: "?   "}


def network_app(title: str, ask: Check) -> typer.Typer:
    """The commands.

    Args:
        title: what people call the network.
        ask: asks what works; imports what it needs by itself, so that commands which need no
            network do not.
    """
    app = typer.Typer(help=f"{title}: check the setup.", no_args_is_help=True)

    @app.callback()
    def network() -> None:
        pass

    network.__doc__ = f"{title}: check the setup."

    @app.command(
        help=f"Check account and communities. Writes nothing on {title}.\n\n"
        "Exit status 1 when something is wrong."
    )
    def check(
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        findings = run(_findings(ask))
        if as_json:
            print_json([{"what": each.what, "ok": each.ok, "text": each.text} for each in findings])
        else:
            width = max(len(each.what) for each in findings)
            for each in findings:
                say(f"{_MARKS[each.ok]} {each.what:<{width}}  {each.text}")
        if any(each.ok is False for each in findings):
            raise typer.Exit(1)

    return app


async def _findings(ask: Check) -> "Sequence[Finding]":
    return await ask(load_settings())
