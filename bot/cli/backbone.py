"""main.py backbone: show the backbone, or switch to another."""

from pathlib import Path
from typing import Annotated

import typer

from bot.app import backbone_switch
from bot.cli.console import print_json, progress, run, say
from bot.core import open_core
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
