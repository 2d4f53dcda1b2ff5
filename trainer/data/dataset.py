"""Labelled posts as arrays: what training reads, and what it had to leave out."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models.facts import LabelledFacts, labelled_facts
from models.features import Features, PostFacts
from models.percentiles import BucketRule
from storage.engine.database import Database
from storage.engine.invalid_text import is_odd, keep_odd_text
from storage.tables import Community, Embedding

DIM = 1280

#: Posts read, and written to the mapped files, at once.
BLOCK = 1000

#: The group of the embeddings by the backbone that serves, where a new one has to beat it.
SERVING_EMBEDDING = "serving_embedding"

#: The wide groups and how they are kept.
_WIDE: dict[str, type[np.floating[Any]]] = {
    "embedding": np.float16, "title": np.float16, "text": np.float16, "metadata": np.float32,
}  # fmt: skip

#: Posts dated later than now by more than this have a wrong date.
_CLOCK_SLACK = 3600.0


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

    def __len__(self) -> int:
        return len(self.score)

    def take(self, rows: NDArray[np.intp]) -> "LabelledPosts":
        """Some of the posts."""
        return LabelledPosts(
            {name: values[rows] for name, values in self.groups.items()},
            self.score[rows], self.community[rows], self.platform[rows], self.posted_at[rows],
            self.matured_at[rows], self.phash[rows], self.rules, self.names, self.dropped,
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


def flaw(example: Example, now: datetime) -> str | None:
    """Why a post cannot be learned from; None when it can."""
    if example.embedding is None:
        return "no embedding from this backbone"
    if not example.embedding.size:
        return "embedding of the wrong length"
    if not np.isfinite(example.embedding).all():
        return "embedding not finite"
    return flaw_without_embedding(example, now)


def flaw_without_embedding(post: Example | LabelledFacts, now: datetime) -> str | None:
    """As `flaw`, looking at everything but the embedding."""
    if not _is_number(post.score):
        return "score not a number"
    if post.percentile is not None and not _is_interval(post.percentile):
        return "impossible percentile"
    if is_odd(post.facts.title) or is_odd(post.facts.text_in_image or ""):
        return "text that is not UTF-8"
    if not _has_sizes(post):
        return "image facts that are not numbers"
    if post.facts.posted_at.timestamp() > now.timestamp() + _CLOCK_SLACK:
        return "posted in the future"
    return None


def _is_number(value: object) -> bool:
    # SQLite gives back whatever was stored, whatever the column's type.
    return isinstance(value, int | float) and bool(np.isfinite(value))


def _is_interval(percentile: tuple[float, float]) -> bool:
    low, high = percentile
    return _is_number(low) and _is_number(high) and 0 <= low < high <= 1


def _has_sizes(post: Example | LabelledFacts) -> bool:
    sizes = (post.facts.width, post.facts.height, post.facts.bytes)
    if not all(_is_number(size) and size > 0 for size in sizes):
        return False
    try:
        int(post.phash, 16)
    except (TypeError, ValueError):
        return False
    return True


class _Gathering:
    """Collects examples; the wide groups go to unnamed files a block at a time.

    The arrays are then mapped from those files, so that a hundred thousand posts cost the memory
    of the pages in use.
    """

    def __init__(self, now: datetime, groups: tuple[str, ...] = ()) -> None:
        """``groups``: names of further embeddings that each example brings."""
        self._now = now
        self._features = Features()
        self._files = {
            name: tempfile.TemporaryFile()  # noqa: SIM115 - mapped as long as the arrays live
            for name in (*_WIDE, *groups)
        }
        self._block: list[tuple[Example, dict[str, NDArray[np.float16]]]] = []
        self._labels: list[tuple[float, int, float, float, int]] = []
        self._platforms: list[str] = []
        self._dim = DIM
        self.dropped: Counter[str] = Counter()

    def add(self, example: Example, **further: NDArray[np.float16] | None) -> None:
        """Take an example in, or count why not."""
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
            )
        )  # fmt: skip
        self._platforms.append(example.platform)
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
        self._dim = groups["embedding"].shape[1]
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
            "metadata": len(self._features.metadata_names),
        }  # fmt: skip
        groups: dict[str, NDArray[Any]] = {}
        for name, file in self._files.items():
            kind, shape = _WIDE.get(name, np.float16), (n, widths.get(name, self._dim))
            file.flush()
            # A file of nothing cannot be mapped.
            groups[name] = np.memmap(file, kind, "r", shape=shape) if n else np.empty(shape, kind)
        score, community, posted_at, matured_at, phash = (
            zip(*self._labels, strict=True) if n else [()] * 5
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
        )


def assemble(examples: Iterable[Example], *, now: datetime | None = None) -> LabelledPosts:
    """Turn examples into arrays, counting those left out by reason."""
    gathering = _Gathering(now or datetime.now(UTC))
    for example in examples:
        gathering.add(example)
    return gathering.posts()


async def read_labelled(
    database_url: str, backbone: str, *, serving_backbone: str | None = None
) -> LabelledPosts:
    """Read every labelled post and its stored embedding, a block at a time.

    Args:
        database_url: as the storage package takes it (``sqlite+aiosqlite:///…``).
        backbone: fingerprint of the backbone whose embeddings are wanted.
        serving_backbone: fingerprint of another, whose embeddings of the same posts become the
            group `SERVING_EMBEDDING`; posts that lack either are left out.
    """
    database = Database(database_url)
    keep_odd_text(database)
    wanted = {"embedding": backbone} | (
        {SERVING_EMBEDDING: serving_backbone} if serving_backbone else {}
    )
    gathering = _Gathering(datetime.now(UTC), tuple(wanted)[1:])
    try:
        async with database.read() as session:
            block: list[LabelledFacts] = []
            async for post in labelled_facts(session):
                block.append(post)
                if len(block) == BLOCK:
                    await _gather(session, block, wanted, gathering)
                    block = []
            await _gather(session, block, wanted, gathering)
            communities = (
                await session.execute(
                    select(
                        Community.id, Community.name, Community.low_up_to, Community.medium_up_to
                    )
                )
            ).all()
    finally:
        await database.close()
    labelled = gathering.posts()
    labelled.rules = {
        each.id: BucketRule(each.low_up_to, each.medium_up_to) for each in communities
    }
    labelled.names = {each.id: each.name for each in communities}
    return labelled


def _embedding(stored: bytes) -> NDArray[np.float16]:
    """The embedding float16[1280]; empty where it is not as long as that."""
    if len(stored) != 2 * DIM:
        return np.empty(0, np.float16)
    return np.frombuffer(stored, "<f2").astype(np.float16)


async def _gather(
    session: AsyncSession,
    block: Sequence[LabelledFacts],
    wanted: Mapping[str, str],
    gathering: _Gathering,
) -> None:
    """Add a block of posts with their embeddings."""
    query = select(Embedding.backbone, Embedding.image_id, Embedding.vector).where(
        Embedding.image_id.in_([post.image_id for post in block]),
        Embedding.backbone.in_(list(wanted.values())),
    )
    vectors = {
        (backbone, image): _embedding(vector)
        for backbone, image, vector in await session.execute(query)
    }
    for post in block:
        found = {name: vectors.get((print_, post.image_id)) for name, print_ in wanted.items()}
        gathering.add(
            Example(
                post.facts, found.pop("embedding"), post.score, post.community_id,
                post.platform, post.matured_at, post.phash, post.percentile,
            ),
            **found,
        )  # fmt: skip
