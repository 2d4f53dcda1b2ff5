"""Fitting the encodings of a head, and encoding stored features a chunk at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from models.encoding import Encoding, Projection, Staircase
from models.features import Features
from models.head import GROUPS
from trainer.head.recipe import Recipe

Rows = NDArray[np.intp]
Floats = NDArray[np.float32]
Groups = Mapping[str, NDArray[Any]]

#: Rows read at once.
CHUNK = 8192

#: Directions and quantiles are found from at most so many rows, spread evenly.
MAX_ROWS = 20_000

#: Deviations below this are noise of rounding.
_STILL = 1e-6


def fit_encoding(groups: Groups, rows: Rows, recipe: Recipe) -> Encoding:
    """Fit the encodings on the rows that the head is fitted on, and on no others."""
    if len(rows) > MAX_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, MAX_ROWS).astype(np.intp)]
    return Encoding(
        _projection(
            groups["embedding"], rows, recipe.embedding_directions, recipe.embedding_strength,
            standardise=True,
        ),
        # Hashed words are rare: dividing each column by its own deviation would blow up noise.
        _projection(
            groups["title"], rows, recipe.text_directions, recipe.title_strength, standardise=False
        ),
        _projection(
            groups["text"], rows, recipe.text_directions, recipe.text_strength, standardise=False
        ),
        _staircase(groups["metadata"][rows].astype(np.float32), recipe),
    )  # fmt: skip


def strength_of(column: str, strengths: Sequence[tuple[str, float]]) -> float:
    """The strength of a metadata column: that of the longest beginning that its name has."""
    fitting = [(len(start), value) for start, value in strengths if column.startswith(start)]
    return max(fitting)[1]


def _projection(
    values: NDArray[Any], rows: Rows, directions: int, strength: float, *, standardise: bool
) -> Projection:
    """Main directions of the rows, scaled so that the strongest has the deviation ``strength``."""
    width = values.shape[1]
    total, products = np.zeros(width), np.zeros((width, width))
    for start in range(0, len(rows), CHUNK):
        chunk = values[rows[start : start + CHUNK]].astype(np.float32)
        total += chunk.sum(axis=0, dtype=np.float64)
        products += chunk.T @ chunk
    mean = total / len(rows)
    covariance = products / len(rows) - np.outer(mean, mean)
    deviation = np.sqrt(np.clip(np.diag(covariance), 0, None))
    scale = np.ones(width)
    if standardise:
        scale = np.divide(1, deviation, out=np.zeros(width), where=deviation > _STILL)
    variance, vectors = _main_directions(covariance * np.outer(scale, scale), directions)
    basis = vectors * scale[:, None] * (strength / max(float(np.sqrt(max(variance, 0))), _STILL))
    return Projection(mean.astype(np.float32), basis.astype(np.float32))


def _main_directions(
    covariance: NDArray[np.float64], directions: int
) -> tuple[float, NDArray[np.float64]]:
    """The largest eigenvalue of a covariance, and the eigenvectors of the largest ones.

    Args:
        covariance: float64 [width, width].
        directions: how many are wanted; at most ``width`` are found.

    Returns:
        The eigenvalue, and float64 [width, directions], the strongest direction first.
    """
    width = len(covariance)
    wanted = (max(width - directions, 0), width - 1)
    strengths, vectors = eigh(covariance, subset_by_index=wanted)
    return float(strengths[-1]), vectors[:, ::-1]


def _staircase(values: Floats, recipe: Recipe) -> Staircase:
    steps, names = recipe.steps, Features().metadata_names
    edges = np.empty((values.shape[1], steps + 1), np.float32)
    for column in range(values.shape[1]):
        found = np.unique(np.quantile(values[:, column], np.linspace(0, 1, steps + 1)))
        # Ties leave fewer distinct quantiles; the last is repeated, which makes empty steps.
        edges[column] = np.pad(found, (0, steps + 1 - len(found)), mode="edge")
    bare = Staircase(edges, np.float32(0), np.float32(1))  # type: ignore[arg-type]
    progress = bare.steps(values)
    deviation = progress.std(axis=0)
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 0.02)
    strengths = np.array([strength_of(name, recipe.metadata_strength) for name in names])
    scale *= np.repeat(strengths, steps).astype(np.float32)
    return Staircase(edges, progress.mean(axis=0), scale)


def encode(encoding: Encoding, groups: Groups, rows: Rows) -> dict[str, Floats]:
    """Encode some rows, read a chunk at a time, into memory."""
    encoded: dict[str, Floats] = {}
    for start in range(0, len(rows), CHUNK):
        chunk = rows[start : start + CHUNK]
        part = encoding({group: groups[group][chunk] for group in GROUPS})
        for group in GROUPS:
            if not encoded.get(group, np.empty(0)).size:
                encoded[group] = np.empty((len(rows), part[group].shape[1]), np.float32)
            encoded[group][start : start + len(chunk)] = part[group]
    return encoded


def encoded_blanks(
    encoding: Encoding, blanks: Mapping[str, Mapping[str, Floats]]
) -> list[dict[str, Floats]]:
    """What hiding each source does to the encoded groups; NaN where it does nothing.

    Args:
        encoding: the fitted encoding.
        blanks: raw values of each missing source (`models.features.Features.blanks`).

    Returns:
        For each source, encoded columns by group; the embedding counts as one more source,
        hidden by its mean.
    """
    found: list[dict[str, Floats]] = []
    steps = encoding.metadata.edges.shape[1] - 1
    for groups in blanks.values():
        source: dict[str, Floats] = {}
        for group, blank in groups.items():
            encoded = getattr(encoding, group)(np.nan_to_num(blank)[None, :])[0]
            touched = ~np.isnan(blank)
            if group == "metadata":
                encoded = np.where(np.repeat(touched, steps), encoded, np.float32(np.nan))
            source[group] = encoded
        found.append(source)
    return [*found, {"embedding": np.zeros(encoding.embedding.basis.shape[1], np.float32)}]
