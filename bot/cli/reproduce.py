"""main.py reproduce: the studies that Peoria comes from, beside it, on the same posts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.console import CommandFailed, print_json, progress, run, say, show_steps
from bot.runtime.json_child import run_json_child
from bot.settings import load_settings
from bot.training.backbone_setup import prepare_backbone
from models.extras import require_train

app = typer.Typer(help="Run a seed study and ours side by side.", no_args_is_help=True)

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
        raise CommandFailed(
            "The study trains on pixels and needs the backbone's Keras weights: give --weights"
            " FILE, or set PEORIA_BACKBONE to one."
        )
    asked = {"study": "lu", "weights": str(path.resolve())}
    _show(run(_reproduce(asked, file, images, seeds, text, report)), as_json)


@app.command()
def dufour(
    file: File,
    images: Images,
    threshold: Annotated[
        float | None, typer.Option(help="A score above it is a yes; the median if left out.")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(
            help="What plays the score: score, views, comments, ratio of upvotes or favourites;"
            " the first of these that the file has if left out."
        ),
    ] = None,
    seeds: Seeds = 5,
    text: Text = False,
    report: Report = None,
    as_json: AsJson = False,
) -> None:
    """Regression, yes or no, and ten bins of the score (the second study), and ours."""
    require_train("Reproducing a study")
    asked = {"study": "dufour", "threshold": threshold, "measure": measure}
    _show(run(_reproduce(asked, file, images, seeds, text, report)), as_json)


@app.command()
def deepmeme(
    captions: Annotated[
        Path, typer.Argument(help="Folder with posts.jsonl.gz, as for main.py replay.")
    ],
    prepared: Annotated[
        Path, typer.Option(help="What trainer.captions.prepare wrote: it has the judge.")
    ],
    faces: Annotated[Path, typer.Option(help="Folder of faces, with index.csv.")],
    answers: Annotated[
        Path,
        typer.Option(help="arrays.npz of trainer.attributes.expression_networks: faces not seen."),
    ],
    cases: Annotated[int, typer.Option(min=4, help="Faces, as many of each emotion.")] = 720,
    seed: Annotated[int, typer.Option(help="Which faces, and what is written.")] = 1,
    write: Annotated[
        bool, typer.Option(help="Have captions written, too; those of posts take seconds.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """A face, the expression found, a caption to match: the third study's table of emotions."""
    require_train("Reproducing a study")
    from trainer.captions.deepmeme import as_markdown, reproduce

    with progress() as bar:
        task = bar.add_task("Writing captions", total=cases)

        def advance(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        found = reproduce(
            captions, prepared, faces, answers, cases=cases, seed=seed, write=write,
            on_progress=advance,
        )  # fmt: skip
    _show({"data": found, "markdown": as_markdown(found)}, as_json)


@app.command()
def genres(
    folder: Annotated[
        Path, typer.Argument(help="Folder with index.csv: path, label, group of each image.")
    ],
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of the folds; their mean counts.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Genres of memes: a plain linear probe and ours, pictures or near-duplicates split."""
    require_train("Reproducing a study")
    from trainer.studies.genres import reproduce

    settings = load_settings()
    backbone = run(prepare_backbone(settings.backbone, settings.backbones_dir))
    if not (folder / "index.csv").is_file():
        raise CommandFailed(f"{folder} has no index.csv with the columns path, label and group.")
    with progress() as bar:
        show = show_steps(bar)
        found = reproduce(
            folder, backbone, seeds=seeds,
            progress=lambda stage, done, total: show(
                {"stage": stage, "done": done, "total": total}
            ),
        )  # fmt: skip
    _show(found, as_json)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found["data"])
    else:
        say(found["markdown"])


async def _reproduce(
    asked: dict[str, Any], file: Path, images: Path, seeds: int, text: bool, report: Path | None
) -> dict[str, Any]:
    """Run the reproduction in a child process: it needs TensorFlow."""
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
    with progress() as bar:
        status, last = await run_json_child(
            "trainer.studies.reproduce_process", task, show_steps(bar)
        )
    if "refused" in last:
        raise CommandFailed(last["refused"])
    if status or "result" not in last:
        raise CommandFailed("The reproduction failed; its messages are above.")
    result: dict[str, Any] = last["result"]
    return result
