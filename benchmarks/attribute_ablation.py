"""Do genre, expression, faces and look tell anything that the embedding does not? Run as a program:

    python -m benchmarks.attribute_ablation --data-dir FOLDER --community r/memes

FOLDER is a data folder of Peoria into which the community was imported. A ridge regression of the
percentile is fitted on the embedding, the hour and the weekday, and again with attributes beside
them; posts of one author, and those with one picture, are in one fold. Skill is the share of the
squared error of the mean that is saved. Intervals: 95%, paired bootstrap over authors.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.core import open_core
from bot.settings import Settings
from storage.queries.attributes import described
from storage.queries.communities import find_named_community
from storage.tables import Embedding, Image, Label, Post, PostImage
from trainer.data.attribute_columns import KINDS, attribute_columns, columns_of

FOLDS: Final = 5
_RESAMPLES: Final = 2000
#: Strengths of the penalty that each fold chooses from, by its own posts alone.
_ALPHAS: Final = (100.0, 300.0, 1000.0, 3000.0, 10000.0)
#: Attributes are few beside 1,280 columns: so much larger, they are hardly penalised.
_SCALE: Final = 10.0

_Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Posts:
    """What is asked about.

    Attributes:
        base: embedding, hour and weekday, float64[n, columns], standardised.
        attributes: columns of each kind, by name, standardised.
        percentile: float64[n].
        group: posts of one author, or near-duplicates, share one.
    """

    base: _Array
    attributes: dict[str, _Array]
    percentile: _Array
    group: NDArray[np.int64]


def read_posts(session: Session, community: str) -> Posts:
    """The labelled posts of a community whose attributes and embeddings are stored."""
    where = find_named_community(session, community)
    rows = session.execute(
        select(
            Post.author_id, Post.posted_at, Image.phash, Image.attributes, Image.text_layout,
            Embedding.vector, Label.percentile_low, Label.percentile_high,
        )
        .join(Label, Label.post_id == Post.id)
        .join(PostImage, PostImage.post_id == Post.id)
        .join(Image, Image.id == PostImage.image_id)
        .join(Embedding, Embedding.image_id == Image.id)
        .where(
            Label.community_id == where.id, PostImage.position == 0, Image.attributes.is_not(None)
        )
        .order_by(Post.id)
    ).all()  # fmt: skip
    vectors = np.stack([np.frombuffer(row.vector, "<f2") for row in rows]).astype(np.float64)
    hours = np.eye(6)[[row.posted_at.hour // 4 for row in rows]]
    days = np.eye(7)[[row.posted_at.weekday() for row in rows]]
    read = np.stack(
        [attribute_columns(described(row.attributes, row.text_layout)) for row in rows]
    ).astype(np.float64)
    known = [kind for kind in KINDS if np.isfinite(read[:, columns_of(kind)]).all()]
    groups: dict[Any, int] = {}
    group = [
        # Whoever is not known is alone; a picture that was posted twice is with its first author.
        groups.setdefault(("image", row.phash), groups.setdefault(_author(row, n), n))
        for n, row in enumerate(rows)
    ]
    return Posts(
        _standard(np.column_stack([vectors, hours, days])),
        {kind: _standard(read[:, columns_of(kind)]) for kind in known},
        np.array([(row.percentile_low + row.percentile_high) / 2 for row in rows]),
        np.array(group),
    )


def _author(row: Any, place: int) -> tuple[str, Any]:
    return ("author", row.author_id) if row.author_id is not None else ("post", place)


def _standard(columns: _Array) -> _Array:
    found: _Array = (columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-9)
    return found


def tell(columns: _Array, posts: Posts, seed: int) -> _Array:
    """Percentiles of all posts, each by a regression that saw none of its group."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import GroupKFold

    told = np.zeros(len(posts.percentile))
    splits = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in splits.split(columns, groups=posts.group):
        model = RidgeCV(_ALPHAS).fit(columns[train], posts.percentile[train])
        told[test] = model.predict(columns[test])
    return told


def ablate(posts: Posts, seeds: Sequence[int]) -> dict[str, dict[str, float]]:
    """Skill of each set of columns, and how much it adds to the embedding's with its interval."""
    sets = {"embedding, hour, weekday": posts.base}
    for name, columns in posts.attributes.items():
        sets[f"and {name}"] = np.column_stack([posts.base, _SCALE * columns])
    every = _SCALE * np.column_stack([*posts.attributes.values()])
    sets["and all of these"] = np.column_stack([posts.base, every])
    sets["attributes alone, hour, weekday"] = np.column_stack([every, posts.base[:, -13:]])
    losses = {
        name: np.mean(
            [(tell(columns, posts, seed) - posts.percentile) ** 2 for seed in seeds], axis=0
        )
        for name, columns in sets.items()
    }
    mean = (posts.percentile - posts.percentile.mean()) ** 2
    first = losses["embedding, hour, weekday"]
    draws = _draws(posts.group)
    found = {}
    for name, loss in losses.items():
        gains = [float((first[rows] - loss[rows]).sum() / mean[rows].sum()) for rows in draws]
        low, high = np.quantile(gains, (0.025, 0.975))
        found[name] = {
            "skill": 1 - float(loss.sum() / mean.sum()),
            "adds": float((first - loss).sum() / mean.sum()),
            "low": float(low),
            "high": float(high),
        }
    return found


def _draws(group: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    random = np.random.default_rng(0)
    names = np.unique(group)
    members = {name: np.flatnonzero(group == name) for name in names}
    return [
        np.concatenate([members[name] for name in random.choice(names, len(names))])
        for _ in range(_RESAMPLES)
    ]


async def _read(folder: Path, community: str) -> Posts:
    async with open_core(Settings(data_dir=folder)) as core:
        return await core.database.run_read(lambda session: read_posts(session, community))


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--community", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    posts = asyncio.run(_read(options.data_dir, options.community))
    found = ablate(posts, range(1, options.seeds + 1))
    if options.json:
        sys.stdout.write(json.dumps(found, indent=1) + "\n")
        return 0
    sys.stdout.write(
        f"{len(posts.percentile)} posts of {len(np.unique(posts.group))} authors or pictures,"
        f" {FOLDS} folds by these, seeds 1 to {options.seeds}.\n\n"
        "| columns | skill | adds to the embedding's |\n|---|---|---|\n"
    )
    for name, each in found.items():
        sys.stdout.write(
            f"| {name} | {each['skill']:.3f} | {each['adds']:+.4f} [{each['low']:+.4f},"
            f" {each['high']:+.4f}] |\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
