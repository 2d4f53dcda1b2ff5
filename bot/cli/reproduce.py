"""main.py reproduce: the studies that Peoria comes from, beside it, on the same posts."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.console import err, print_json, progress, run, say
from bot.runtime.subprocesses import ROOT, child_environment
from bot.settings import load_settings
from bot.training.backbone_setup import prepare_backbone
from models.extras import require_train

app = typer.Typer(help="Run a seed study and ours side by side.", no_args_is_help=True)

#: A child's last line holds the whole report.
_MAX_LINE = 64 * 2**20

File = Annotated[Path, typer.Argument(help="A TinyDB export or a JSON list of posts.")]
Images = Annotated[Path, typer.Option(help="Folder of the images, by post id.")]
Seeds = Annotated[int, typer.Option(min=1, help="Seeds; the table shows mean ± sd.")]
Text = Annotated[bool, typer.Option(help="Read text in the images (extra ocr).")]
Report = Annotated[Path | None, typer.Option(help="Folder for report.md and plots.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def lu(
    file: File,
    images: Images,
    weights: Annotated[
        Path | None,
        typer.Option(help="Keras weights of the backbone; PEORIA_BACKBONE if it is a path."),
    ] = None,
    seeds: Seeds = 5,
    text: Text = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Three classes of r/memes posts from pixels (the first study), and ours."""
    require_train("Reproducing a study")
    settings = load_settings()
    path = weights or Path(settings.backbone)
    if not path.is_file():
        err.print(
            "The study trains on pixels and needs the backbone's Keras weights: give --weights"
            " FILE, or set PEORIA_BACKBONE to one.",
            style="red",
        )
        raise typer.Exit(1)
    asked = {"study": "lu", "weights": str(path.resolve())}
    _show(run(_reproduce(asked, file, images, seeds, text, report)), as_json)


@app.command()
def dufour(
    file: File,
    images: Images,
    threshold: Annotated[
        float | None, typer.Option(help="A score above it is a yes; the median if left out.")
    ] = None,
    seeds: Seeds = 5,
    text: Text = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Regression, yes or no, and ten bins of the score (the second study), and ours."""
    require_train("Reproducing a study")
    asked = {"study": "dufour", "threshold": threshold}
    _show(run(_reproduce(asked, file, images, seeds, text, report)), as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found["data"])
    else:
        say(found["markdown"])


async def _reproduce(
    asked: dict[str, Any], file: Path, images: Path, seeds: int, text: bool, report: Path | None
) -> dict[str, Any]:
    """Run the reproduction in a process of its own; it needs TensorFlow."""
    settings = load_settings()
    backbone = await prepare_backbone(settings.backbone, settings.backbones_dir)
    task = asked | {
        "file": str(file),
        "images": str(images),
        "backbone": str(backbone),
        "seeds": seeds,
        "text": text,
        "report": str(report) if report else None,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "trainer.studies.reproduce_process",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env=child_environment() | {"PYTHONPATH": str(ROOT)}, limit=_MAX_LINE,
    )  # fmt: skip
    assert child.stdin is not None  # noqa: S101 - both were asked for
    assert child.stdout is not None  # noqa: S101
    child.stdin.write((json.dumps(task) + "\n").encode())
    child.stdin.close()
    result: dict[str, Any] | None = None
    with progress() as bar:
        shown = bar.add_task("Starting", total=None)
        async for line in child.stdout:
            step = json.loads(line)
            if "result" in step:
                result = step["result"]
            else:
                bar.update(
                    shown,
                    description=str(step["stage"]).capitalize(),
                    completed=step.get("done", 0),
                    total=step.get("total"),
                )
    if await child.wait() or result is None:
        err.print("The reproduction failed; what it said is above.", style="red")
        raise typer.Exit(1)
    return result
