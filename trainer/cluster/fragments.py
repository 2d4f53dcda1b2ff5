"""Labelled posts in Parquet fragments, and a linear part that is fitted on all of them.

A fragment is read, summed and forgotten: memory depends on the fragments' size and not on how many
there are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.head import GROUPS, Member
from trainer.cluster.side_by_side import SideBySide, in_turn
from trainer.data.targets import Intervals, soft_bins
from trainer.head.linear import member_of
from trainer.head.linear_sums import (
    Numbers,
    Rows,
    Sums,
    curvature_of,
    fit_by_sums,
    rows_of,
    sums_of,
)

Floats = NDArray[np.float32]

#: The curvature is that of so many posts, spread evenly.
_CURVED = 20_000
#: Rows that are taken in at once while a fragment is summed.
_CHUNK = 8192


def write_fragments(
    folder: Path, posts: Iterator[tuple[Mapping[str, Floats], Intervals]]
) -> list[Path]:
    """Write encoded posts as fragments, one for each piece that is given; their files.

    Args:
        folder: written into.
        posts: pieces of encoded groups [n, width], kept as float16, and their intervals.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (groups, intervals) in enumerate(posts):
        columns: dict[str, Any] = {
            group: _packed(groups[group].astype(np.float16)) for group in GROUPS
        }
        columns |= {"low": intervals.low, "high": intervals.high}
        path = folder / f"{number:06d}.parquet"
        # Uncompressed: features are as good as noise.
        pq.write_table(pa.table(columns), path, compression="NONE", use_dictionary=False)
        paths.append(path)
    return paths


def read_fragment(path: Path, rows: slice | None = None) -> tuple[dict[str, Floats], Numbers]:
    """Encoded groups float32 [n, width] and soft bins [n, 10] of a fragment, or of some rows."""
    table = pq.read_table(path, memory_map=True)
    if rows is not None:
        start, stop, _ = rows.indices(len(table))
        table = table.slice(start, stop - start)
    groups = {group: _unpacked(table[group]) for group in GROUPS}
    intervals = Intervals(table["low"].to_numpy(), table["high"].to_numpy())
    return groups, soft_bins(intervals)


def fit_linear_fragments(
    paths: Sequence[Path],
    *,
    penalty: float,
    stranger: Mapping[str, Floats] | None = None,
    share: float = 0.3,
    side_by_side: SideBySide = in_turn,
    told: Callable[[int, float], None] | None = None,
) -> Member:
    """Fit the linear part on every post of some fragments.

    As `trainer.head.linear.fit_linear`, which takes the newest posts only and holds them in memory.
    Sums are added in the order of the fragments: the result is the same, bit for bit, however many
    machines take part, as long as their processors compute alike.

    Args:
        paths: the fragments, readable by every node.
        penalty: precision of the prior.
        stranger: encoded columns of a post whose author has no record.
        share: weight of the copy that is shown without its author.
        side_by_side: sums fragments, here or on a cluster.
        told: called after each step with its number and the loss.

    Raises:
        ClusterLost: the cluster was lost.
    """
    counts = [pq.read_metadata(path).num_rows for path in paths]
    first, _ = read_fragment(paths[0], slice(0, 1))
    widths = {group: values.shape[1] for group, values in first.items()}
    some = _spread(paths, counts, stranger, share)
    factor = sum(counts) / min(sum(counts), _CURVED)

    def sums(point: Numbers) -> list[Sums]:
        return side_by_side(sum_fragment, paths, point, stranger, share)

    point = fit_by_sums(
        sum(widths.values()), penalty=penalty, sums=sums,
        curvature=lambda point: factor * curvature_of(some, point), told=told,
    )  # fmt: skip
    return member_of(point, widths)


def sum_fragment(
    path: Path, point: Numbers, stranger: Mapping[str, Floats] | None, share: float
) -> Sums:
    """The sums of one fragment, a chunk of rows at a time."""
    total = Sums(0.0, np.zeros(len(point)))
    for start in range(0, pq.read_metadata(path).num_rows, _CHUNK):
        groups, wanted = read_fragment(path, slice(start, start + _CHUNK))
        total += sums_of(rows_of(groups, wanted, stranger=stranger, share=share), point)
    return total


def _spread(
    paths: Sequence[Path],
    counts: Sequence[int],
    stranger: Mapping[str, Floats] | None,
    share: float,
) -> Rows:
    """Posts spread evenly over all fragments, as `Rows`."""
    total = sum(counts)
    chosen = np.linspace(0, total - 1, min(total, _CURVED)).astype(np.intp)
    found: list[tuple[dict[str, Floats], Numbers]] = []
    start = 0
    for path, count in zip(paths, counts, strict=True):
        rows = chosen[(chosen >= start) & (chosen < start + count)] - start
        start += count
        if len(rows):
            groups, wanted = read_fragment(path)
            found.append(({name: each[rows] for name, each in groups.items()}, wanted[rows]))
    groups = {name: np.concatenate([each[name] for each, _ in found]) for name in GROUPS}
    wanted = np.concatenate([each for _, each in found])
    return rows_of(groups, wanted, stranger=stranger, share=share)


def _packed(values: NDArray[np.float16]) -> pa.Array:
    size = values.shape[1] * values.itemsize
    buffer = pa.py_buffer(np.ascontiguousarray(values).tobytes())
    return pa.Array.from_buffers(pa.binary(size), len(values), [None, buffer])


def _unpacked(column: pa.ChunkedArray) -> Floats:
    """A column of packed rows: float32 [n, width]."""
    size = column.type.byte_width
    parts = [
        np.frombuffer(chunk.buffers()[1], np.uint8, len(chunk) * size, chunk.offset * size)
        for chunk in column.chunks
    ]
    values = np.concatenate(parts).view(np.float16).reshape(-1, size // 2)
    return values.astype(np.float32)
