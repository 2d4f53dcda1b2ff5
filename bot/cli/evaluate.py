"""main.py evaluate: how good a model version is on posts that are not stored."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.cli.console import out, print_json, progress, run, say
from bot.core import open_core
from bot.settings import load_settings
from bot.training.versions import find_champion, find_version
from models.backbone_files import load_backbone
from models.extras import require_train
from models.registry import read_version
from trainer.evaluation.figure_names import FIGURE_NAMES


def evaluate(
    file: Annotated[Path, typer.Argument(help="A TinyDB export or a JSON list of posts.")],
    images: Annotated[Path, typer.Option(help="Folder of the images, by post id.")],
    model: Annotated[
        str | None, typer.Option(help="Model version; the champion if left out.")
    ] = None,
    buckets: Annotated[
        str, typer.Option(help="terciles, or fixed:LOW,HIGH as in fixed:2000,20000.")
    ] = "terciles",
    report: Annotated[Path | None, typer.Option(help="Folder for report.md and plots.")] = None,
    text: Annotated[bool, typer.Option(help="Read text in the images (extra ocr).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Predict the posts of FILE and compare with their scores."""
    if report is not None:
        require_train("A report with plots")
    found = run(_evaluate(file, images, model, buckets, report, text))
    if as_json:
        told = {key: found[key] for key in ("version", "dropped", "notes")}
        print_json(found["figures"] | told)
        return
    figures = found["figures"]
    unknown = figures["authors_unknown"]
    table = Table(
        "figure", "authors known", "95% interval", "not known", "95% interval",
        title=f"{found['version']}: {figures['n']:,} posts",
    )  # fmt: skip
    for key in figures["intervals"]:
        table.add_row(FIGURE_NAMES[key], *_cells(figures, key), *_cells(unknown, key))
    out.print(table)
    for reason, count in found["dropped"].items():
        say(f"Left out: {count} ({reason}).")
    for note in found["notes"]:
        say(note)
    if report is not None:
        say(f"The report is in {report}.")


def _cells(figures: Mapping[str, Any], key: str) -> tuple[str, str]:
    """A figure and its interval."""
    value, ends = figures[key], figures["intervals"][key]
    return (
        "nothing to tell" if value is None else f"{value:.3f}",
        "—" if ends is None else f"{ends[0]:.3f} … {ends[1]:.3f}",
    )


async def _evaluate(
    file: Path, images: Path, model: str | None, buckets: str, report: Path | None, text: bool
) -> dict[str, Any]:
    from trainer.data.reference import parse_buckets
    from trainer.studies.evaluate_file import evaluate_file

    rule = parse_buckets(buckets)
    settings = load_settings()
    async with open_core(settings) as core:
        async with core.database.read() as session:
            row = await (find_version(session, model) if model else find_champion(session))
        folder = settings.versions_dir / row.name
        read_version(folder)
        backbone = load_backbone(settings.backbones_dir, row.backbone)
        with progress() as bar:
            task = bar.add_task("Embedding images", total=None)
            found, dropped = evaluate_file(
                file, images,
                version=folder, backbone=backbone, rule=rule, now=core.clock(),
                report_to=report, read_text=_reader() if text else None,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )  # fmt: skip
    return {
        "version": row.name,
        "figures": found.to_json(),
        "dropped": dict(dropped),
        "notes": found.notes,
    }


def _reader() -> Any:
    from models.ocr import TextReader

    return TextReader().read
