"""main.py restore: what a backup holds, in the place of what is here."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import run, say
from bot.operations.restore import Restored, refuse_while_running
from bot.operations.restore import restore as bring_back
from bot.runtime.clock import now
from bot.settings import Settings, load_settings


def restore(
    file: Annotated[
        Path,
        typer.Argument(
            help="A backup (.tar or .tar.gz), or the copy of a database that an upgrade left.",
            exists=True,
            dir_okay=False,
        ),
    ],
) -> None:
    """Bring a backup back. Peoria must be stopped.

    Everything is checked before anything is replaced. What was there is kept in a folder beside.
    """
    settings = load_settings()
    done = run(_restore(settings, file))
    contents = done.contents
    found = []
    if contents.revision is not None:
        found.append(f"a database with {contents.posts:,} posts, at version {contents.revision}")
    if done.has_dump:
        found.append("the PostgreSQL database")
    found.append(f"{contents.versions:,} model versions")
    if contents.images:
        found.append(f"{contents.images:,} images")
    say(f"Restored from {file}: {', '.join(found)}.")
    if not contents.has_sums:
        say("It holds no checksums: only the database was checked.")
    if contents.images and settings.images_url is not None:
        say(
            f"The images are in {settings.images_dir}; `main.py images move --from"
            f" {settings.images_dir} --to {settings.images_url}` puts back what is missing there."
        )
    if done.kept_in is not None:
        days = f"{settings.replaced_days:g} days"
        say(f"What was there before is in {done.kept_in}, and is kept for {days}.")
    say("Start Peoria, or ask `main.py doctor`.")


async def _restore(settings: Settings, file: Path) -> Restored:
    await refuse_while_running(settings, now())
    return await asyncio.to_thread(bring_back, settings, file, now=now())
