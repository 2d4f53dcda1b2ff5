"""main.py import: posts whose outcome is known."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import print_json, progress, run, say
from bot.core import open_core
from bot.operations.import_images import ImageImport
from bot.operations.import_posts import Import, ImportReport, find_or_add_imported_community
from bot.settings import load_settings
from models.percentiles import BucketRule
from storage.files.posts_export import read_posts

#: Posts without an image that are named one by one; more are counted.
NAMED = 10


def import_posts(
    file: Annotated[Path, typer.Argument(help="TinyDB export, or a JSON list of posts.")],
    images: Annotated[
        Path | None,
        typer.Option(
            help="Folder of images named by post id; what is not there is downloaded.",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    community: Annotated[
        str | None, typer.Option(help="Community they belong to. [default: the folder's name]")
    ] = None,
    buckets: Annotated[
        str | None, typer.Option(help="terciles, or fixed:LOW,MEDIUM, for example fixed:2000,20000")
    ] = None,
    links: Annotated[
        bool | None, typer.Option("--links/--no-links", hidden=True, help="Changes nothing.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Import posts with their scores as labels. Run again, it imports only what is missing."""
    rule = _rule(buckets)
    report = run(_import(file, images, community or file.resolve().parent.name, rule))
    if as_json:
        print_json(
            {
                "imported": report.imported,
                "already_there": report.known,
                "labelled": report.labelled,
                "without_image": report.without_image,
                "dropped": dict(report.dropped),
            }
        )
        return
    _show(report)
    if links is not None:
        say(
            "--links and --no-links change nothing any more: where an image was linked from is no"
            " evidence."
        )


def _rule(text: str | None) -> BucketRule | None:
    if text is None:
        return None
    if text == "terciles":
        return BucketRule()
    try:
        low, medium = (int(part) for part in text.removeprefix("fixed:").split(","))
    except ValueError:
        low, medium = 0, 0
    if not text.startswith("fixed:") or low >= medium:
        raise typer.BadParameter(
            "say terciles or fixed:LOW,MEDIUM with LOW below MEDIUM", param_hint="--buckets"
        )
    return BucketRule(low, medium)


async def _import(
    file: Path, images: Path | None, name: str, rule: BucketRule | None
) -> ImportReport:
    async with open_core(load_settings()) as core:
        # Before anything is changed: a mistyped name must not change the buckets.
        posts, dropped = await asyncio.to_thread(read_posts, file, now=core.clock())
        if not posts:
            return ImportReport(dropped=dropped)
        community = await find_or_add_imported_community(core.database, name, rule, core.clock())
        load = Import(
            core.database,
            core.serving,
            ImageImport(
                core.images,
                core.serving,
                core.downloader,
                folder=images,
                at_once=core.settings.downloads_at_once,
            ),
            community,
            people_key=core.people_key,
            clock=core.clock,
        )
        with progress() as bar:
            task = bar.add_task(f"Importing into {name}", total=None)

            def advance(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total)

            return await load.run(posts, dropped, advance)


def _show(report: ImportReport) -> None:
    say(
        f"Imported {report.imported:,} posts ({report.known:,} were there already);"
        f" {report.labelled:,} labels written."
    )
    for reason, count in report.dropped.most_common():
        say(f"Left out {count:,}: {reason}.")
    missing = report.without_image
    if not missing:
        return
    say(f"{len(missing):,} posts have no usable image:")
    for reason, count in Counter(missing.values()).most_common():
        say(f"  {count:,} × {reason}")
    named = [*missing][:NAMED]
    more = len(missing) - len(named)
    say(f"  {', '.join(named)}{f' and {more:,} more (all with --json)' if more else ''}")
