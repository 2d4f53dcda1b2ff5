"""main.py backup: everything that cannot be made again, in one file."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import run, say
from bot.operations.backup import Backup, back_up
from bot.operations.postgresql_dump import DUMP_ADVICE
from bot.operations.read_backup import Contents
from bot.operations.verify_backup import verify
from bot.runtime.clock import now
from bot.settings import load_settings


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write: NAME.tar or NAME.tar.gz.")],
    images: Annotated[
        bool, typer.Option("--images", help="Image files, too. Embeddings always are.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--verify", help="Check an archive that is there, as a restore would.")
    ] = False,
) -> None:
    """Copy the database, the model versions and the key into one archive. Peoria may be running.

    With --verify nothing is written: the archive is unpacked into a temporary folder, and all of it
    is checked.
    """
    if check:
        _say_verified(file)
        return
    made = run(_backup(file, images))
    pictures = f", {made.images:,} images" if images else ""
    say(
        f"{made.file}: {'the database, ' if made.has_database else ''}{made.versions} model"
        f" versions{pictures}; {made.bytes / 2**20:.1f} MB."
    )
    if not made.has_database:
        say(f"The database is not in it. {DUMP_ADVICE}")
    say(f"To bring it back: main.py restore {made.file}")


def _say_verified(file: Path) -> None:
    contents = run(_verify(file))
    what = f"a database with {contents.posts:,} posts, " if contents.revision else ""
    images = f", {contents.images:,} images" if contents.images else ""
    sums = "" if contents.has_sums else " It holds no checksums: only the database was checked."
    say(f"{file} can be restored: {what}{contents.versions:,} model versions{images}.{sums}")


async def _verify(file: Path) -> Contents:
    return await asyncio.to_thread(verify, load_settings(), file)


async def _backup(file: Path, images: bool) -> Backup:
    return await asyncio.to_thread(back_up, load_settings(), file, images=images, now=now())
