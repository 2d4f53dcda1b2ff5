"""Predictions without the image, the title or another source."""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from models.head import Head
from models.support import Source, source_of
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Rows
from trainer.head.fit_encoding import Groups


def restricted(groups: Groups, keep: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The groups with every source but some set to zero.

    Args:
        groups: raw groups.
        keep: of ``image``, ``title``, ``text`` and ``metadata`` (all others).
    """
    wanted = {"embedding": "image" in keep, "title": "title" in keep, "text": "text" in keep}
    kept: dict[str, NDArray[Any]] = {
        group: groups[group]
        if wanted[group]
        else np.broadcast_to(np.float32(0), groups[group].shape)
        for group in wanted
    }
    columns = [
        (source if source in ("image", "title", "text") else "metadata") in keep
        for source in map(source_of, Features().metadata_names)
    ]
    kept["metadata"] = np.where(columns, groups["metadata"], np.float32(0))
    return kept


def lacking(groups: Groups, rows: Rows, source: str) -> NDArray[np.bool_]:
    """Which of some posts have no title, no text or no author's record of their own, bool [n]."""
    lacks = np.ones(len(rows), np.bool_)
    for group, blank in Features().blanks()[source].items():
        touched = ~np.isnan(blank)
        values = groups[group][rows][:, touched].astype(np.float32)
        lacks &= np.isclose(values, blank[touched], atol=1e-3).all(axis=1)
    return lacks


def predict_without(
    head: Head, posts: LabelledPosts, rows: Rows, sources: Collection[str]
) -> NDArray[np.float64]:
    """Predictions of some posts as if some sources (of `Features.blanks`) were missing."""
    blanks = Features().blanks()
    hidden = {name: g[rows].astype(np.float32) for name, g in posts.groups.items()}
    for source in sources:
        for group, blank in blanks[source].items():
            hidden[group] = np.where(np.isnan(blank), hidden[group], blank)
    return head.predict_groups(hidden)


def hiding(
    head: Head, posts: LabelledPosts, rows: Rows, fitted_on: Rows
) -> dict[str, NDArray[np.float64]]:
    """Predictions of some posts with one source hidden from the head at a time.

    A source that can be missing is hidden as missing, any other by its mean over the posts that
    the head was fitted on.
    """
    names = Features().metadata_names
    groups = {name: g[rows].astype(np.float32) for name, g in posts.groups.items()}
    sample = fitted_on[:: max(1, len(fitted_on) // 5000)]
    found = {
        source: predict_without(head, posts, rows, (source,)) for source in Features().blanks()
    }
    mean = posts.groups["embedding"][sample].astype(np.float32).mean(axis=0)
    usual = posts.groups["metadata"][sample].astype(np.float32).mean(axis=0)

    def without_columns(source: Source) -> NDArray[np.float32]:
        columns = np.array([source_of(name) == source for name in names])
        return np.where(columns, usual, groups["metadata"])

    found["image"] = head.predict_groups(
        groups
        | {
            "embedding": np.broadcast_to(mean, groups["embedding"].shape),
            "metadata": without_columns("image"),
        }
    )
    found["hour and weekday"] = head.predict_groups(groups | {"metadata": without_columns("time")})
    found["pace of the community"] = head.predict_groups(
        groups | {"metadata": without_columns("pace")}
    )
    return found
