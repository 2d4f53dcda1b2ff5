"""main.py import: posts whose outcome is known."""

import asyncio
import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.console import CommandFailed, print_json, progress, run, say
from bot.core import open_core
from bot.operations.import_downloads import HostDownloads
from bot.operations.import_images import ImageImport
from bot.operations.import_posts import Import, ImportReport, find_or_add_imported_community
from bot.operations.import_preview import Preview, preview_import
from bot.runtime.system_clock import SystemClock
from bot.settings import load_settings
from models.percentiles import BucketRule
from storage.files.image_folder import ImageFolder
from storage.files.posts_export import LeftOut, PostsFile, read_posts

#: Posts without an image that are named one by one; more are counted.
NAMED = 10
#: Rows that are named for each reason why rows were left out.
EXAMPLES = 3
#: Exit status where some rows of the file are not stored.
SOME_LEFT_OUT = 3


def import_posts(
    file: Annotated[
        Path,
        typer.Argument(help="CSV, TSV, JSON, JSON Lines or Parquet; a TinyDB export; also packed."),
    ],
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
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show how the file is understood, and change nothing."),
    ] = False,
    report_to: Annotated[
        Path | None,
        typer.Option("--report", help="Write every row that was left out, and why, to a CSV file."),
    ] = None,
    links: Annotated[
        bool | None, typer.Option("--links/--no-links", hidden=True, help="Changes nothing.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Import posts with their scores as labels. Run again, it imports only what is missing.

    Exit status 0: every row of the file is stored. 3: some were left out, each with its reason.
    1: nothing could be done.
    """
    rule = _rule(buckets)
    name = community or file.resolve().parent.name
    if dry_run:
        preview = _preview(file, images)
        _write_report(report_to, preview.file.left_out, {})
        _show_preview(preview, file, name, as_json=as_json)
        if preview.file.left_out or preview.without:
            raise typer.Exit(SOME_LEFT_OUT)
        return
    # Before anything is done: an import may take hours.
    _write_report(report_to, [], {})
    report = run(_import(file, images, name, rule))
    _write_report(report_to, report.left_out, report.without_image)
    if as_json:
        print_json(
            {
                "imported": report.imported,
                "already_there": report.known,
                "labelled": report.labelled,
                "without_image": report.without_image,
                "in_records": report.in_records,
                "dropped": dict(report.dropped),
                "unknown_genres": dict(report.unknown_genres),
                "left_out": [_left_out_as_json(each) for each in report.left_out],
                "repeated": [each.ids for each in report.repeated],
            }
        )
    else:
        _show(report)
        if links is not None:
            say(
                "--links and --no-links change nothing any more: where an image was linked from is"
                " no evidence."
            )
    if not report.complete:
        raise typer.Exit(SOME_LEFT_OUT)


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
        posts = await asyncio.to_thread(read_posts, file, now=core.clock())
        if not posts.posts:
            return ImportReport(left_out=posts.left_out)
        folder = None if images is None else await asyncio.to_thread(ImageFolder, images)
        community = await find_or_add_imported_community(core.database, name, rule, core.clock())
        load = Import(
            core.database,
            core.serving,
            ImageImport(
                core.images,
                core.serving,
                HostDownloads(core.downloader),
                folder=folder,
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

            return await load.run(posts, advance)


def _preview(file: Path, images: Path | None) -> Preview:
    posts = read_posts(file, now=SystemClock()())
    return preview_import(posts, None if images is None else ImageFolder(images))


def _show(report: ImportReport) -> None:
    say(
        f"Imported {report.imported:,} posts ({report.known:,} were there already);"
        f" {report.labelled:,} labels written."
    )
    _show_left_out(report.left_out)
    missing = report.without_image
    if missing:
        say(
            f"{len(missing):,} {'post has' if len(missing) == 1 else 'posts have'} no usable image:"
        )
        for reason, count in Counter(missing.values()).most_common():
            say(f"  {count:,} × {reason}")
        say(f"  {_named(missing, 'all with --json or --report')}")
        if report.in_records:
            say(
                f"  {report.in_records:,} of them with a score: records of authors and of the"
                " community are made from them, too, and nothing else."
            )
    for genre, count in report.unknown_genres.most_common(NAMED):
        say(f"  {count:,} × {genre!r} is no genre of this community (`main.py genres own`).")
    shared = [each for each in report.repeated if not each.stands_in]
    if shared:
        images = "image is" if len(shared) == 1 else "images are"
        say(f"{len(shared):,} {images} under more than one post; each post counts:")
        for each in shared[:EXAMPLES]:
            say(f"  {_named(each.ids, 'all with --json')}")


def _show_left_out(left_out: list[LeftOut]) -> None:
    by_reason: defaultdict[str, list[LeftOut]] = defaultdict(list)
    for each in left_out:
        by_reason[each.reason].append(each)
    for reason, rows in sorted(by_reason.items(), key=lambda each: -len(each[1])):
        say(f"Left out {len(rows):,}: {reason}.")
        for row in rows[:EXAMPLES]:
            say(f"  {_place(row)}")


def _place(row: LeftOut) -> str:
    named = f"row {row.row}" + (f", {row.id}" if row.id else "")
    return f"{named}: {row.found}" if row.found else named


def _named(ids: Iterable[str], where: str) -> str:
    every = [*ids]
    more = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {more:,} more ({where})" if more > 0 else "")


def _show_preview(preview: Preview, file: Path, community: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_preview_as_json(preview))
        return
    say(f"{file.name}: {preview.file.kind}; {_rows(preview.file):,} rows, for {community}.")
    say("How its columns are understood:")
    for meaning, names in preview.columns.items():
        say(f"  {meaning:<7} {' or '.join(names) if names else '(none)'}")
    if preview.file.ignored:
        say(f"  not used: {', '.join(preview.file.ignored)}")
    for number, example in enumerate(preview.examples, 1):
        say(f"Example {number}:")
        for meaning, value in example.items():
            say(f"  {meaning:<7} {value}")
    say(f"{len(preview.file.posts):,} posts can be used.")
    if preview.in_folder:
        say(f"  {preview.in_folder:,} × image in the folder")
    for host, count in preview.hosts.most_common(NAMED):
        say(f"  {count:,} × image to download from {host}")
    if len(preview.hosts) > NAMED:
        say(f"  and {len(preview.hosts) - NAMED:,} more hosts")
    if preview.without:
        say(f"  {len(preview.without):,} × no image: {_named(preview.without, 'all with --json')}")
        say("  What has no image counts in the records of authors and of the community alone.")
    _show_left_out(preview.file.left_out)
    say("Nothing was changed.")


def _rows(file: PostsFile) -> int:
    return len(file.posts) + len(file.left_out)


def _preview_as_json(preview: Preview) -> dict[str, Any]:
    return {
        "kind": preview.file.kind,
        "rows": _rows(preview.file),
        "posts": len(preview.file.posts),
        "columns": preview.columns,
        "not_used": preview.file.ignored,
        "examples": preview.examples,
        "images_in_folder": preview.in_folder,
        "images_to_download": dict(preview.hosts),
        "without_image": preview.without,
        "left_out": [_left_out_as_json(each) for each in preview.file.left_out],
    }


def _left_out_as_json(each: LeftOut) -> dict[str, Any]:
    return {"row": each.row, "id": each.id, "reason": each.reason, "found": each.found}


def _write_report(
    path: Path | None, left_out: list[LeftOut], without_image: dict[str, str]
) -> None:
    """Write a line for every row that was left out. Cells never begin a formula of a sheet."""
    if path is None:
        return
    rows = [(str(each.row), each.id or "", each.reason, each.found) for each in left_out]
    rows += [("", post_id, reason, "") for post_id, reason in without_image.items()]
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("row", "id", "reason", "found"))
            writer.writerows([_plain(cell) for cell in row] for row in rows)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}.") from error


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
