"""main.py export: what was learned from, for people who study it."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import progress, run, say
from bot.core import open_core
from bot.operations.export_posts import Exported, export_posts
from bot.settings import load_settings
from storage.files.labelled_posts import FileFormat

app = typer.Typer(help="Write data for other programs.", no_args_is_help=True)


@app.callback()
def about() -> None:
    """Write data for other programs."""


@app.command()
def posts(
    out: Annotated[Path, typer.Option(help="The file to write; it must not be there yet.")],
    file_format: Annotated[
        FileFormat, typer.Option("--format", help="How the posts are written.")
    ] = FileFormat.PARQUET,
    community: Annotated[
        str | None, typer.Option(help="One community, for example r/memes. [default: all]")
    ] = None,
) -> None:
    """Write every labelled post to a file, with a data card (FILE.md) beside it.

    People are in it as keyed hashes only; those who opted out are left out. No images.
    """
    written = run(_export(out, file_format, community))
    left_out = f" {written.left_out:,} of people who opted out are left out."
    say(f"{out}: {written.posts:,} posts.{left_out if written.left_out else ''} About it: {out}.md")


async def _export(out: Path, file_format: FileFormat, community: str | None) -> Exported:
    async with open_core(load_settings()) as core:
        bar = progress()
        task = bar.add_task("Writing posts", total=None)

        def show(done: int, total: int) -> None:
            # From here on nothing is refused: a sentence stands alone.
            if not bar.live.is_started:
                bar.start()
            bar.update(task, completed=done, total=total)

        try:
            return await export_posts(
                core.database,
                out,
                file_format,
                community=community,
                now=core.clock(),
                progress=show,
            )
        finally:
            if bar.live.is_started:
                bar.stop()
