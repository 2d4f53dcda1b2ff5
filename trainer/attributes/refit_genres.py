"""Learn from what people say of genres: ``python -m trainer.attributes.refit_genres``.

Takes one JSON object (``head``, ``data``, ``out``), writes the challenger's file and prints the
verdict. The challenger is the head that serves, moved as little as the corrections allow: a ridge
penalty holds its weights to those that serve, so that a few corrections change little and a genre
that nobody speaks of stays as it was (shrinkage to a prior; no picture of the first training is
needed). It is judged on corrections that it did not learn from, and must leave alone what was sure
and nobody corrected.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.attributes.genre import GENRES, GenreHead

#: Corrections that are needed before anything is learned from them.
LEAST: Final = 20
#: A challenger serves if it is better with such a probability ...
BETTER: Final = 0.9
#: ... and keeps the genre of so many of the pictures whose genre was sure.
KEPT: Final = 0.95
#: A genre is sure from this probability on.
_SURE: Final = 0.8
_FOLDS: Final = 5
_RESAMPLES: Final = 2000
#: Strength of the penalty; one correction alone moves the odds of its own picture by half of this
#: number's inverse or so.
_PENALTY: Final = 0.3

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Corrections:
    """What people said, and pictures of which nobody said anything.

    Attributes:
        embeddings: float32[n, 1280], of corrected pictures.
        genre: int64[n], places in GENRES.
        group: int64[n]; pictures that are alike share one.
        others: float32[m, 1280], of pictures that nobody corrected.
    """

    embeddings: NDArray[np.float32]
    genre: NDArray[np.int64]
    group: NDArray[np.int64]
    others: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a challenger did.

    Attributes:
        corrections: that it was judged by, each by a head that did not learn from its picture.
        log_loss: of the head that serves, nats a picture.
        log_loss_challenger: of the challenger.
        accuracy: share of corrections that the serving head has right.
        accuracy_challenger: that the challenger has right.
        better: probability that the challenger's log loss is lower, paired bootstrap over groups.
        kept: share of sure pictures that nobody corrected whose genre stays the same.
        promoted: whether it serves from now on.
        reason: in a sentence.
    """

    corrections: int
    log_loss: float
    log_loss_challenger: float
    accuracy: float
    accuracy_challenger: float
    better: float
    kept: float
    promoted: bool
    reason: str


def refit(head: GenreHead, data: Corrections) -> GenreHead:
    """The head, moved by corrections; what it says of anything else changes little."""
    from scipy.optimize import minimize

    middle = np.concatenate([data.embeddings, data.others]).mean(axis=0).astype(np.float64)
    centred = data.embeddings - middle
    size = float(np.sqrt((centred**2).sum(axis=1).mean())) or 1.0
    x = np.column_stack([centred / size, np.full(len(centred), 0.5)])
    before = (data.embeddings @ head.weights + head.bias).astype(np.float64)
    said = np.eye(len(GENRES))[data.genre]

    def loss(flat: _Floats) -> tuple[float, _Floats]:
        moved = flat.reshape(x.shape[1], len(GENRES))
        chances, log_chances = _softmax(before + x @ moved)
        value = -(said * log_chances).sum() + _PENALTY / 2 * (flat @ flat)
        slope = x.T @ (chances - said) + _PENALTY * moved
        return float(value), slope.ravel()

    start = np.zeros(x.shape[1] * len(GENRES))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    moved = found.x.reshape(x.shape[1], len(GENRES))
    weights = head.weights + moved[:-1] / size
    bias = head.bias + 0.5 * moved[-1] - middle @ (moved[:-1] / size)
    return GenreHead(weights.astype(np.float32), bias.astype(np.float32), head.backbone, "")


def judge(head: GenreHead, data: Corrections, challenger: GenreHead, *, seed: int = 0) -> Verdict:
    """Whether what was learned holds for corrections that were not learned from."""
    random = np.random.default_rng(seed)
    groups = np.unique(data.group)
    fold_of = dict(zip(groups, random.permutation(len(groups)) % _FOLDS, strict=True))
    folds = np.array([fold_of[group] for group in data.group])
    rows = np.arange(len(data.genre))
    served, tried = head.probabilities(data.embeddings), np.zeros((len(rows), len(GENRES)))
    for fold in range(_FOLDS):
        test, train = folds == fold, folds != fold
        if test.any() and train.any():
            part = Corrections(
                data.embeddings[train], data.genre[train], data.group[train], data.others
            )
            tried[test] = refit(head, part).probabilities(data.embeddings[test])
    losses = [-np.log(np.maximum(each[rows, data.genre], 1e-6)) for each in (served, tried)]
    gains = losses[0] - losses[1]
    by_group = np.array([gains[data.group == group].sum() for group in groups])
    draws = random.integers(len(groups), size=(_RESAMPLES, len(groups)))
    better = float((by_group[draws].sum(axis=1) > 0).mean())
    kept = _kept(head, challenger, data.others)
    promoted, reason = _decide(len(rows), better, kept)
    return Verdict(
        len(rows), float(losses[0].mean()), float(losses[1].mean()),
        float((served.argmax(axis=1) == data.genre).mean()),
        float((tried.argmax(axis=1) == data.genre).mean()),
        better, kept, promoted, reason,
    )  # fmt: skip


def _decide(count: int, better: float, kept: float) -> tuple[bool, str]:
    if count < LEAST:
        return False, f"Kept out: {count} corrections, of {LEAST} needed."
    if better < BETTER:
        return False, f"Kept out: better with a probability of {better:.2f}, {BETTER} is needed."
    if kept < KEPT:
        return False, (
            f"Kept out: it changes the genre of {1 - kept:.1%} of the sure pictures that nobody"
            f" corrected, at most {1 - KEPT:.0%} may change."
        )
    return (
        True,
        f"Promoted: better with a probability of {better:.2f}; {kept:.1%} are kept.",
    )


def _kept(head: GenreHead, challenger: GenreHead, others: NDArray[np.float32]) -> float:
    if not len(others):
        return 1.0
    served = head.probabilities(others)
    sure = served.max(axis=1) >= _SURE
    if not sure.any():
        return 1.0
    found = challenger.probabilities(others)
    return float((served.argmax(axis=1) == found.argmax(axis=1))[sure].mean())


def _softmax(logits: _Floats) -> tuple[_Floats, _Floats]:
    logits = logits - logits.max(axis=1, keepdims=True)
    log_chances = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return np.exp(log_chances), log_chances


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Learn, judge, and write the challenger's file."""
    head = GenreHead.load(Path(task["head"]))
    with np.load(task["data"], allow_pickle=False) as file:
        data = Corrections(file["embeddings"], file["genre"], file["group"], file["others"])
    challenger = refit(head, data)
    challenger.save(Path(task["out"]))
    return asdict(judge(head, data, challenger))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.loads(sys.stdin.readline()))) + "\n")
