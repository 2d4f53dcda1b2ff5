"""Fit the caption network within an hour of two cores, or (``--whole``) the one that ships.

    python -m trainer.captions.train --arrays FILE --out FOLDER [--judge] [--whole]

FILE is what `trainer.captions.prepare` writes. Written is caption_network.npz, fitted on all
captions but the newest twentieth, by which its epoch is chosen. With ``--judge`` the same recipe is
first fitted on the captions before the newest tenth, and on some templates, and judged on the rest:
tables.json and judged.npz hold what came of it.

A step is timed first, and no more epochs are taken than go into ``--minutes``, for each of these
fits. ``--whole`` takes the recipe that shipped, with all its epochs however long they take: it is
for a GPU. Any backend of Keras will do.
"""

import argparse
import logging
from dataclasses import replace
from pathlib import Path

from trainer.captions.choose_network import Study, load_arrays, save_weights
from trainer.captions.fit_network import Recipe, seconds_an_epoch
from trainer.captions.network import Shape

log = logging.getLogger(__name__)

#: Of the minutes that are given, what loading, timing and judging take.
_BESIDES = 5.0


def what_shipped(vocabulary: int) -> tuple[Shape, Recipe]:
    """The best of those compared by `trainer.captions.choose_network`."""
    return Shape(vocabulary, width=256, depth=6, dropout=0.3), Recipe(epochs=24)


def for_two_cores(vocabulary: int) -> tuple[Shape, Recipe]:
    """A step takes a quarter of the work."""
    return Shape(vocabulary, width=128, depth=4, dropout=0.1), Recipe(epochs=20)


def epochs_for(seconds: float, whole: int, minutes: float) -> int:
    """How many epochs of so many seconds go into the minutes: one at least, ``whole`` at most."""
    return max(1, min(whole, int((minutes - _BESIDES) * 60 / seconds)))


def main(arguments: list[str] | None = None) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.train")
    parser.add_argument("--arrays", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--whole", action="store_true", help="the recipe that shipped, for a GPU")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--minutes", type=float, default=55.0, help="not with --whole")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arrays, splits, vocabulary = load_arrays(options.arrays)
    shape, recipe = (what_shipped if options.whole else for_two_cores)(vocabulary)
    recipe = replace(recipe, epochs=options.epochs or recipe.epochs)
    options.out.mkdir(parents=True, exist_ok=True)
    study = Study(arrays, splits, options.out)
    if not options.whole:
        seconds = seconds_an_epoch(study.part("all", "learn"), shape, recipe)
        epochs = epochs_for(seconds, recipe.epochs, options.minutes)
        log.info(
            "epochs: %d, of about %.0f s each (the recipe has %d)", epochs, seconds, recipe.epochs
        )
        recipe = replace(recipe, epochs=epochs)
    network = study.fit("shipped", "all", shape, recipe)
    save_weights(network, options.out / "caption_network.npz")
    for split in ("late", "template") if options.judge else ():
        study.fit("shipped", split, shape, recipe)


if __name__ == "__main__":
    main()
