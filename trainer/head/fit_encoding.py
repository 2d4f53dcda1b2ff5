"""Fitting the encodings of a head, and encoding stored features a chunk at a time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from models.encoding import Encoding, Projection, Staircase
from models.features import Features
from models.head import GROUPS
from models.support import METADATA_OWNERS, PROJECTED, SOURCES, Support
from trainer.head.recipe import Recipe

Rows = NDArray[np.intp]
Floats = NDArray[np.float32]
Numbers = NDArray[np.float64]
Groups = Mapping[str, NDArray[Any]]

#: Rows read at once.
CHUNK = 8192

#: Directions and quantiles are found from at most so many rows, spread evenly.
MAX_ROWS = 20_000

#: Deviations below this are noise of rounding.
_STILL = 1e-6

#: Rows that something must differ in to be believed by half.
DOUBT = 100.0

#: Steps that vary less than this are not scaled up as if they varied as much as others.
_LEAST_DEVIATION = 0.25

#: Share of the training posts that may lie beyond each end of what is called their range, and the
#: least half of a range (columns are logarithms, shares, or 0 and 1).
_BEYOND = 0.002
_LEAST_RANGE = 0.25


def fit_encoding(groups: Groups, rows: Rows, recipe: Recipe) -> Encoding:
    """Fit the encodings on the rows that the head is fitted on, and on no others.

    Every column, every direction and every source is weighed by its evidence (`evidence`): nothing
    is learned from what never varied, and little from what hardly did, however large the step is
    that a later post takes in it.
    """
    if len(rows) > MAX_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, MAX_ROWS).astype(np.intp)]
    values = {group: groups[group][rows].astype(np.float32) for group in GROUPS}
    embedding = _projection(
        values["embedding"], recipe.embedding_directions, recipe.embedding_strength,
        standardise=True,
    )  # fmt: skip
    # Hashed words are rare: dividing each column by its own deviation would blow up noise.
    title, text = (
        _projection(values[group], recipe.text_directions, strength, standardise=False)
        for group, strength in (("title", recipe.title_strength), ("text", recipe.text_strength))
    )
    staircase = _staircase(values["metadata"], recipe)
    return Encoding(
        embedding, title, text, staircase,
        _support(values, {"embedding": embedding, "title": title, "text": text}),
    )  # fmt: skip


def strength_of(column: str, strengths: Sequence[tuple[str, float]]) -> float:
    """The strength of a metadata column: that of the longest beginning that its name has."""
    fitting = [(len(start), value) for start, value in strengths if column.startswith(start)]
    return max(fitting)[1]


def evidence(squares: Numbers) -> Numbers:
    """In how many rows something differs from its usual value.

    Args:
        squares: float64 [n, …], squared deviations from the usual value.

    Returns:
        float64 […], 0 to ``n``: the square of their sum by the sum of their squares, which is k
        where k rows differ equally, and less where a few of them differ most.
    """
    # Scaled first, so that tiny deviations keep their digits.
    largest = squares.max(axis=0, initial=0)
    scaled = squares / np.where(largest > 0, largest, 1)
    total = (scaled**2).sum(axis=0)
    found: Numbers = scaled.sum(axis=0) ** 2 / np.where(total > 0, total, 1)
    return found


def weight(evidence: Numbers) -> Numbers:
    """How far something with so much evidence is believed, 0 to 1."""
    return evidence / (evidence + DOUBT)


def main_directions(centred: Floats, count: int) -> Floats:
    """Orthonormal directions along which rows with a mean of nothing vary most, the most first.

    They are those of scikit-learn's ``PCA`` with ``covariance_eigh``, which works out all
    directions to keep a few: 64 of 1,280 take a fifth of its time here.

    Args:
        centred: float32 [n, width].
        count: directions that are wanted.

    Returns:
        float32 [width, at most count], fewer where rows or columns are fewer. The largest number
        of each is above 0, so that no direction turns round from one machine to the next.
    """
    rows, width = centred.shape
    kept = min(count, rows, width)
    covariance = centred.T @ centred / np.float32(rows)
    _, found = eigh(covariance, subset_by_index=[width - kept, width - 1], overwrite_a=True)
    found = found[:, ::-1]
    largest = np.abs(found).argmax(axis=0)
    turned: Floats = found * np.sign(found[largest, np.arange(kept)])
    return turned


def _projection(
    values: Floats, directions: int, strength: float, *, standardise: bool
) -> Projection:
    """Main directions, scaled so that the strongest moves a post that has any by ``strength``."""
    mean = values.mean(axis=0, dtype=np.float64).astype(np.float32)
    squares = (values - np.median(values, axis=0)).astype(np.float64) ** 2
    deviation = values.std(axis=0, dtype=np.float64)
    # A single row shows no deviation.
    moved = deviation > _STILL
    scale = weight(evidence(squares)) * moved
    if standardise:
        scale /= np.where(moved, deviation, 1)
    of_group = float(evidence(squares.sum(axis=1)))
    scaled = ((values - mean) * scale.astype(np.float32))[:, moved]
    vectors = np.zeros((values.shape[1], directions))
    if moved.any():
        found = main_directions(scaled, directions)
        vectors[moved, : found.shape[1]] = found
    basis = (vectors * scale[:, None]).astype(np.float32)
    along = (values - mean) @ basis
    spread = along.std(axis=0, dtype=np.float64)
    # The strongest direction's deviation among the posts that differ at all.
    largest = float(spread.max(initial=0)) * np.sqrt(len(values) / max(of_group, 1.0))
    trusted = weight(evidence(along.astype(np.float64) ** 2)) * weight(np.array(of_group))
    gain = trusted * (strength / largest if largest > _STILL else 0.0)
    low, high = (edge.astype(np.float32) for edge in (along.min(axis=0), along.max(axis=0)))
    return Projection(
        mean, scale.astype(np.float32), basis, low, high, spread.astype(np.float32),
        gain.astype(np.float32),
    )  # fmt: skip


def _staircase(values: Floats, recipe: Recipe) -> Staircase:
    steps, names = recipe.steps, Features().metadata_names
    edges = np.empty((values.shape[1], steps + 1), np.float32)
    for column in range(values.shape[1]):
        found = np.unique(np.quantile(values[:, column], np.linspace(0, 1, steps + 1)))
        # Ties leave fewer distinct quantiles; the last is repeated, which makes empty steps.
        edges[column] = np.pad(found, (0, steps + 1 - len(found)), mode="edge")
    nothing = np.empty(0, np.float32)
    progress = Staircase(edges, nothing, nothing).steps(values).astype(np.float64)
    squares = (progress - np.median(progress, axis=0)) ** 2
    strengths = np.array([strength_of(name, recipe.metadata_strength) for name in names])
    scale = np.repeat(strengths, steps) * weight(evidence(squares))
    # Rare steps are not scaled up: they would be believed as much as common ones.
    scale /= np.maximum(progress.std(axis=0), _LEAST_DEVIATION)
    owners = np.repeat(METADATA_OWNERS, steps)
    for source in range(len(SOURCES)):
        own = owners == source
        scale[own] *= weight(evidence(squares[:, own].sum(axis=1)))
    return Staircase(edges, progress.mean(axis=0).astype(np.float32), scale.astype(np.float32))


def _support(values: Groups, projections: Mapping[str, Projection]) -> Support:
    """The middle and the range of the training posts, but for a few at each end."""
    numbers = [values["metadata"]]
    for group, projection in projections.items():
        directions = projection.directions(values[group])
        numbers.append(projection.unlikeness(values[group], directions))
    every = np.concatenate(numbers, axis=1)
    low, centre, high = np.quantile(every, [_BEYOND, 0.5, 1 - _BEYOND], axis=0)
    return Support(
        centre.astype(np.float32),
        np.minimum(low, centre - _LEAST_RANGE).astype(np.float32),
        np.maximum(high, centre + _LEAST_RANGE).astype(np.float32),
    )


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
    found = [encoded_blank(encoding, groups) for groups in blanks.values()]
    return [*found, {"embedding": np.zeros(encoding.embedding.basis.shape[1], np.float32)}]


def encoded_blank(encoding: Encoding, blank: Mapping[str, Floats]) -> dict[str, Floats]:
    """What hiding one source does to the encoded groups that it touches; NaN: nothing."""
    steps = encoding.metadata.edges.shape[1] - 1
    hidden = {group: getattr(encoding, group).mean[None, :] for group in PROJECTED}
    hidden["metadata"] = encoding.support.centre[None, : len(encoding.metadata.edges)]
    for group, values in blank.items():
        hidden[group] = np.where(np.isnan(values), hidden[group], values)
    encoded = encoding(hidden)
    source = {group: encoded[group][0] for group in blank}
    if "metadata" in source:
        touched = np.repeat(~np.isnan(blank["metadata"]), steps)
        source["metadata"] = np.where(touched, source["metadata"], np.float32(np.nan))
    return source
