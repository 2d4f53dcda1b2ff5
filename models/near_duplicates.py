"""Groups of near-duplicate images, by perceptual hash."""

import itertools

import numpy as np
from numpy.typing import NDArray

#: Hashes (64 bits) that differ in at most this many bits are near-duplicates.
MAX_DISTANCE = 4

#: Hash bits are cut into one band more than may differ: near-duplicates then share a whole band.
_BANDS = MAX_DISTANCE + 1

#: Pairs compared at once.
_CHUNK = 1_000_000


class _Forest:
    """Union-find with path halving."""

    def __init__(self, n: int) -> None:
        self.parent = np.arange(n)

    def root(self, node: int) -> int:
        parent = self.parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = int(parent[node])
        return node

    def join(self, first: int, second: int) -> None:
        a, b = self.root(first), self.root(second)
        if a != b:
            self.parent[max(a, b)] = min(a, b)


def _bands(hashes: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
    edges = np.linspace(0, 64, _BANDS + 1).astype(int)
    return [
        (hashes >> np.uint64(start)) & np.uint64((1 << int(stop - start)) - 1)
        for start, stop in itertools.pairwise(edges)
    ]


def near_duplicate_groups(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Give every image the number of its group of near-duplicates.

    Args:
        hashes: uint64 [n], perceptual hashes.

    Returns:
        int64 [n], equal for images linked by a chain of hashes within `MAX_DISTANCE` bits.
    """
    unique, inverse = np.unique(hashes, return_inverse=True)
    forest = _Forest(len(unique))
    for band in _bands(unique):
        order = np.argsort(band, kind="stable")
        starts = np.flatnonzero(np.diff(band[order], prepend=band[order][:1] + np.uint64(1)))
        for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
            if stop - start > 1:
                _join_within(order[start:stop], unique, forest)
    roots = np.array([forest.root(node) for node in range(len(unique))], np.int64)
    groups: NDArray[np.int64] = roots[inverse]
    return groups


def _join_within(members: NDArray[np.int64], hashes: NDArray[np.uint64], forest: _Forest) -> None:
    rows = max(1, _CHUNK // len(members))
    for start in range(0, len(members), rows):
        block = members[start : start + rows]
        distance = np.bitwise_count(hashes[block][:, None] ^ hashes[members][None, :])
        for i, j in np.argwhere(distance <= MAX_DISTANCE):
            if block[i] < members[j]:
                forest.join(int(block[i]), int(members[j]))
