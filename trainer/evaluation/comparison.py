"""What the head is compared with, on the same posts: parts of itself, trees, the base rate."""

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.distribution import UNIFORM
from models.features import Features
from models.head import Head
from models.near_duplicates import near_duplicate_groups
from trainer.data.dataset import LabelledPosts
from trainer.data.splits import Rows
from trainer.data.targets import soft_bins
from trainer.evaluation.figures import Forecasts, figures
from trainer.evaluation.forecasting import forecasts_of, intervals_of, predict_rows, ranking_of
from trainer.head.calibration import fit_temperature
from trainer.head.fit import fit
from trainer.head.fit_encoding import encode, fit_encoding
from trainer.head.recipe import Recipe

Groups = Mapping[str, NDArray[Any]]

#: Metadata columns by where they come from; the rest is about the image file.
SOURCES = ("title_", "text_", "author_", "hour_", "weekday_")

#: Parts are compared with fewer members than serve: enough to tell them apart.
_MEMBERS = 4

#: Share of training posts that stops the training, and as many that calibrate.
_HELD_OUT = 0.1


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows of one comparison: fitted on, stopped by, calibrated on, judged on."""

    fit: Rows
    stop: Rows
    calibrate: Rows
    judge: Rows


@dataclass(frozen=True, slots=True)
class Row:
    """One contender's figures on the judged posts; None where it could not run, with a note."""

    name: str
    figures: dict[str, float] | None
    note: str = ""


def restricted(groups: Groups, keep: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The groups with everything but some sources blotted out.

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


def fit_calibrated(
    groups: Groups,
    posts: LabelledPosts,
    parts: Parts,
    *,
    recipe: Recipe,
    seed: int,
) -> Head:
    """A head fitted, stopped and calibrated on three parts, ranked among the first two."""
    ranking = ranking_of(posts, np.concatenate([parts.fit, parts.stop]))
    targets = soft_bins(intervals_of(posts, ranking))
    fitted = fit(
        groups, targets, parts.fit, parts.stop, recipe=recipe, seed=seed, blanks=Features().blanks()
    )
    logits = fitted.head.logits({name: g[parts.calibrate] for name, g in groups.items()})
    return fitted.head.at_temperature(fit_temperature(logits, targets[parts.calibrate]))


def fit_to_serve(posts: LabelledPosts, *, recipe: Recipe, seed: int) -> Head:
    """A head fitted on all of some posts, as it would serve.

    Epochs and temperature come from a first fit on a random 80% of them, stopped and calibrated
    on a tenth each, near-duplicates together.
    """
    parts = cut_in_three(posts, np.arange(len(posts)), np.random.default_rng(seed))
    ranking = ranking_of(posts, np.arange(len(posts)))
    targets, blanks = soft_bins(intervals_of(posts, ranking)), Features().blanks()
    first = fit(posts.groups, targets, parts[0], parts[1], recipe=recipe, seed=seed, blanks=blanks)
    logits = first.head.logits({name: g[parts[2]] for name, g in posts.groups.items()})
    everything = np.arange(len(posts))
    served = fit(
        posts.groups, targets, everything, everything[:0],
        recipe=recipe, seed=seed, epochs=max(first.epochs, 1),
        linear_share=first.linear_share, blanks=blanks,
    )  # fmt: skip
    return served.head.at_temperature(fit_temperature(logits, targets[parts[2]]))


def cut_in_three(
    posts: LabelledPosts, rows: Rows, rng: np.random.Generator
) -> tuple[Rows, Rows, Rows]:
    """Cut rows at random into fit, stop and calibrate, near-duplicates together."""
    groups = near_duplicate_groups(posts.phash[rows])
    kinds, kind_of = np.unique(groups, return_inverse=True)
    place = rng.permutation(len(kinds))[kind_of] / len(kinds)
    stop, calibrate = place < _HELD_OUT, (place >= _HELD_OUT) & (place < 2 * _HELD_OUT)
    return rows[~stop & ~calibrate], rows[stop], rows[calibrate]


def judge_parts(posts: LabelledPosts, parts: Parts, bins: NDArray[np.float64]) -> Forecasts:
    """Predictions of the judged part beside what happened."""
    ranking = ranking_of(posts, np.concatenate([parts.fit, parts.stop]))
    return forecasts_of(posts, parts.judge, bins, ranking)


def contenders(recipe: Recipe, seed: int) -> dict[str, Callable[[LabelledPosts, Parts], Forecasts]]:
    """Everything the head is compared with, and the head itself, by name."""
    few = replace(recipe, members=min(_MEMBERS, recipe.members))

    def part(*keep: str) -> Callable[[LabelledPosts, Parts], Forecasts]:
        def run(posts: LabelledPosts, parts: Parts) -> Forecasts:
            groups = restricted(posts.groups, keep)
            head = fit_calibrated(groups, posts, parts, recipe=few, seed=seed)
            judged = {name: g[parts.judge] for name, g in groups.items()}
            return judge_parts(posts, parts, head.predict_groups(judged))

        return run

    def base_rate(posts: LabelledPosts, parts: Parts) -> Forecasts:
        return judge_parts(posts, parts, np.tile(UNIFORM, (len(parts.judge), 1)))

    def head(posts: LabelledPosts, parts: Parts) -> Forecasts:
        fitted = fit_calibrated(posts.groups, posts, parts, recipe=recipe, seed=seed)
        return judge_parts(posts, parts, predict_rows(fitted, posts, parts.judge))

    return {
        "base rate": base_rate,
        "title only": part("title"),
        "image only": part("image"),
        "metadata only": part("metadata"),
        "boosted trees": lambda posts, parts: trees(posts, parts, recipe, seed),
        "head": head,
    }


class TreesMissing(Exception):
    """LightGBM, a development dependency, is not installed."""


def trees(posts: LabelledPosts, parts: Parts, recipe: Recipe, seed: int) -> Forecasts:
    """Gradient-boosted trees on the same features, stopped and calibrated on the same parts.

    Raises:
        TreesMissing: LightGBM is not installed.
    """
    if importlib.util.find_spec("lightgbm") is None:
        raise TreesMissing("not installed")
    import lightgbm

    encoding = fit_encoding(posts.groups, parts.fit, recipe)

    def columns(rows: Rows) -> NDArray[np.float32]:
        encoded = encode(encoding, posts.groups, rows)
        raw = posts.groups["metadata"][rows].astype(np.float32)
        return np.hstack([encoded["embedding"], encoded["title"], encoded["text"], raw])

    ranking = ranking_of(posts, np.concatenate([parts.fit, parts.stop]))
    targets = soft_bins(intervals_of(posts, ranking))
    booster = lightgbm.train(
        {
            "objective": "multiclass", "num_class": targets.shape[1], "learning_rate": 0.03,
            "num_leaves": 6, "min_data_in_leaf": 20, "bagging_fraction": 0.7, "bagging_freq": 1,
            "feature_fraction": 0.5, "seed": seed, "deterministic": True, "num_threads": 1,
            "verbosity": -1,
        },
        lightgbm.Dataset(columns(parts.fit), targets[parts.fit].argmax(axis=1)),
        num_boost_round=300,
        valid_sets=[lightgbm.Dataset(columns(parts.stop), targets[parts.stop].argmax(axis=1))],
        callbacks=[lightgbm.early_stopping(20, verbose=False)],
    )  # fmt: skip
    raw = np.asarray(booster.predict(columns(parts.calibrate), raw_score=True), np.float64)
    temperature = fit_temperature(raw, targets[parts.calibrate])
    judged = np.asarray(booster.predict(columns(parts.judge), raw_score=True), np.float64)
    calibrated = np.exp(judged / temperature - (judged / temperature).max(axis=1, keepdims=True))
    return judge_parts(posts, parts, calibrated / calibrated.sum(axis=1, keepdims=True))


def compare(posts: LabelledPosts, parts: Parts, *, recipe: Recipe, seed: int) -> list[Row]:
    """Every contender on one split."""
    rows = []
    for name, run in contenders(recipe, seed).items():
        try:
            rows.append(Row(name, figures(run(posts, parts))))
        except TreesMissing as missing:
            rows.append(Row(name, None, str(missing)))
    return rows


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
    for source, prefixes in (
        ("hour and weekday", ("hour_", "weekday_")),
        ("image file and link", ()),
    ):
        columns = np.array(
            [n.startswith(prefixes) if prefixes else not n.startswith(SOURCES) for n in names]
        )
        found[source] = head.predict_groups(
            groups | {"metadata": np.where(columns, metadata, groups["metadata"])}
        )
    return found
