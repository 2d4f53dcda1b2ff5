"""main.py cluster: the Ray cluster, and passes over stored images."""

from typing import Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from bot.cli.console import CommandFailed, out, print_json, run, say
from bot.cluster.connection import ClusterAway, ClusterConnection
from bot.core import open_core
from bot.runtime.clock import now
from bot.settings import load_settings
from models.extras import require_ray
from storage.queries.batch_jobs import ask_to_cancel, newest_jobs
from storage.tables import BatchJob

app = typer.Typer(help="A Ray cluster, and passes over stored images.", no_args_is_help=True)

#: Passes that are listed.
_LISTED = 20


@app.command()
def check() -> None:
    """Connect to the cluster of PEORIA_RAY_ADDRESS, and say what it has."""
    require_ray("A Ray cluster")
    address = load_settings().ray_address
    if address is None:
        raise CommandFailed("PEORIA_RAY_ADDRESS is not set: this process and a child of it do all.")
    processors = run(_check(address))
    say(f"The Ray cluster at {address} answers; its nodes have {processors} processors.")


@app.command()
def jobs(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The newest passes over stored images: how far they are, and how they ended."""
    rows = run(_jobs())
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    if not rows:
        say("There was none yet.")
        return
    table = Table("", "Began", "What", "State", "Done", "Why", box=box.SIMPLE_HEAD)
    for row in rows:
        done = f"{row.done:,} of {row.total:,}"
        if row.skipped:
            done += f", {row.skipped:,} skipped"
        if row.quarantined:
            done += f", {row.quarantined:,} quarantined"
        table.add_row(
            str(row.id), f"{row.started_at:%Y-%m-%d %H:%M}", f"{row.work} {escape(row.subject)}",
            row.state.value, done, escape(row.reason or ""),
        )  # fmt: skip
    out.print(table)


@app.command()
def cancel(number: Annotated[int, typer.Argument(help="Number of the pass.")]) -> None:
    """End a pass over stored images after the fragments under way; what is done stays."""
    if not run(_cancel(number)):
        raise CommandFailed(f"There is no pass {number} that runs: `main.py cluster jobs`.")
    say(f"Pass {number} ends after the fragments that are under way.")


async def _check(address: str) -> int:
    try:
        connection = await ClusterConnection.open(address)
    except ClusterAway as away:
        raise CommandFailed(str(away)) from away
    try:
        return int(await connection.request("processors"))
    finally:
        await connection.close()


async def _jobs() -> list[BatchJob]:
    async with open_core(load_settings()) as core:
        return list(await core.database.run_read(lambda session: newest_jobs(session, _LISTED)))


async def _cancel(number: int) -> bool:
    async with open_core(load_settings()) as core:
        return await core.database.run_write(lambda session: ask_to_cancel(session, number, now()))


def _as_json(row: BatchJob) -> dict[str, Any]:
    plain = ("id", "work", "subject", "done", "total", "skipped", "quarantined", "reason")
    moments = ("started_at", "changed_at", "finished_at")
    return (
        {name: getattr(row, name) for name in plain}
        | {"state": row.state.value}
        | {name: (moment := getattr(row, name)) and moment.isoformat() for name in moments}
    )
