"""Makes arrays of labelled posts, a block at a time; flawed posts are left out and counted."""

import itertools
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from trainer.data.attribute_columns import WIDTH, attribute_columns
from trainer.data.flaws import flaw
from trainer.data.labelled_posts import DIM, Example, LabelledPosts, source_hash

#: Posts read, and written to the mapped files, at once.
BLOCK = 1000

#: The wide groups and how they are kept.
_WIDE: dict[str, type[np.floating[Any]]] = {
    "embedding": np.float16, "title": np.float16, "text": np.float16, "metadata": np.float32,
}  # fmt: skip


class Gathering:
    """Collects examples; the wide groups go to unnamed files a block at a time.

    The arrays are then mapped from those files, so that a hundred thousand posts cost the memory
    of the pages in use.
    """

    def __init__(self, now: datetime, dims: Mapping[str, int]) -> None:
        """``dims``: how long "embedding" and each further embedding of an example is."""
        self._now = now
        self.dims = dims
        self._features = Features()
        self._files = {
            name: tempfile.TemporaryFile()  # noqa: SIM115 - mapped as long as the arrays live
            for name in dict.fromkeys((*_WIDE, *dims))
        }
        self._block: list[tuple[Example, dict[str, NDArray[np.float16]]]] = []
        self._labels: list[tuple[float, int, float, float, int, int]] = []
        self._platforms: list[str] = []
        self._attributes: list[NDArray[np.float32]] = []
        self.dropped: Counter[str] = Counter()

    def add(self, example: Example, **further: NDArray[np.float16] | None) -> None:
        """Add an example, or count why it is left out."""
        reason = flaw(example, self._now)
        if reason is None and any(values is None or not values.size for values in further.values()):
            reason = "no embedding from both backbones"
        if reason is not None:
            self.dropped[reason] += 1
            return
        self._block.append(
            (example, {name: values for name, values in further.items() if values is not None})
        )
        self._labels.append(
            (
                example.score, example.community, example.facts.posted_at.timestamp(),
                example.matured_at.timestamp(), int(example.phash, 16),
                source_hash(example.source_id),
            )
        )  # fmt: skip
        self._platforms.append(example.platform)
        self._attributes.append(attribute_columns(example.attributes))
        if len(self._block) >= BLOCK:
            self._flush()

    def _flush(self) -> None:
        block, self._block = self._block, []
        if not block:
            return
        groups: dict[str, NDArray[Any]] = {
            **self._features.of([example.facts for example, _ in block]),
            "embedding": np.array([example.embedding for example, _ in block]),
        }
        for name in block[0][1]:
            groups[name] = np.array([further[name] for _, further in block])
        for name, file in self._files.items():
            file.write(groups[name].astype(_WIDE.get(name, np.float16)).tobytes())

    def posts(self) -> LabelledPosts:
        """Everything that was added, in that order."""
        self._flush()
        n = len(self._labels)
        widths = {
            "title": self._features.text_dim, "text": self._features.text_dim,
            "metadata": len(self._features.metadata_names), **self.dims,
        }  # fmt: skip
        groups: dict[str, NDArray[Any]] = {}
        for name, file in self._files.items():
            kind, shape = _WIDE.get(name, np.float16), (n, widths[name])
            file.flush()
            # A file of nothing cannot be mapped.
            groups[name] = np.memmap(file, kind, "r", shape=shape) if n else np.empty(shape, kind)
        score, community, posted_at, matured_at, phash, source = (
            zip(*self._labels, strict=True) if n else [()] * 6
        )
        return LabelledPosts(
            groups=groups,
            score=np.array(score, np.float64),
            community=np.array(community, np.int64),
            platform=np.array(self._platforms, np.str_),
            posted_at=np.array(posted_at, np.float64),
            matured_at=np.array(matured_at, np.float64),
            phash=np.array(phash, np.uint64),
            dropped=self.dropped,
            source=np.array(source, np.uint64),
            attributes=np.array(self._attributes, np.float32).reshape(n, WIDTH),
        )


def assemble(examples: Iterable[Example], *, now: datetime | None = None) -> LabelledPosts:
    """Turn examples into arrays, counting those left out by reason."""
    rest = iter(examples)
    first: list[Example] = []
    dim = DIM
    for example in rest:
        first.append(example)
        if example.embedding is not None and len(example.embedding):
            dim = len(example.embedding)
            break
    gathering = Gathering(now or datetime.now(UTC), {"embedding": dim})
    for example in itertools.chain(first, rest):
        gathering.add(example)
    return gathering.posts()
