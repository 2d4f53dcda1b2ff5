"""main.py backbone: show the backbone, or switch to another."""

import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from bot.app import backbone_switch
from bot.cli.console import CommandFailed, print_json, progress, run, say
from bot.core import open_core
from bot.runtime.subprocesses import ROOT, child_environment, python_module
from bot.settings import load_settings
from bot.training.switch_backbone import Switched
from models.extras import require_train

app = typer.Typer(help="The backbone: show it, or switch to another.", no_args_is_help=True)


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """The backbone that serves."""
    info = run(_show())
    if as_json:
        print_json(info)
    else:
        say(f"{info['name']}, {info['input_size']} px, fingerprint {info['fingerprint']}")


async def _show() -> dict[str, str | int]:
    async with open_core(load_settings()) as core:
        info = (await core.serving.champion()).backbone.info
        return {
            "name": info.name,
            "input_size": info.input_size,
            "fingerprint": info.fingerprint,
        }


@app.command()
def use(
    source: Annotated[
        str,
        typer.Argument(
            help="starter, imagenet, the path of a Keras weights file, or a folder with"
            " encoder.toml: any ONNX or LiteRT image encoder."
        ),
    ],
    anyway: Annotated[
        bool, typer.Option(help="Take an encoder even where the gate is against it.")
    ] = False,
) -> None:
    """Switch to another backbone: embed what is stored, refit the head, swap both at once.

    The bot may go on running; the old backbone and head serve until the end. Interrupted, the
    switch changes nothing, and goes on where it stopped when it is started again. An encoder from a
    folder is checked first and serves only if the gate finds it better, but for --anyway.
    """
    require_train("Switching to another backbone")
    only_if_better = Path(source).is_dir() and not anyway
    switched = run(_use(source, only_if_better=only_if_better))
    say(f"{switched.version} serves now. {switched.reason}")
    if switched.skipped:
        say(f"{switched.skipped:,} images have no file any more and were skipped.")
    if switched.milliseconds is not None:
        say(f"A picture takes it {switched.milliseconds:.1f} ms on one core.")


async def _use(source: str, *, only_if_better: bool) -> Switched:
    async with open_core(load_settings()) as core:
        with progress() as bar:
            task = bar.add_task("Starting", total=None)

            def advance(stage: str, done: int, total: int | None) -> None:
                bar.update(task, description=stage, completed=done, total=total)

            return await backbone_switch(core).switch_to(
                source, advance, only_if_better=only_if_better
            )


@app.command()
def export(
    kind: Annotated[str, typer.Argument(help="open-clip: a CLIP of the open_clip library.")],
    name: Annotated[str, typer.Argument(help="The model's name there, for example ViT-B-32.")],
    out: Annotated[Path, typer.Option(help="Folder to write, for backbone use.")],
    pretrained: Annotated[
        str, typer.Option(help="Which of its weights, or a file; a name is downloaded.")
    ],
) -> None:
    """Write a CLIP as a folder that backbone use takes: both sides in ONNX, with a description.

    Needs the group clip: `pip install --group clip` (some two gigabytes with torch).
    """
    if kind != "open-clip":
        raise CommandFailed(f"{kind} cannot be exported; open-clip can.")
    if find_spec("open_clip") is None or find_spec("torch") is None:
        raise CommandFailed(
            "Exporting a CLIP needs open_clip and torch: `pip install --group clip` in a checkout."
        )
    command = python_module("trainer.backbone.open_clip")
    asked = ("--name", name, "--pretrained", pretrained, "--out", str(out.absolute()))
    done = subprocess.run(  # noqa: S603 - this Python, and no shell
        [*command, *asked], cwd=ROOT, env=child_environment(), check=False
    )
    if done.returncode != 0:
        raise CommandFailed("The export failed; its message is above.")
    say(f"{out}: type `main.py backbone use {out}`.")
