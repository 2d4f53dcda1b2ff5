"""main.py suspicions: voting that looks coordinated."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from bot.cli.console import out, print_json, run, say
from bot.league.suspicious_votes import Suspicion, read_suspicions
from bot.runtime.clock import now
from bot.settings import Settings, load_settings
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.queries.communities import find_named_community

_NONE = "No voting of the last {days} stands out."


def suspicions(
    community: Annotated[
        str | None, typer.Option(help="Only that community, for example r/memes.")
    ] = None,
    days: Annotated[float, typer.Option(min=0.01, max=3650, help="How far to look back.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Votes that look coordinated: bursts and votes held back on the board, scores that jump."""
    found = run(_read(load_settings(), community, timedelta(days=days)))
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    if not found:
        say(_NONE.format(days="day" if days == 1 else f"{days:g} days"))
        return
    table = Table("When (UTC)", "Community", "Post", "What was seen")
    for each in found:
        table.add_row(
            f"{each.at:%Y-%m-%d %H:%M}",
            escape(each.community),
            escape(each.title) or "—",
            each.sentence,
        )
    out.print(table)


async def _read(settings: Settings, name: str | None, length: timedelta) -> list[Suspicion]:
    database = Database(settings.url)
    try:
        await upgrade(database)
        async with database.read() as session:
            community = None if name is None else await session.run_sync(find_named_community, name)
            return await read_suspicions(
                session, community.id if community else None, since=now() - length
            )
    finally:
        await database.close()


def _as_json(suspicion: Suspicion) -> dict[str, object]:
    return {
        "community": suspicion.community,
        "post_id": suspicion.post_id,
        "title": suspicion.title,
        "link": suspicion.link,
        "kind": suspicion.kind,
        "at": suspicion.at.isoformat(),
        "strength": suspicion.strength,
        "sentence": suspicion.sentence,
    }
