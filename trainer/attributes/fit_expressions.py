"""Fit the expression network on all faces and write what serving reads. Run as a program:

    python -m trainer.attributes.fit_expressions --faces FOLDER --out FILE.tflite

It runs on any backend of Keras; the file for serving is written with TensorFlow. Where the network
was fitted elsewhere by `trainer.attributes.expression_study`, `--fitted ARRAYS.npz` converts it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.attributes.expressions import EXPRESSIONS, FACE_SIZE
from trainer.attributes.face_network import build_network
from trainer.attributes.fit_network import Recipe, fit_network
from trainer.attributes.labelled_faces import read_faces
from trainer.attributes.serve_network import write_network


def read_fitted(path: Path, name: str) -> Any:
    """The network that the study fitted on all faces and called `name`."""
    recipe = Recipe()
    network = build_network(
        side=FACE_SIZE, classes=len(EXPRESSIONS), width=recipe.width, drop=recipe.drop
    )
    with np.load(path) as file:
        weights = sorted(each for each in file.files if each.startswith(f"weights/{name}/"))
        network.set_weights([file[each] for each in weights])
    return network


def main(arguments: Sequence[str]) -> int:
    """Fit or read, convert, check and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--faces", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fitted", type=Path, help="arrays.npz of the study")
    parser.add_argument("--name", default="one network", help="which of the study's networks")
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    faces = read_faces(options.faces)
    if options.fitted is None:
        network = fit_network(
            faces.grey,
            faces.expression,
            Recipe(steps=options.steps),
            classes=len(EXPRESSIONS),
            seed=options.seed,
        )
    else:
        network = read_fitted(options.fitted, options.name)
    write_network(network, options.out, faces.grey[::100])
    sys.stdout.write(f"wrote {options.out}: {options.out.stat().st_size / 1000:.0f} kB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
