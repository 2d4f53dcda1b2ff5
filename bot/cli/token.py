"""main.py token: what lets programs use the API."""

from typing import Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from bot.audit import COMMAND_LINE, Action
from bot.cli.console import CommandFailed, out, print_json, run, say
from bot.core import open_core
from bot.runtime.clock import now
from bot.settings import load_settings
from bot.web.api.tokens import NewToken, Scope, create_token, list_tokens, revoke_token
from storage.tables import ApiToken

app = typer.Typer(help="Tokens of the API: create, list, revoke.", no_args_is_help=True)

_SCOPES = ", ".join(Scope)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What it is for, so that you know it again.")],
    scope: Annotated[
        str, typer.Option(help=f"What it may do, separated by commas: {_SCOPES}.")
    ] = Scope.READ.value,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=3650, help="Days until it ends. [default: when it is revoked]"),
    ] = None,
) -> None:
    """Make a token and show it, this once: only its hash is stored."""
    scopes = _read_scopes(scope)
    made = run(_create(name, scopes, days))
    ends = f" until {made.row.expires_at:%Y-%m-%d}" if made.row.expires_at else ""
    say(made.text)
    say(
        f"Token {made.row.id} ({', '.join(made.row.scopes)}) can be used{ends}. It is not shown"
        " again."
    )


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """All tokens: their names, what they may do, when they end and were used."""
    rows = run(_list())
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    if not rows:
        say("There is no token yet: `main.py token create NAME` makes one.")
        return
    table = Table("", "Name", "Scopes", "Made", "Ends", "Last used", box=box.SIMPLE_HEAD)
    for row in rows:
        ends = "revoked" if row.revoked_at else _day(row.expires_at, "—")
        table.add_row(
            str(row.id), escape(row.name), " ".join(row.scopes), f"{row.created_at:%Y-%m-%d}", ends,
            _day(row.last_used_at, "never"),
        )  # fmt: skip
    out.print(table)


@app.command()
def revoke(number: Annotated[int, typer.Argument(help="Number of the token.")]) -> None:
    """End a token for good, at once."""
    say(f"Token {number} ({run(_revoke(number)).name}) is revoked.")


def _read_scopes(text: str) -> list[Scope]:
    try:
        return [Scope(each.strip()) for each in text.split(",") if each.strip()]
    except ValueError as error:
        raise CommandFailed(f"{error}. There are: {_SCOPES}.") from error


async def _create(name: str, scopes: list[Scope], days: int | None) -> NewToken:
    async with open_core(load_settings()) as core:
        async with core.database.write() as session:
            made = await session.run_sync(create_token, name, scopes, now=now(), days=days)
        about = {"token": made.row.id, "name": made.row.name}
        await core.audit.note(COMMAND_LINE, Action.MAKE_TOKEN, details=about)
        return made


async def _list() -> list[ApiToken]:
    async with open_core(load_settings()) as core, core.database.read() as session:
        return list(await session.run_sync(list_tokens))


async def _revoke(number: int) -> ApiToken:
    async with open_core(load_settings()) as core:
        async with core.database.write() as session:
            row = await session.run_sync(revoke_token, number, now())
        await core.audit.note(COMMAND_LINE, Action.REVOKE_TOKEN, details={"token": number})
        return row


def _day(moment: Any, missing: str) -> str:
    return missing if moment is None else f"{moment:%Y-%m-%d}"


def _as_json(row: ApiToken) -> dict[str, Any]:
    moments = ("created_at", "expires_at", "revoked_at", "last_used_at")
    return {"id": row.id, "name": row.name, "scopes": row.scopes} | {
        name: (moment := getattr(row, name)) and moment.isoformat() for name in moments
    }
