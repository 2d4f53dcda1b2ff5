"""main.py backup: everything that cannot be made again, in one file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import run, say
from bot.operations.backup import DUMP_ADVICE, Backup, back_up
from bot.runtime.clock import now
from bot.settings import load_settings


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write: NAME.tar or NAME.tar.gz.")],
    images: Annotated[
        bool, typer.Option("--images", help="Image files, too. Embeddings always are.")
    ] = False,
) -> None:
    """Copy the database, the model versions and the key into one archive. Peoria may be running."""
    made = run(_backup(file, images))
    pictures = f", {made.images:,} images" if images else ""
    say(
        f"{made.file}: {'the database, ' if made.has_database else ''}{made.versions} model"
        f" versions{pictures}; {made.bytes / 2**20:.1f} MB."
    )
    if not made.has_database:
        say(f"The database is not in it. {DUMP_ADVICE}")
    say("RESTORE.txt in the archive says how to restore it.")


async def _backup(file: Path, images: bool) -> Backup:
    return await asyncio.to_thread(back_up, load_settings(), file, images=images, now=now())
