"""main.py db: the database's tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer

from bot.cli.console import run, say
from bot.people.key_check import adopt_key as make_known
from bot.settings import load_settings
from storage.engine.database import Database
from storage.engine.migrate import HEAD
from storage.engine.migrate import upgrade as run_migrations

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the tables up to date. Every start does this by itself."""
    changed = run(_upgrade())
    say(f"The database {'is now' if changed else 'was already'} at version {HEAD}.")


@app.command()
def rekey() -> None:
    """Know people by the key that is here, when the database's own key is lost for good.

    Nobody is recognised then: guesses and opt-outs of before stay with strangers.
    """
    changed = run(_adopt_key())
    say(
        "People are known by the key of this data folder from now on."
        if changed
        else "This was the database's key already; nothing was changed."
    )


async def _upgrade() -> bool:
    async with _database() as database:
        return await run_migrations(database)


async def _adopt_key() -> bool:
    settings = load_settings()
    async with _database() as database:
        await run_migrations(database)
        return await make_known(database, settings.data_dir, settings.secret_key)


@asynccontextmanager
async def _database() -> AsyncIterator[Database]:
    database = Database(load_settings().url)
    try:
        yield database
    finally:
        await database.close()
