"""Fit the caption network that ships, with any backend of Keras.

    python -m trainer.captions.train --arrays FILE --out FOLDER [--judge]

FILE is what `trainer.captions.prepare` writes. Written is caption_network.npz, fitted on all
captions but the newest twentieth, by which its epoch is chosen. With ``--judge`` the same recipe is
first fitted on the captions before the newest tenth, and on some templates, and judged on the rest:
tables.json and judged.npz hold what came of it.
"""

import argparse
import logging
from dataclasses import replace
from pathlib import Path

from trainer.captions.choose_network import Study, load_arrays, save_weights
from trainer.captions.fit_network import Recipe
from trainer.captions.network import Shape

#: The best of those compared by `trainer.captions.choose_network`.
WIDTH, DEPTH, DROPOUT = 256, 6, 0.3
RECIPE = Recipe(epochs=24)


def main(arguments: list[str] | None = None) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.train")
    parser.add_argument("--arrays", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--epochs", type=int, default=RECIPE.epochs)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    arrays, splits, vocabulary = load_arrays(options.arrays)
    shape = Shape(vocabulary, width=WIDTH, depth=DEPTH, dropout=DROPOUT)
    recipe = replace(RECIPE, epochs=options.epochs)
    options.out.mkdir(parents=True, exist_ok=True)
    study = Study(arrays, splits, options.out)
    network = study.fit("shipped", "all", shape, recipe)
    save_weights(network, options.out / "caption_network.npz")
    for split in ("late", "template") if options.judge else ():
        study.fit("shipped", split, shape, recipe)


if __name__ == "__main__":
    main()
