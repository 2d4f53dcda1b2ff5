"""Fit the genre head and say how good it is. Run as a program (no TensorFlow, under a minute):

    python -m trainer.attributes.fit_genres --genres FOLDER --out FILE.npz

The head is a multinomial regression on the starter's embedding. Container, file size and pixel
size are no features: every picture goes through the same resize, and sources that differ in them
cannot be told apart by them. `contemporary_normie` is none of the eight and is left out.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.attributes.genre import GENRES, NAMED, GenreHead
from models.backbone import Backbone
from models.backbone_files import STARTER
from models.decoding import decode
from models.preprocessing import to_input

FOLDS = 5
#: A genre is counted in the macro-F1 if it has so many images.
COUNTED = 80
#: Inverse strength of the penalty, by grouped cross-validation: 0.001, 0.01 and 0.1 were tried.
_C = 0.001
_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class LabelledGenres:
    """Embedded pictures with their genre.

    Attributes:
        embeddings: float32[n, 1280].
        genre: int64[n], places in GENRES.
        group: str[n]; near-duplicates share one.
    """

    embeddings: NDArray[np.float32]
    genre: NDArray[np.int64]
    group: NDArray[np.str_]


def read_genres(folder: Path, backbone: Backbone) -> LabelledGenres:
    """Embed what `folder`/index.csv (columns path, label, group) names."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["label"] in GENRES]
    embeddings = [embed((folder / row["path"]).read_bytes(), backbone) for row in rows]
    return LabelledGenres(
        np.stack(embeddings),
        np.array([GENRES.index(row["label"]) for row in rows], np.int64),
        np.array([row["group"] for row in rows]),
    )


def embed(data: bytes, backbone: Backbone) -> NDArray[np.float32]:
    """A file's embedding as it is stored: float32[1280], rounded to half precision."""
    pixels = decode(data, size=backbone.input_size).pixels
    row: NDArray[np.float32] = backbone.embed(to_input(pixels, backbone.input_size)[np.newaxis])[0]
    rounded: NDArray[np.float32] = row.astype(np.float16).astype(np.float32)
    return rounded


def fit_head(
    embeddings: NDArray[np.float32], genre: NDArray[np.int64], *, backbone: str, temperature: float
) -> GenreHead:
    """Fit the regression, its standardisation and the temperature folded into its weights."""
    from sklearn.linear_model import LogisticRegression

    mean = embeddings.mean(axis=0)
    spread = np.maximum(embeddings.std(axis=0), 1e-3)
    model = LogisticRegression(C=_C, max_iter=500).fit((embeddings - mean) / spread, genre)
    weights = np.zeros((embeddings.shape[1], len(GENRES)))
    bias = np.full(len(GENRES), -1e3)
    weights[:, model.classes_] = model.coef_.T / spread[:, np.newaxis] / temperature
    bias[model.classes_] = model.intercept_ / temperature - mean @ weights[:, model.classes_]
    return GenreHead(weights.astype(np.float32), bias.astype(np.float32), backbone, "")


def cross_validate(data: LabelledGenres, *, backbone: str, seed: int = 0) -> NDArray[np.float64]:
    """Probabilities of each picture by a head that saw none of its group: float64[n, 8]."""
    from sklearn.model_selection import StratifiedGroupKFold

    splits = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    found = np.zeros((len(data.genre), len(GENRES)))
    for train, test in splits.split(data.embeddings, data.genre, data.group):
        head = fit_head(
            data.embeddings[train], data.genre[train], backbone=backbone, temperature=1.0
        )
        found[test] = head.probabilities(data.embeddings[test])
    return found


def best_temperature(probabilities: NDArray[np.float64], genre: NDArray[np.int64]) -> float:
    """The temperature with the least log loss on answers of cross-validation."""
    logits = np.log(np.maximum(probabilities, 1e-12))
    choices = np.exp(np.linspace(np.log(0.2), np.log(5), 81))
    return float(min(choices, key=lambda each: _log_loss(_softmax(logits / each), genre)))


def report(
    probabilities: NDArray[np.float64], genre: NDArray[np.int64], *, seed: int = 0
) -> dict[str, Any]:
    """Figures with 95% intervals of a bootstrap over pictures."""
    found = probabilities.argmax(axis=1)
    counted = [g for g in range(len(GENRES)) if (genre == g).sum() >= COUNTED]
    random = np.random.default_rng(seed)
    draws = [random.integers(len(genre), size=len(genre)) for _ in range(_RESAMPLES)]
    accuracy = [float((found[d] == genre[d]).mean()) for d in draws]
    macro = [_macro_f1(genre[d], found[d], counted) for d in draws]
    named = probabilities.max(axis=1) >= NAMED
    return {
        "images": len(genre),
        "accuracy": _with_interval(float((found == genre).mean()), accuracy),
        "macro_f1": _with_interval(_macro_f1(genre, found, counted), macro),
        "macro_f1_over": [GENRES[g] for g in counted],
        "named": float(named.mean()),
        "accuracy_where_named": float((found == genre)[named].mean()) if named.any() else None,
        "log_loss": _log_loss(probabilities, genre),
        "calibration_error": _calibration_error(probabilities, genre),
        "recall": {
            name: {
                "images": int((genre == g).sum()),
                "recall": float((found == g)[genre == g].mean()),
            }
            for g, name in enumerate(GENRES)
        },
    }


def _macro_f1(truth: NDArray[np.int64], found: NDArray[np.int64], counted: list[int]) -> float:
    scores = []
    for g in counted:
        right = ((truth == g) & (found == g)).sum()
        scores.append(2 * right / max((truth == g).sum() + (found == g).sum(), 1))
    return float(np.mean(scores))


def _with_interval(value: float, draws: list[float]) -> dict[str, float]:
    low, high = np.quantile(draws, (0.025, 0.975))
    return {"value": value, "low": float(low), "high": float(high)}


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return found


def _log_loss(probabilities: NDArray[np.float64], genre: NDArray[np.int64]) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(genre)), genre], 1e-12)).mean())


def _calibration_error(probabilities: NDArray[np.float64], genre: NDArray[np.int64]) -> float:
    """Mean gap between what the named genre is given and how often it is right, in ten bins."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == genre
    place = np.minimum((sure * 10).astype(int), 9)
    gaps = [
        abs(sure[place == b].mean() - right[place == b].mean()) * (place == b).mean()
        for b in range(10)
        if (place == b).any()
    ]
    return float(sum(gaps))


def main(arguments: Sequence[str]) -> int:
    """Cross-validate, print, fit on everything, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--genres", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    backbone = Backbone.load(STARTER)
    data = read_genres(options.genres, backbone)
    raw = cross_validate(data, backbone=backbone.fingerprint, seed=options.seed)
    temperature = best_temperature(raw, data.genre)
    calibrated = _softmax(np.log(np.maximum(raw, 1e-12)) / temperature)
    figures = {"temperature": temperature, **report(calibrated, data.genre)}
    sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    fit_head(
        data.embeddings, data.genre, backbone=backbone.fingerprint, temperature=temperature
    ).save(options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
