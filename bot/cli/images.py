"""main.py images: where image files are."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import CommandFailed, progress, run, say
from bot.operations.move_images import Moved, MoveImages, notes_for
from bot.people.identity import find_key
from bot.people.key_check import owner_code
from bot.setting_types import check_object_store_url
from bot.settings import Settings, load_settings
from storage.files.image_store import ImageStore
from storage.objects.image_place import ImagePlace

app = typer.Typer(help="Image files, and where they are.", no_args_is_help=True)

_FOLDER = "folder"


@app.command()
def move(
    to: Annotated[
        str,
        typer.Option(
            help="Where to: s3://BUCKET/PREFIX, gs://…, az://…, the path of a folder, or `folder`"
            " for the one in the data folder."
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help="Where from, said alike; otherwise where they are now."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what there is to do, and do nothing.")
    ] = False,
    delete: Annotated[
        bool,
        typer.Option("--delete", help="Delete each where it was, once it was read back."),
    ] = False,
) -> None:
    """Copy all images to an object store, or back to a folder; each is read back by its hash.

    Can be stopped and started again. Peoria may be running: run it, set PEORIA_IMAGES_URL, start
    Peoria again, and run it once more with --from for the images that came meanwhile.
    """
    settings = load_settings()
    if dry_run:
        found = run(_look(settings, source, to))
        say(
            f"{found.images:,} images ({found.bytes / 2**20:,.1f} MB); {found.there:,} of them are"
            f" there already, {found.images - found.there:,} would be copied. Nothing was done."
        )
        return
    _say_moved(run(_move(settings, source, to, delete)))


def _say_moved(moved: Moved) -> None:
    say(
        f"{moved.copied:,} images were copied and read back, {moved.there:,} were there already"
        f"{f', {moved.deleted:,} were deleted where they were' if moved.deleted else ''}"
        f"{f', {moved.gone:,} were deleted by Peoria meanwhile' if moved.gone else ''}."
    )
    if moved.damaged:
        named = ", ".join(moved.damaged[:3])
        more = f" and {len(moved.damaged) - 3:,} more" if len(moved.damaged) > 3 else ""
        raise CommandFailed(
            f"{len(moved.damaged):,} are damaged where they are, and were left: {named}{more}."
        )


async def _look(settings: Settings, source: str | None, to: str) -> Moved:
    move = _prepare(settings, source, to)
    return await asyncio.to_thread(move.look)


async def _move(settings: Settings, source: str | None, to: str, delete: bool) -> Moved:
    move = _prepare(settings, source, to)
    with progress() as bar:
        task = bar.add_task("Listing images", total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, description="Copying images", completed=done, total=total)

        return await asyncio.to_thread(move.run, show, delete=delete)


def _prepare(settings: Settings, source: str | None, to: str) -> MoveImages:
    begin = settings.image_place if source is None else _place(settings, source)
    end = _place(settings, to)
    if (begin.url, begin.url or begin.folder) == (end.url, end.url or end.folder):
        raise CommandFailed(f"The images are in {begin.url or begin.folder} already.")
    where = end.url or str(end.folder.resolve())
    return MoveImages(
        _open(settings, begin), _open(settings, end), notes_for(settings.data_dir, where)
    )


def _open(settings: Settings, place: ImagePlace) -> ImageStore:
    key = find_key(settings.data_dir, settings.secret_key)
    if place.url is not None and key is None:
        raise CommandFailed(
            f"There is no Peoria in {settings.data_dir} yet whose images {place.url} could hold."
        )
    return place.open(owner=owner_code(key) if key else None)


def _place(settings: Settings, said: str) -> ImagePlace:
    if said == _FOLDER:
        return ImagePlace(settings.images_dir)
    if "://" not in said:
        return ImagePlace(Path(said))
    try:
        url = check_object_store_url(said)
    except ValueError as error:
        raise CommandFailed(f"That address cannot be used: it {error}.") from error
    # No copies are kept of what only passes through.
    return ImagePlace(
        settings.image_place.folder, url, cache_bytes=0, max_bytes=settings.max_image_bytes
    )
