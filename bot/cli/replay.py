"""main.py replay: real votes in their real order, each post predicted before its label."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from bot.cli.console import CommandFailed, out, print_json, progress, run, say, show_steps
from bot.runtime.json_child import run_json_child
from bot.settings import load_settings
from bot.training.backbone_setup import prepare_backbone
from models.extras import require_train

_COLUMNS = {
    "rps_skill": "RPS skill",
    "log_loss_skill": "log-loss skill",
    "spearman": "Spearman",
    "pair_accuracy": "pairs",
}


def replay(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Captions of ImgFlip: posts.jsonl.gz and templates/.", exists=True, file_okay=False
        ),
    ],
    posts: Annotated[int, typer.Option(min=1, help="Posts that are replayed.")] = 20_000,
    every: Annotated[int, typer.Option(min=100, help="Labels between two fits.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 1,
    plot: Annotated[Path | None, typer.Option(help="File for the plot, a PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Does skill rise with labels? Real votes in their real order.

    Captions are drawn onto their templates and embedded; a head is fitted again and again on the
    labels so far and predicts what comes next. Nothing is stored, and your own data is not touched.
    """
    require_train("A replay")
    task = {
        "folder": str(folder),
        "posts": posts,
        "every": every,
        "seed": seed,
        "plot": str(plot) if plot else None,
    }
    result = run(_replay(task))
    if as_json:
        print_json(result)
    else:
        _show(result, plot)


async def _replay(task: dict[str, Any]) -> dict[str, Any]:
    """Replay in a child process: fitting needs TensorFlow."""
    settings = load_settings()
    backbone = await prepare_backbone(settings.backbone, settings.backbones_dir)
    with progress() as bar:
        _, last = await run_json_child(
            "trainer.studies.replay_process", task | {"backbone": str(backbone)}, show_steps(bar)
        )
    if "result" not in last:
        raise CommandFailed(last.get("refused", "The replay failed; its messages are above."))
    result: dict[str, Any] = last["result"]
    return result


def _show(result: dict[str, Any], plot: Path | None) -> None:
    table = Table("labels", *_COLUMNS.values(), title="Each post predicted before its label")
    for step in result["steps"]:
        figures = (f"{step['figures'][name]:.3f}" for name in _COLUMNS)
        table.add_row(f"{step['labels']:,}", *figures)
    out.print(table)
    for name, words in _COLUMNS.items():
        low, high = result["intervals"][name]
        value = result["figures"][name]
        say(f"All {result['n']:,} posts: {words} {value:.3f} ({low:.3f} to {high:.3f}).")
    if result["slope"] is not None:
        say(f"RPS skill gained for each e-fold of labels: {result['slope']:+.4f}.")
    if plot is not None:
        say(f"Drew {plot}.")
