"""The networks that ship for expressions, fitted and judged; what is told is their balanced mean.

    python -m trainer.attributes.expression_networks FACES OUT PART --start WEIGHTS

One is a MobileNetV2 that begins with what it learned from photographs, one the trunk of MediaPipe's
face mesh, which learned where 468 points of a face are, and one a residual network that begins with
nothing: it goes by the labels, and more by what the mesh and another of its kind say of the faces.
FACES is a folder with index.csv (or what `LabelledFaces.save` wrote), WEIGHTS those of MobileNetV2
(1.0, no top) in Keras's format. PART is one of

- a fold, 0 to 4: all learn from the other four and are asked about its faces;
- `join`: OUT/arrays.npz with the answers of all five folds, and their figures are printed, with the
  balance that was found on them;
- `all`: all learn from all faces, and OUT/all.npz has their weights, of which
  `trainer.attributes.fit_expressions` makes the file that ships.

Answers are written when a network is fitted, so that a run that is cut short is not lost. Any
backend of Keras; on two cores a part takes hours, on one GPU minutes.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.expressions import EXPRESSIONS
from trainer.attributes.balance import Balance, mean
from trainer.attributes.expression_study import FOLDS, figures, folds
from trainer.attributes.fit_network import Recipe, fit_network, tell
from trainer.attributes.labelled_faces import LabelledFaces, read_faces

log = logging.getLogger(__name__)

#: Whose mean is told.
SERVED = ("pretrained", "residual", "mesh")
#: What the residual network is taught by.
TEACHERS = ("mesh", "teacher")
#: The name of the mean among the answers.
TOGETHER = "together"


def recipes(start: Path | None) -> dict[str, Recipe]:
    """All, by name, teachers before what they teach."""
    return {
        "mesh": Recipe(
            kind="mesh", steps=2500, rate=1e-3, drop=0.3, blend=0.1, enlarged=128, decay=0.02,
            smoothing=0.05,
        ),
        "pretrained": Recipe(kind="pretrained", start=start, steps=1500, rate=1e-3, drop=0.3),
        "teacher": Recipe(width=48, steps=2700, blend=0.2),
        "residual": Recipe(width=48, steps=3000, blend=0.2, smoothing=0.05, taught=0.6),
    }  # fmt: skip


def _fitted(faces: LabelledFaces, start: Path, *, seed: int) -> Iterator[tuple[str, Any]]:
    """Each network with its name, as it is fitted."""
    # A pretrained network takes the first faces as examples: those of all sources.
    mixed = faces.take(np.random.default_rng(0).permutation(len(faces)))
    said: list[NDArray[np.float32]] = []
    for number, (name, recipe) in enumerate(recipes(start).items()):
        network = fit_network(
            mixed.grey, mixed.expression, recipe, classes=len(EXPRESSIONS), seed=seed + number,
            teacher=mean(said) if recipe.taught else None,
        )  # fmt: skip
        if name in TEACHERS:
            said.append(tell(network, mixed.grey).probabilities)
        yield name, network


def fit_part(faces: LabelledFaces, out: Path, part: str, start: Path) -> None:
    """Fit all on a part, and write what they say of the faces they did not see, or the weights."""
    everything = np.arange(len(faces))
    train, test = (everything, everything[:0]) if part == "all" else folds(faces)[int(part)]
    arrays: dict[str, NDArray[Any]] = {"rows": test}
    seed = 100 * (FOLDS if part == "all" else int(part))
    began = time.monotonic()
    for name, network in _fitted(faces.take(train), start, seed=seed):
        if part == "all":
            for place, value in enumerate(network.get_weights()):
                arrays[f"weights/{name}/{place:03d}"] = value.astype(np.float16)
        else:
            said = tell(network, faces.grey[test]).probabilities
            arrays[f"probabilities/{name}"] = said.astype(np.float16)
        np.savez_compressed(out / f"{part}.npz", **arrays)  # type: ignore[arg-type]
        log.info("%s: %s fitted, %.0f s", part, name, time.monotonic() - began)


def join(faces: LabelledFaces, out: Path) -> dict[str, Any]:
    """Put the folds' answers together and write them; their figures, by network.

    The mean of a fold's faces is balanced by what the other folds show.
    """
    answers = {
        name: np.zeros((len(faces), len(EXPRESSIONS)), np.float32) for name in (*SERVED, TOGETHER)
    }
    fold_of = np.zeros(len(faces), np.int64)
    for fold in range(FOLDS):
        with np.load(out / f"{fold}.npz") as file:
            rows = file["rows"]
            fold_of[rows] = fold
            for name in SERVED:
                answers[name][rows] = file[f"probabilities/{name}"].astype(np.float32)
    plain = mean([answers[name] for name in SERVED])
    for fold in range(FOLDS):
        here = fold_of == fold
        balance = Balance.fit(plain[~here], faces.expression[~here])
        answers[TOGETHER][here] = balance.apply(plain[here])
    kept = {f"probabilities/{name}": said.astype(np.float16) for name, said in answers.items()}
    np.savez_compressed(out / "arrays.npz", **kept)  # type: ignore[arg-type]
    return {
        "balance": asdict(Balance.fit(plain, faces.expression)),
        "not balanced": figures(plain, faces),
        **{name: figures(said, faces) for name, said in answers.items()},
    }


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
