"""The commands of a network with one account: whether it works, and posts of the past."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from bot.cli.console import print_json, progress, run, say
from bot.posts.history_imports import MOST_DAYS
from bot.settings import Settings, load_settings
from storage.types import PlatformName

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
    app = typer.Typer(
        help=f"{title}: check the setup, import posts of the past.", no_args_is_help=True
    )

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

    @app.command(
        "import",
        help="Import posts of what is watched, with their scores as labels, for a first model"
        " version.\n\n"
        "What is stored already is left alone. Stopped, it goes on where Peoria runs, or when it is"
        " run again.",
    )
    def import_history(
        community: Annotated[str, typer.Argument(help="As the settings name it.")],
        days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="How far back.")] = 30,
    ) -> None:
        from bot.cli.import_now import import_now

        with progress() as bar:
            task = bar.add_task(f"Importing {community}", total=None)

            def advance(counts: Mapping[str, int]) -> None:
                stored, looked_at = counts.get("stored", 0), counts.get("messages", 0)
                bar.update(task, description=f"{stored:,} of {looked_at:,} posts stored")

            ended = run(import_now(PlatformName(title.lower()), community, days, advance))
        stored, looked_at = ended.counts.get("stored", 0), ended.counts.get("messages", 0)
        say(f"Imported {stored:,} posts of {community}; {looked_at:,} were looked at.")
        if ended.fault:
            say(ended.fault)
            raise typer.Exit(1)

    return app


async def _findings(ask: Check) -> "Sequence[Finding]":
    return await ask(load_settings())
