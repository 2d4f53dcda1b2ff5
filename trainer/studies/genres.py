"""Genres of memes, as the fourth study tells them, and ours, on the same pictures.

No figure of the study's own is at hand, so what stands beside ours is its way: a plain linear probe
on the embedding, with pictures split at random, so that near-duplicates of what was learned from
are asked about. Both ways to split are run for both. For the regression that ships, what is done
about rare genres is compared: nothing, class weights, over-sampling, and SMOTE (Chawla and others,
2002) on the embeddings.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.attributes.genre import GENRE_NAMES, GENRES
from models.backbone import Backbone
from trainer.attributes.fit_genres import COUNTED, FOLDS, LabelledGenres, read_genres, report

#: Inverse strength of the penalty: of scikit-learn's own, and of the one that ships.
_PROBE, _SHIPS = 1.0, 0.001
#: Neighbours that SMOTE draws between; a fold may hold few pictures of a rare genre.
_NEIGHBOURS: Final = 3

_Embeddings = NDArray[np.float32]
_Genres = NDArray[np.int64]
_Sample = Callable[[_Embeddings, _Genres, int], tuple[_Embeddings, _Genres]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to learn genres.

    Attributes:
        name: as it stands in the table.
        penalty: inverse strength of the penalty.
        grouped: whether near-duplicates stay on one side.
        weighted: whether classes are weighted by their rarity.
        sample: what is done to the pictures that are learned from.
    """

    name: str
    penalty: float
    grouped: bool = True
    weighted: bool = False
    sample: _Sample | None = None


def over_sampled(x: _Embeddings, y: _Genres, seed: int) -> tuple[_Embeddings, _Genres]:
    """Pictures of rare genres repeated until all genres have as many."""
    random = np.random.default_rng(seed)
    most = np.bincount(y).max()
    rows = np.concatenate(
        [random.choice(np.flatnonzero(y == genre), most) for genre in np.unique(y)]
    )
    return x[rows], y[rows]


def smote(x: _Embeddings, y: _Genres, seed: int) -> tuple[_Embeddings, _Genres]:
    """Points between neighbours of rare genres until all genres have as many."""
    from imblearn.over_sampling import SMOTE

    fewest = int(np.bincount(y)[np.unique(y)].min())
    neighbours = max(1, min(_NEIGHBOURS, fewest - 1))
    found = SMOTE(random_state=seed, k_neighbors=neighbours).fit_resample(x, y)
    return found[0], found[1]


VARIANTS: Final = (
    Variant("linear probe, pictures split", _PROBE, grouped=False),
    Variant("linear probe, groups split", _PROBE),
    Variant("ours, pictures split", _SHIPS, grouped=False),
    Variant("ours, groups split (ships)", _SHIPS),
    Variant("ours with class weights", _SHIPS, weighted=True),
    Variant("ours with over-sampling", _SHIPS, sample=over_sampled),
    Variant("ours with SMOTE", _SHIPS, sample=smote),
)


def reproduce(
    folder: Path,
    backbone: Path,
    *,
    seeds: int = 1,
    progress: Callable[[str, int, int], None] = lambda _stage, _done, _total: None,
) -> dict[str, Any]:
    """Run every variant on a folder of labelled pictures: ``markdown`` and ``data``."""
    progress("looking at images", 0, 1)
    data = read_genres(folder, Backbone.load(backbone))
    results: dict[str, Any] = {}
    for place, variant in enumerate(VARIANTS):
        progress("learning genres", place, len(VARIANTS))
        told = [cross_validate(data, variant, seed) for seed in range(seeds)]
        results[variant.name] = report(np.mean(told, axis=0), data.genre)
    return {"markdown": as_markdown(results, seeds), "data": results}


def cross_validate(data: LabelledGenres, variant: Variant, seed: int) -> NDArray[np.float64]:
    """Probabilities of each picture by a regression that did not learn from it: float64[n, 8]."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    kind = StratifiedGroupKFold if variant.grouped else StratifiedKFold
    splits = kind(FOLDS, shuffle=True, random_state=seed)
    found = np.zeros((len(data.genre), len(GENRES)))
    for train, test in splits.split(data.embeddings, data.genre, data.group):
        x, y = data.embeddings[train], data.genre[train]
        mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-3)
        x = (x - mean) / spread
        if variant.sample is not None:
            x, y = variant.sample(x, y, seed)
        model = LogisticRegression(
            C=variant.penalty,
            max_iter=500,
            class_weight="balanced" if variant.weighted else None,
        ).fit(x, y)
        rows = np.ix_(test, model.classes_)
        found[rows] = model.predict_proba((data.embeddings[test] - mean) / spread)
    return found


def as_markdown(results: Mapping[str, Mapping[str, Any]], seeds: int) -> str:
    """The table of all variants, and what is found of each genre."""
    first = next(iter(results.values()))
    lines = [
        f"{first['images']} images of eight genres, {FOLDS} folds, mean of {seeds} seed(s).",
        f"Intervals: 95%, bootstrap over images. Macro-F1: over genres with {COUNTED} images.",
        "",
        "| | accuracy | macro-F1 | log loss | found of post-ironic |",
        "|---|---|---|---|---|",
    ]
    for name, figures in results.items():
        lines.append(
            f"| {name} | {_told(figures['accuracy'])} | {_told(figures['macro_f1'])}"
            f" | {figures['log_loss']:.3f} | {figures['recall']['post_ironic']['recall']:.2f} |"
        )
    ours = results["ours, groups split (ships)"]["recall"]
    lines += ["", "| genre | images | found by ours |", "|---|---|---|"]
    lines += _recalls(ours)
    return "\n".join(lines)


def _recalls(recall: Mapping[str, Mapping[str, float]]) -> Sequence[str]:
    return [
        f"| {GENRE_NAMES[name]} | {each['images']} | {each['recall']:.2f} |"
        for name, each in recall.items()
    ]


def _told(figure: Mapping[str, float]) -> str:
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
