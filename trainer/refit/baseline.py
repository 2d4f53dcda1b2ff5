"""What a challenger has to beat: the champion, the backbone that serves, or the base rate."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.experts import UNTITLED
from models.head import Head
from trainer.data.labelled_posts import SERVING_EMBEDDING, LabelledPosts
from trainer.data.splits import Rows
from trainer.evaluation.cross_fit import Fold, Plan, cross_fit, plan
from trainer.evaluation.forecasting import predict_rows
from trainer.evaluation.hidden_sources import predict_without


@dataclass(frozen=True, slots=True)
class Champion:
    """The version that serves, as far as judging needs it."""

    name: str
    folder: Path
    trained_until: datetime | None

    @classmethod
    def parse(cls, given: dict[str, Any]) -> "Champion":
        """From the parent's JSON."""
        until = given.get("trained_until")
        return cls(
            given["name"], Path(given["folder"]), datetime.fromisoformat(until) if until else None
        )


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the baseline predicts for the judged posts, in the order of posting.

    Attributes:
        bins: float64 [n, 10].
        name: of the champion, or what else is beaten; None is the base rate.
        untitled: of a champion, without title and author, as the expert of that name sees a post;
            None where it is no champion.
    """

    bins: NDArray[np.float64]
    name: str | None
    untitled: NDArray[np.float64] | None = None


def baseline_of(
    posts: LabelledPosts,
    folds: list[Fold],
    judged: Rows,
    champion: Champion | None,
    planned: Plan,
    seed: int,
) -> Baseline:
    """What the baseline predicts for the judged posts.

    A new backbone has to beat the one that serves under heads fitted on the same posts, which says
    what the backbone alone is worth.

    Args:
        posts: everything labelled.
        folds: what the challenger's heads were fitted on and judged on.
        judged: rows of the judged posts, in the order of posting.
        champion: None for the base rate.
        planned: how the challenger's heads were fitted.
        seed: of everything random.

    Raises:
        HeadUnusable: the champion's head cannot be read.
    """
    if SERVING_EMBEDDING in posts.groups:
        seen = replace(posts, groups={**posts.groups, "embedding": posts.groups[SERVING_EMBEDDING]})
        other = plan(seen, planned.recipe, seed=seed)
        return Baseline(
            cross_fit(seen, folds, other, seed=seed).bins,
            "the same head on the backbone that serves",
        )
    head = Head.load(champion.folder) if champion is not None else Head.uniform()
    # A champion that has learned nothing is the base rate by another name.
    bins = predict_rows(head, posts, judged)
    if champion is None or not head.members:
        return Baseline(bins, None)
    return Baseline(bins, champion.name, predict_without(head, posts, judged, UNTITLED))
