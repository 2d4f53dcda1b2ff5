"""Predictions without the image, the title or another source."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.features import Features
from models.head import Head
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.splits import Rows
from trainer.head.fit_encoding import Groups


def restricted(groups: Groups, keep: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The groups with every source but some set to zero.

    Args:
        groups: raw groups.
        keep: of ``image``, ``title``, ``text`` and ``metadata`` (all but the title and text).
    """
    names = Features().metadata_names
    wanted = {"embedding": "image" in keep, "title": "title" in keep, "text": "text" in keep}
    kept: dict[str, NDArray[Any]] = {
        group: groups[group]
        if wanted[group]
        else np.broadcast_to(np.float32(0), groups[group].shape)
        for group in wanted
    }
    columns = [
        ("title" in keep)
        if name.startswith("title_")
        else ("text" in keep)
        if name.startswith("text_")
        else ("metadata" in keep)
        for name in names
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
    found = {}
    for source, blanks in Features().blanks().items():
        hidden = dict(groups)
        for group, blank in blanks.items():
            hidden[group] = np.where(np.isnan(blank), groups[group], blank)
        found[source] = head.predict_groups(hidden)
    mean = posts.groups["embedding"][sample].astype(np.float32).mean(axis=0)
    found["image"] = head.predict_groups(
        groups | {"embedding": np.broadcast_to(mean, groups["embedding"].shape)}
    )
    metadata = posts.groups["metadata"][sample].astype(np.float32).mean(axis=0)
    columns = np.array([name.startswith(("hour_", "weekday_")) for name in names])
    found["hour and weekday"] = head.predict_groups(
        groups | {"metadata": np.where(columns, metadata, groups["metadata"])}
    )
    return found
