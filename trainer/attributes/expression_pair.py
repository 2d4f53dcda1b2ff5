"""The two networks that ship for expressions, fitted and judged; what is told is their mean.

    python -m trainer.attributes.expression_pair FACES OUT PART --start WEIGHTS

One is a MobileNetV2 that begins with what it learned from photographs, one a residual network that
begins with nothing. FACES is a folder with index.csv (or what `LabelledFaces.save` wrote), WEIGHTS
those of MobileNetV2 (1.0, no top) in Keras's format. PART is one of

- a fold, 0 to 4: both learn from the other four and are asked about its faces;
- `join`: OUT/arrays.npz with the answers of all five folds, and their figures are printed;
- `all`: both learn from all faces, and OUT/all.npz has their weights, of which
  `trainer.attributes.fit_expressions` makes the file that ships.

Answers are written when a network is fitted, so that a run that is cut short is not lost. Any
backend of Keras; on two cores a part takes hours, on one GPU minutes.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import EXPRESSIONS
from trainer.attributes.expression_study import FOLDS, figures, folds
from trainer.attributes.fit_network import Recipe, fit_network, tell
from trainer.attributes.labelled_faces import LabelledFaces, read_faces

log = logging.getLogger(__name__)

#: The name of their mean among the answers.
PAIR = "pair"
#: Least probability that is told apart, when the mean is taken.
_LEAST = 1e-4


def recipes(start: Path | None) -> dict[str, Recipe]:
    """Both, by name."""
    return {
        "residual": Recipe(width=48, steps=2700, blend=0.2),
        "pretrained": Recipe(start=start, steps=1500, rate=1e-3, drop=0.3),
    }


def mean(each: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The geometric mean of what networks say, float32[n, classes]; each row adds up to 1."""
    powers = np.exp(sum(np.log(np.maximum(said, _LEAST)) for said in each) / len(each))
    found: NDArray[np.float32] = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return found


def _fit(faces: LabelledFaces, recipe: Recipe, *, seed: int) -> Any:
    # A pretrained network takes the first faces as examples: those of all sources.
    mixed = faces.take(np.random.default_rng(0).permutation(len(faces)))
    return fit_network(mixed.grey, mixed.expression, recipe, classes=len(EXPRESSIONS), seed=seed)


def fit_part(faces: LabelledFaces, out: Path, part: str, start: Path) -> None:
    """Fit both on a part, and write what they say of the faces they did not see, or the weights."""
    everything = np.arange(len(faces))
    train, test = (everything, everything[:0]) if part == "all" else folds(faces)[int(part)]
    arrays: dict[str, NDArray[Any]] = {"rows": test}
    for name, recipe in recipes(start).items():
        began = time.monotonic()
        seed = 100 * (0 if part == "all" else int(part)) + len(arrays)
        network = _fit(faces.take(train), recipe, seed=seed)
        if part == "all":
            for place, value in enumerate(network.get_weights()):
                arrays[f"weights/{name}/{place:03d}"] = value.astype(np.float16)
        else:
            said = tell(network, faces.grey[test]).probabilities
            arrays[f"probabilities/{name}"] = said.astype(np.float16)
        np.savez_compressed(out / f"{part}.npz", **arrays)  # type: ignore[arg-type]
        log.info("%s: %s fitted in %.0f s", part, name, time.monotonic() - began)


def join(faces: LabelledFaces, out: Path) -> dict[str, Any]:
    """Put the folds' answers together and write them; their figures, by network."""
    names = list(recipes(None))
    answers = {
        name: np.zeros((len(faces), len(EXPRESSIONS)), np.float32) for name in (*names, PAIR)
    }
    for fold in range(FOLDS):
        with np.load(out / f"{fold}.npz") as file:
            told = [file[f"probabilities/{name}"].astype(np.float32) for name in names]
            for name, said in zip((*names, PAIR), (*told, mean(told)), strict=True):
                answers[name][file["rows"]] = said
    kept = {f"probabilities/{name}": said.astype(np.float16) for name, said in answers.items()}
    np.savez_compressed(out / "arrays.npz", **kept)  # type: ignore[arg-type]
    return {name: figures(said, faces) for name, said in answers.items()}


def main(arguments: Sequence[str]) -> int:
    """Run one part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("part", choices=[*map(str, range(FOLDS)), "all", "join"])
    parser.add_argument("--start", type=Path)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    options.out.mkdir(parents=True, exist_ok=True)
    read = read_faces if options.faces.is_dir() else LabelledFaces.load
    faces = read(options.faces)
    if options.part == "join":
        sys.stdout.write(json.dumps(join(faces, options.out), indent=1) + "\n")
    elif options.start is None:
        parser.error("--start is needed: weights of MobileNetV2, 1.0, without its top.")
    else:
        fit_part(faces, options.out, options.part, options.start)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
