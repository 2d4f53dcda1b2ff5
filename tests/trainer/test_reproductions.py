import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from tests.trainer.example_posts import learnable
from trainer import dufour, lu
from trainer.recipe import Recipe
from trainer.replay import replay

TINY = Recipe(members=1, max_epochs=3, embedding_directions=4, text_directions=4)


def test_the_first_fifth_of_each_class_by_file_name_validates() -> None:
    scores = np.array([100.0] * 10 + [5000.0] * 10 + [90_000.0] * 5)
    ids = [f"{number:03d}" for number in reversed(range(25))]
    split = lu.split_of(ids, lu.classes_of(scores))
    # Ids fall along the rows, so the first names of each class are its last rows.
    assert split.validate.tolist() == [8, 9, 18, 19, 24]
    assert sorted([*split.train, *split.validate]) == list(range(25))


def test_borders_of_the_classes_belong_to_the_lower_one() -> None:
    assert lu.classes_of(np.array([2000.0, 2001, 20_000, 20_001])).tolist() == [0, 1, 1, 2]


def test_buckets_spread_over_bins_give_the_buckets_back() -> None:
    from trainer.evaluation import mass_below

    buckets = np.random.default_rng(1).dirichlet(np.ones(3), 20)
    cuts = (0.2, 0.6)
    below = mass_below(lu.ten_bins(buckets, cuts), np.tile(cuts, (20, 1)))
    np.testing.assert_allclose(below[:, 0], buckets[:, 0])
    np.testing.assert_allclose(below[:, 1] - below[:, 0], buckets[:, 1])


def test_ridge_is_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    x, y, wanted = rng.normal(size=(50, 8)), rng.normal(size=50), rng.normal(size=(5, 8))
    standard = (x - x.mean(axis=0)) / (x.std(axis=0) + 1e-6)
    theirs = Ridge(10_000.0).fit(standard, y)
    expected = theirs.predict((wanted - x.mean(axis=0)) / (x.std(axis=0) + 1e-6))
    np.testing.assert_allclose(dufour.ridge(x, y, wanted), expected)


def test_measures_that_are_missing_or_never_vary_are_named(tmp_path: Path) -> None:
    rows = [{"ups": n, "views": n * n, "num_comments": 0, "downs": 0} for n in range(10)]
    path = tmp_path / "posts.json"
    path.write_text(json.dumps({"_default": dict(enumerate(rows))}), "utf-8")
    found = dufour.measures_of(path)
    assert found.names == ["score", "views"]
    assert found.missing == ["comments", "ratio of upvotes", "favourites"]
    assert found.means[0] == pytest.approx(4.5)
    expected = np.corrcoef(np.arange(10), np.arange(10) ** 2)
    np.testing.assert_allclose(found.correlations, expected)


def test_scores_beyond_six_deviations_are_removed() -> None:
    posts = learnable(200)
    posts.score[7] = 1e6
    found = dufour.reproduce(posts, seeds=1, recipe=TINY)
    assert found.removed == 1
    tasks = {(outcome.task, outcome.contender) for outcome in found.outcomes}
    assert ("yes or no", "always no") in tasks
    assert ("ten bins", "ours") in tasks
    assert ("regression of the score", "ours") in tasks


def test_a_replay_predicts_every_post_once_after_the_first_labels() -> None:
    steps, whole = replay(learnable(200), every=120, seed=1, recipe_for=lambda _: TINY)
    assert [step.labels for step in steps] == [120]
    assert len(whole) == 80
