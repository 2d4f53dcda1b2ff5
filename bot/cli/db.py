"""main.py db: the database's tables."""

import typer

from bot.cli.console import run, say
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


async def _upgrade() -> bool:
    database = Database(load_settings().url)
    try:
        return await run_migrations(database)
    finally:
        await database.close()
