"""main.py webhook: programs elsewhere that are told what happened."""

import secrets
from typing import Annotated, Any

import typer
from rich import box
from rich.markup import escape
from rich.table import Table

from bot.cli.console import CommandFailed, out, print_json, run, say
from bot.core import open_core
from bot.runtime.clock import now
from bot.settings import load_settings
from bot.webhooks.addresses import (
    NewWebhook,
    add_webhook,
    find_webhook,
    list_webhooks,
    remove_webhook,
    secret_of,
)
from bot.webhooks.events import Event, message_body
from bot.webhooks.send import Sender, Sent, signature_headers
from storage.tables import Webhook

app = typer.Typer(help="Webhooks: add, list, remove, test.", no_args_is_help=True)

_EVENTS = ", ".join(Event)
Number = Annotated[int, typer.Argument(help="Number of the webhook.")]


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="Where it listens, such as https://example.org/hook.")],
    events: Annotated[
        str, typer.Option(help=f"What it is told of, separated by commas: {_EVENTS}.")
    ] = ",".join(Event),
) -> None:
    """Add a webhook, and show the secret that its receiver checks messages by, this once."""
    made = run(_add(url, _read_events(events)))
    say(made.secret)
    say(
        f"Webhook {made.row.id} is told of {', '.join(made.row.events)}. Its secret is not shown"
        f" again. Try it: main.py webhook test {made.row.id}"
    )


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """All webhooks: what each is told of, when it last answered, what went wrong."""
    rows = run(_list())
    if as_json:
        print_json([_as_json(row) for row in rows])
        return
    if not rows:
        say("There is no webhook yet: `main.py webhook add URL` adds one.")
        return
    table = Table("", "Address", "Events", "Answered", "Fault", box=box.SIMPLE_HEAD)
    for row in rows:
        answered = "given up" if row.ended_at else _moment(row.answered_at) or "never"
        table.add_row(
            str(row.id), escape(row.url), " ".join(row.events), answered, escape(row.fault or "")
        )
    out.print(table)


@app.command()
def remove(number: Number) -> None:
    """Remove a webhook, with what it was still to be told."""
    run(_remove(number))
    say(f"Webhook {number} is removed.")


@app.command()
def test(number: Number) -> None:
    """Send a webhook a message of the type test, now, and say what it answered."""
    sent = run(_test(number))
    if sent.fault is not None:
        raise CommandFailed(f"Webhook {number} did not take it. {sent.fault}")
    say(f"Webhook {number} took it.")


def _read_events(text: str) -> list[Event]:
    try:
        return [Event(each.strip()) for each in text.split(",") if each.strip()]
    except ValueError as error:
        raise CommandFailed(f"{error}. There are: {_EVENTS}.") from error


async def _add(url: str, events: list[Event]) -> NewWebhook:
    settings = load_settings()
    async with open_core(settings) as core, core.database.write() as session:
        return await session.run_sync(
            add_webhook,
            url,
            events,
            key=core.people_key,
            now=now(),
            trusted_hosts=settings.webhook_allow_hosts,
        )


async def _list() -> list[Webhook]:
    async with open_core(load_settings()) as core, core.database.read() as session:
        return list(await session.run_sync(list_webhooks))


async def _remove(number: int) -> None:
    async with open_core(load_settings()) as core, core.database.write() as session:
        await session.run_sync(remove_webhook, number)


async def _test(number: int) -> Sent:
    settings = load_settings()
    async with open_core(settings) as core:
        async with core.database.read() as session:
            row = await session.run_sync(find_webhook, number)
        body = message_body("test", {"webhook": number}, now())
        headers = signature_headers(
            secret_of(core.people_key, row), f"msg_{secrets.token_hex(16)}", body, now()
        )
        sender = Sender(settings.webhook_allow_hosts)
        try:
            return await sender.send(row.url, body, headers)
        finally:
            await sender.close()


def _moment(moment: Any) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _as_json(row: Webhook) -> dict[str, Any]:
    moments = ("created_at", "answered_at", "ended_at")
    return {"id": row.id, "url": row.url, "events": row.events, "fault": row.fault} | {
        name: (moment := getattr(row, name)) and moment.isoformat() for name in moments
    }
