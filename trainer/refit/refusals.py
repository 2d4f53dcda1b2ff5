"""What cannot be learned or judged is refused with a sentence, before anything is fitted."""

import numpy as np

from models.near_duplicates import near_duplicate_groups
from trainer.data.labelled_posts import SERVING_EMBEDDING, LabelledPosts
from trainer.evaluation.cross_fit import Fold, judging_folds
from trainer.refit.baseline import Champion


class Refused(Exception):
    """There is nothing honest to learn or to judge by; the message is a sentence."""


def folds_to_judge(posts: LabelledPosts, champion: Champion | None) -> tuple[list[Fold], int]:
    """The folds, and how many new posts are not judged as the champion saw pictures like theirs.

    Raises:
        Refused: no post is independent, or the labels to fit on are all alike.
    """
    groups = near_duplicate_groups(posts.phash)
    seen = np.zeros(len(posts), bool)
    if champion and champion.trained_until is not None:
        seen = posts.matured_at <= champion.trained_until.timestamp()
    # What a backbone was fine-tuned on lies before its newest fifth, whatever heads have seen.
    folds = judging_folds(
        posts.posted_at, groups, seen=seen, newest_only=SERVING_EMBEDDING in posts.groups
    )
    like_seen = int((~seen & np.isin(groups, groups[seen])).sum())
    if not folds:
        alike = like_seen or len(posts) - len(np.unique(groups))
        raise Refused(
            f"No independent posts to judge by: of {len(posts)} labels "
            f"{alike} have near-duplicates among the earlier ones."
        )
    for fold in folds:
        if len(np.unique(posts.score[fold.fit])) == 1:
            raise Refused(
                f"The {len(fold.fit)} labels to fit on have the same score: "
                "there is nothing to tell apart."
            )
    return folds, like_seen


def has_new(posts: LabelledPosts, champion: Champion) -> bool:
    """Whether a label matured after the newest that the champion was fitted on."""
    until = champion.trained_until
    return until is None or bool((posts.matured_at > until.timestamp()).any())


def refuse_unlearnable(posts: LabelledPosts, champion: Champion | None, min_labels: int) -> None:
    """Raise `Refused` where labels are too few, all alike, or none is newer than the champion."""
    left_out = ", ".join(f"{count} {reason}" for reason, count in posts.dropped.items())
    note = f" Left out: {left_out}." if left_out else ""
    if len(posts) < max(min_labels, 1):
        raise Refused(f"Only {len(posts)} labels; at least {min_labels} are needed.{note}")
    if len(np.unique(posts.score)) == 1:
        raise Refused(
            f"All {len(posts)} labels have the same score: there is nothing to tell apart.{note}"
        )
    if champion and champion.trained_until is not None and not has_new(posts, champion):
        raise Refused(f"Nothing has matured since {champion.name} was trained.{note}")
