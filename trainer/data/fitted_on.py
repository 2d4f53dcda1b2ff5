"""What a version was fitted on, kept with it: enough to know a post again, and nothing more."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.near_duplicates import near_duplicate_groups
from trainer.data.labelled_posts import LabelledPosts

FILE = "fitted_on.npz"


@dataclass(frozen=True, slots=True)
class FittedOn:
    """Perceptual hashes of the images and hashes of the posts' ids: uint64 [n] each.

    No title, author, score or picture can be read from them.
    """

    phash: NDArray[np.uint64]
    source: NDArray[np.uint64]

    @classmethod
    def of(cls, posts: LabelledPosts) -> Self:
        """Of all these posts, in no order that says which hash goes with which."""
        return cls(np.unique(posts.phash), np.unique(posts.source))

    def overlap(self, posts: LabelledPosts) -> NDArray[np.bool_]:
        """Which posts were fitted on, by id or by a near-duplicate of their image: bool [n]."""
        groups = near_duplicate_groups(np.concatenate([self.phash, posts.phash]))
        known = np.unique(groups[: len(self.phash)])
        alike = np.isin(groups[len(self.phash) :], known)
        same: NDArray[np.bool_] = np.isin(posts.source, self.source) & (posts.source != 0)
        return same | alike

    def save(self, folder: Path) -> None:
        """Write `FILE` into ``folder``."""
        np.savez(folder / FILE, phash=self.phash, source=self.source)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read it; None for a version that did not keep it."""
        path = folder / FILE
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["phash"].astype(np.uint64), stored["source"].astype(np.uint64))
