"""Labelled posts as arrays: what heads are fitted on and judged by."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features import PostFacts
from models.percentiles import BucketRule

DIM = 1280

#: The group of the embeddings by the backbone that serves, where a new one has to beat it.
SERVING_EMBEDDING = "serving_embedding"


@dataclass(slots=True)
class LabelledPosts:
    """Posts with their groups of features and their scores, in the order of posting.

    Attributes:
        groups: embedding float16 [n, 1280], title and text float16 [n, T], metadata float32 [n, M].
        score: float64 [n].
        community: int64 [n].
        platform: str [n].
        posted_at: seconds since 1970, float64 [n].
        matured_at: seconds since 1970, float64 [n].
        phash: uint64 [n].
        rules: the buckets of each community; terciles where it is not named.
        names: what each community is called.
        dropped: how many posts were left out, by reason.
        attributes: what people can read off the pictures (`trainer.data.attribute_columns`),
            float32 [n, WIDTH], NaN where not read; [n, 0] where nobody looked.
        source: hashes of the posts' ids (`source_hash`), uint64 [n]; 0 where they are not known.
    """

    groups: dict[str, NDArray[Any]]
    score: NDArray[np.float64]
    community: NDArray[np.int64]
    platform: NDArray[np.str_]
    posted_at: NDArray[np.float64]
    matured_at: NDArray[np.float64]
    phash: NDArray[np.uint64]
    rules: dict[int, BucketRule] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)
    source: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    attributes: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    def __post_init__(self) -> None:
        if not len(self.source):
            self.source = np.zeros(len(self.score), np.uint64)
        if not self.attributes.size:
            self.attributes = np.zeros((len(self.score), 0), np.float32)

    def __len__(self) -> int:
        return len(self.score)

    def take(self, rows: NDArray[np.intp]) -> "LabelledPosts":
        """Some of the posts."""
        return LabelledPosts(
            {name: values[rows] for name, values in self.groups.items()},
            self.score[rows], self.community[rows], self.platform[rows], self.posted_at[rows],
            self.matured_at[rows], self.phash[rows], self.rules, self.names, self.dropped,
            self.source[rows], self.attributes[rows],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled post on its way into the arrays."""

    facts: PostFacts
    embedding: NDArray[np.float16] | None
    score: float
    community: int
    platform: str
    matured_at: datetime
    phash: str
    #: The label's interval, 0 to 1; None where it has none yet.
    percentile: tuple[float, float] | None = None
    #: The post's id on its platform; empty where it is not known.
    source_id: str = ""
    #: What people can read off its picture; None where it was not read.
    attributes: dict[str, Any] | None = None


def source_hash(source_id: str) -> int:
    """64 bits of an id, the same for Reddit's full names and short ids; 0 for none."""
    short = source_id.removeprefix("t3_").encode()
    return int.from_bytes(hashlib.blake2b(short, digest_size=8).digest()) if short else 0
