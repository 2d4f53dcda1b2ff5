"""The expression network by cross-validation: balancing, sources, width. One process, one part.

    python -m trainer.attributes.expression_study FACES.npz OUT PART [--steps N] [--seconds S]

Every part writes what it has after each fold, so that a run that is cut short is not lost.
"""

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedGroupKFold

from models.attributes.expressions import EXPRESSIONS
from trainer.attributes.fit_network import Recipe, fit_network, tell
from trainer.attributes.labelled_faces import LabelledFaces

log = logging.getLogger(__name__)

FOLDS = 5
#: The four of the study whose captions were judged.
FOUR = ("angry", "fear", "happy", "sad")
#: Share of a fold's training faces that weights of an ensemble are found on.
HELD_BACK = 0.15


def folds(faces: LabelledFaces, *, seed: int = 0) -> list[tuple[NDArray[np.int64], ...]]:
    """Five splits by group, each with its share of every expression of every source."""
    stratum = np.array([f"{a}/{b}" for a, b in zip(faces.source, faces.expression, strict=True)])
    splits = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    return list(splits.split(faces.grey, stratum, faces.group))


def figures(
    probabilities: NDArray[np.float32], faces: LabelledFaces
) -> dict[str, float | dict[str, float]]:
    """Accuracy and macro-F1 over seven, accuracy over the study's four, and by source."""
    found, truth = probabilities.argmax(1), faces.expression
    four = [EXPRESSIONS.index(each) for each in FOUR]
    rows = np.isin(truth, four)
    among = np.array(four)[probabilities[rows][:, four].argmax(1)]
    return {
        "accuracy": float((found == truth).mean()),
        "macro_f1": float(f1_score(truth, found, average="macro")),
        "four_accuracy": float((among == truth[rows]).mean()),
        "by_source": {
            str(source): float((found == truth)[faces.source == source].mean())
            for source in np.unique(faces.source)
        },
        "by_expression": {
            name: float((found == truth)[truth == place].mean())
            for place, name in enumerate(EXPRESSIONS)
        },
    }


def _fit(faces: LabelledFaces, recipe: Recipe, *, seed: int) -> Any:
    return fit_network(faces.grey, faces.expression, recipe, classes=len(EXPRESSIONS), seed=seed)


@dataclass(slots=True)
class Study:
    """One part's run: what it has found so far, and until when it may run."""

    faces: LabelledFaces
    out: Path
    part: str
    recipe: Recipe
    ends: float
    arrays: dict[str, NDArray[Any]]
    table: dict[str, Any]

    def note(self, name: str, probabilities: NDArray[np.float32], done: int, began: float) -> None:
        """Keep the answers on the folds that are done, and their figures."""
        rows = np.flatnonzero(probabilities.sum(1) > 0)
        self.arrays[f"probabilities/{name}"] = probabilities.astype(np.float16)
        self.table[name] = {
            "folds": done,
            "seconds": round(time.monotonic() - began, 1),
            **figures(probabilities[rows], self.faces.take(rows)),
        }
        self.write()
        short = {k: round(v, 4) for k, v in self.table[name].items() if isinstance(v, float)}
        log.info("%s: %s: %s folds, %s", self.part, name, done, short)

    def write(self) -> None:
        """Put the part's files in their place."""
        np.savez_compressed(self.out / f"{self.part}.npz", **self.arrays)  # type: ignore[arg-type]
        (self.out / f"{self.part}.json").write_text(json.dumps(self.table, indent=1), "utf-8")

    def time_left(self) -> bool:
        """Whether another fold may begin."""
        return time.monotonic() < self.ends


def one_network(study: Study, name: str, recipe: Recipe, *, keep_features: bool = False) -> None:
    """One network on the faces of all sources."""
    faces, began = study.faces, time.monotonic()
    answers = np.zeros((len(faces), len(EXPRESSIONS)), np.float32)
    for fold, (train, test) in enumerate(folds(faces)):
        if not study.time_left():
            return
        network = _fit(faces.take(train), recipe, seed=fold)
        told = tell(network, faces.grey[test])
        answers[test] = told.probabilities
        if keep_features:
            everything = tell(network, faces.grey).features
            study.arrays[f"features/{fold}"] = everything.astype(np.float16)
        study.note(name, answers, fold + 1, began)


def by_source(study: Study) -> None:
    """A network per source, and what they say together.

    "weighted" is the study's ensemble: each network's word for an expression counts by how well
    it knew that expression (its F1) on faces held back from training.
    """
    faces, recipe, began = study.faces, study.recipe, time.monotonic()
    sources = [str(each) for each in np.unique(faces.source)]
    shape = (len(faces), len(EXPRESSIONS))
    singles = {source: np.zeros(shape, np.float32) for source in sources}
    mean, weighted = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for fold, (train, test) in enumerate(folds(faces)):
        if not study.time_left():
            return
        groups = np.unique(faces.group[train])
        held = np.random.default_rng(fold).permutation(groups)[: int(HELD_BACK * len(groups))]
        back = train[np.isin(faces.group[train], held)]
        rest = train[~np.isin(faces.group[train], held)]
        total = np.zeros((len(test), len(EXPRESSIONS)), np.float32)
        for source in sources:
            own = rest[faces.source[rest] == source]
            # Each network sees its own faces as often as one network on all would.
            steps = max(round(recipe.steps * len(own) / len(rest)), recipe.steps // 4)
            network = _fit(faces.take(own), replace(recipe, steps=steps), seed=fold)
            said = tell(network, faces.grey[test]).probabilities
            judged = tell(network, faces.grey[back]).probabilities.argmax(1)
            knows = f1_score(
                faces.expression[back],
                judged,
                labels=list(range(len(EXPRESSIONS))),
                average=None,
                zero_division=0.0,
            )
            singles[source][test] = said
            mean[test] += said / len(sources)
            total += said * knows.astype(np.float32)
        weighted[test] = total / np.maximum(total.sum(1, keepdims=True), 1e-6)
        for source in sources:
            study.note(f"only {source}", singles[source], fold + 1, began)
        study.note("mean of sources", mean, fold + 1, began)
        study.note("weighted ensemble by expression", weighted, fold + 1, began)


def on_everything(study: Study, name: str, recipe: Recipe, *, seed: int = 0) -> None:
    """The network that ships: fitted on all faces."""
    began = time.monotonic()
    network = _fit(study.faces, recipe, seed=seed)
    for place, value in enumerate(network.get_weights()):
        study.arrays[f"weights/{name}/{place:03d}"] = value
    study.table[f"fitted {name}"] = {"seconds": round(time.monotonic() - began, 1)}
    study.write()
    log.info("%s: fitted %s on all", study.part, name)


def _plain(study: Study) -> None:
    one_network(study, "one network", study.recipe, keep_features=True)
    on_everything(study, "one network", study.recipe)


def _balance(study: Study) -> None:
    one_network(study, "class weights", replace(study.recipe, balance="class weights"))
    one_network(study, "over-sampling", replace(study.recipe, balance="over-sampling"))


def _wide(study: Study) -> None:
    one_network(
        study, "half as wide again", replace(study.recipe, width=3 * study.recipe.width // 2)
    )


PARTS: dict[str, Callable[[Study], None]] = {
    "plain": _plain,
    "sources": by_source,
    "balance": _balance,
    "wide": _wide,
}


def main(arguments: Sequence[str]) -> int:
    """Run one part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("faces", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--steps", type=int, default=Recipe().steps)
    parser.add_argument("--seconds", type=float, default=3600)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    faces = LabelledFaces.load(options.faces)
    ends = time.monotonic() + options.seconds
    recipe = Recipe(steps=options.steps)
    study = Study(faces, options.out, options.part, recipe, ends, {}, {})
    PARTS[options.part](study)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
