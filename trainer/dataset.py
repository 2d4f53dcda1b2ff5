"""Labelled posts as arrays: what training reads, and what it had to leave out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from models.facts import LabelledFacts, labelled_facts
from models.features import Features, PostFacts
from models.quantiles import BucketRule
from storage.database import Database
from storage.tables import Community, Embedding

DIM = 1280

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
    dropped: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.score)

    def take(self, rows: NDArray[np.intp]) -> "LabelledPosts":
        """Some of the posts."""
        return LabelledPosts(
            {name: values[rows] for name, values in self.groups.items()},
            self.score[rows], self.community[rows], self.platform[rows], self.posted_at[rows],
            self.matured_at[rows], self.phash[rows], self.rules, self.dropped,
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


def flaw(example: Example, now: datetime) -> str | None:
    """Why a post cannot be learned from; None when it can."""
    if example.embedding is None:
        return "no embedding from this backbone"
    if not np.isfinite(example.embedding).all():
        return "embedding not finite"
    if not np.isfinite(example.score):
        return "score not a number"
    if example.facts.posted_at.timestamp() > now.timestamp() + _CLOCK_SLACK:
        return "posted in the future"
    return None


def assemble(examples: Iterable[Example], *, now: datetime | None = None) -> LabelledPosts:
    """Turn examples into arrays, counting those left out by reason."""
    now = now or datetime.now(UTC)
    features = Features()
    dropped: Counter[str] = Counter()
    kept: list[Example] = []
    titles, texts, metadata = [], [], []
    for example in examples:
        reason = flaw(example, now)
        if reason is not None:
            dropped[reason] += 1
            continue
        groups = features.of([example.facts])
        titles.append(groups["title"][0].astype(np.float16))
        texts.append(groups["text"][0].astype(np.float16))
        metadata.append(groups["metadata"][0])
        kept.append(example)
    embeddings = [e.embedding for e in kept if e.embedding is not None]
    return LabelledPosts(
        groups={
            "embedding": np.array(embeddings, np.float16).reshape(len(kept), -1 if kept else DIM),
            "title": np.array(titles, np.float16).reshape(len(kept), features.text_dim),
            "text": np.array(texts, np.float16).reshape(len(kept), features.text_dim),
            "metadata": np.array(metadata, np.float32).reshape(
                len(kept), len(features.metadata_names)
            ),
        },
        score=np.array([e.score for e in kept], np.float64),
        community=np.array([e.community for e in kept], np.int64),
        platform=np.array([e.platform for e in kept], np.str_),
        posted_at=np.array([e.facts.posted_at.timestamp() for e in kept], np.float64),
        matured_at=np.array([e.matured_at.timestamp() for e in kept], np.float64),
        phash=np.array([int(e.phash, 16) for e in kept], np.uint64),
        dropped=dropped,
    )


async def read_labelled(database_url: str, backbone: str) -> LabelledPosts:
    """Read every labelled post and its stored embedding.

    Args:
        database_url: as the storage package takes it (``sqlite+aiosqlite:///…``).
        backbone: fingerprint of the backbone whose embeddings are wanted.
    """
    database = Database(database_url)
    try:
        async with database.read() as session:
            posts: list[LabelledFacts] = [post async for post in labelled_facts(session)]
            rows = await session.stream(
                select(Embedding.image_id, Embedding.vector)
                .where(Embedding.backbone == backbone)
                .execution_options(yield_per=1000)
            )
            vectors = {
                image_id: np.frombuffer(vector, "<f2").astype(np.float16)
                async for image_id, vector in rows
            }
            thresholds = await session.execute(
                select(Community.id, Community.low_up_to, Community.medium_up_to)
            )
            rules = {community: BucketRule(low, medium) for community, low, medium in thresholds}
    finally:
        await database.close()
    labelled = assemble(
        Example(
            post.facts, vectors.get(post.image_id), post.score, post.community_id,
            post.platform, post.matured_at, post.phash,
        )
        for post in posts
    )  # fmt: skip
    labelled.rules = rules
    return labelled
