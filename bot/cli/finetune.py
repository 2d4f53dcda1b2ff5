"""main.py finetune: fine-tune the backbone on what this community likes."""

from pathlib import Path
from typing import Annotated

import typer

from bot.app import backbone_switch
from bot.cli.console import progress, run, say
from bot.core import open_core
from bot.settings import load_settings
from bot.training.finetune import MIN_IMAGES
from bot.training.finetune import finetune as finetune_backbone
from bot.training.switch_backbone import Switched
from models.extras import require_train


def finetune(
    weights: Annotated[
        Path | None,
        typer.Option(
            help="Weights file of the backbone that serves, if it is neither the starter"
            " nor PEORIA_BACKBONE."
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs, at the most.")] = 6,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = 1,
    min_images: Annotated[
        int, typer.Option(min=20, help="Fewest images of older posts to learn from.")
    ] = MIN_IMAGES,
) -> None:
    """Train the backbone's last blocks on the older labelled posts; the gate decides.

    Needs PEORIA_FINETUNE=true and thousands of labels whose images are still kept. What is stored
    is embedded anew. The new backbone serves only if it does better than the old one on the newest
    posts, which it did not see; otherwise nothing changes. The bot may go on running.
    """
    require_train("Fine-tuning")
    switched = run(_finetune(weights, epochs, seed, min_images))
    say(f"{switched.version} serves now. {switched.reason}")


async def _finetune(weights: Path | None, epochs: int, seed: int, min_images: int) -> Switched:
    async with open_core(load_settings()) as core:
        with progress() as bar:
            task = bar.add_task("Starting", total=None)
            return await finetune_backbone(
                backbone_switch(core),
                core.settings,
                lambda stage, done, total: bar.update(
                    task, description=stage, completed=done, total=total
                ),
                weights=weights, epochs=epochs, seed=seed, min_images=min_images,
            )  # fmt: skip
