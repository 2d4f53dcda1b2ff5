import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from models.backbone import EMBEDDING_SIZE
from models.features import Features
from storage.files.posts_export import FilePost
from tests.trainer.example_posts import learnable
from trainer.data.file_posts import FilePosts, Seen
from trainer.head.recipe import Recipe
from trainer.studies import dufour, lu
from trainer.studies.replay import replay

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


def by_one_author(count: int) -> FilePosts:
    """Posts a day apart of one author, scores falling and rising."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    posts = [
        FilePost(
            source_id=f"p{number:03d}", title=f"post {number}", author="anna",
            posted_at=start + timedelta(days=2 * number), score=100.0 * (number % 7 + 1),
            media=None,
        )
        for number in range(count)
    ]  # fmt: skip
    shades = np.random.default_rng(1).normal(size=(count, EMBEDDING_SIZE)).astype(np.float16)
    seen = {
        number: Seen(
            f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}",
            None,
            shades[number],
            1.0,
        )
        for number in range(count)
    }
    return FilePosts(posts, seen, Counter(), start + timedelta(days=1000))


def test_authors_are_followed_through_the_validation_posts_alone() -> None:
    posts = by_one_author(20)
    split = lu.Split(np.arange(8, 20), np.arange(8))
    n_of = Features().metadata_names.index("author_n")
    unseen = np.expm1(lu.posts_of(posts, split, followed=False).groups["metadata"][:, n_of])
    known = np.expm1(lu.posts_of(posts, split, followed=True).groups["metadata"][:, n_of])
    # Training posts come later here, and count one another; no validation post is among them.
    np.testing.assert_allclose(unseen, [0] * 8 + list(range(12)), atol=1e-3)
    np.testing.assert_allclose(known, [*range(8), *range(12)], atol=1e-3)


def test_what_is_fitted_on_is_the_same_whether_authors_are_followed_or_not() -> None:
    posts = by_one_author(20)
    split = lu.Split(np.arange(8, 20), np.arange(8))
    unseen, known = (lu.posts_of(posts, split, followed=each) for each in (False, True))
    for group, values in unseen.groups.items():
        np.testing.assert_array_equal(known.groups[group][split.train], values[split.train])


def test_ours_is_shown_with_and_without_records() -> None:
    posts = by_one_author(60)
    split = lu.Split(np.arange(20, 60), np.arange(20))
    names = [each.name for each in lu.ours(posts, split, seed=1, recipe=TINY)]
    assert names == [lu.OURS, lu.FOLLOWED]


def test_buckets_spread_over_bins_give_the_buckets_back() -> None:
    from trainer.evaluation.figures import mass_below

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
    told: list[tuple[str, int, int]] = []
    found = dufour.reproduce(posts, seeds=2, recipe=TINY, progress=lambda *step: told.append(step))
    assert told == [("our head", 0, 2), ("our head", 1, 2)]
    assert found.removed == 1
    tasks = {(outcome.task, outcome.contender) for outcome in found.outcomes}
    assert {c for task, c in tasks if task == "yes or no"} & {"always no", "always yes"}
    assert ("ten bins", "ours") in tasks
    assert ("regression of the score", "ours") in tasks


def test_a_replay_predicts_every_post_once_after_the_first_labels() -> None:
    steps, whole = replay(learnable(200), every=120, seed=1, recipe_for=lambda _: TINY)
    assert [step.labels for step in steps] == [120]
    assert len(whole) == 80


def test_the_studys_classes_are_scored_as_it_states_them() -> None:
    rng = np.random.default_rng(5)
    scores = rng.choice([500.0, 1500, 9000, 12_000, 50_000], 200)
    split = lu.split_of([f"{n:03d}" for n in range(200)], lu.classes_of(scores))
    stated = rng.dirichlet(np.full(3, 0.3), len(split.validate))
    cuts = (0.13, 0.37)
    found = lu.result_of(
        "study", 1, lu.forecasts_of(scores, split, lu.ten_bins(stated, cuts), stated), 0.0
    )
    happened = lu.classes_of(scores[split.validate])
    picked = np.clip(stated[np.arange(len(happened)), happened], np.finfo(float).eps, 1)
    assert found.figures["log_loss"] == pytest.approx(-np.log(picked).mean())
    assert found.figures["accuracy"] == pytest.approx((stated.argmax(axis=1) == happened).mean())
    assert found.confusion.trace() == (stated.argmax(axis=1) == happened).sum()


def measured(tmp_path: Path, *rows: dict[str, float]) -> Path:
    path = tmp_path / "posts.json"
    path.write_text(json.dumps(list(rows)), "utf-8")
    return path


def test_the_measure_is_the_one_that_the_file_has(tmp_path: Path) -> None:
    path = measured(tmp_path, *({"ups": 0, "views": n, "favs": n % 3} for n in range(9)))
    measures = dufour.measures_of(path)
    assert dufour.measure_to_study(measures, None, path) == "views"
    assert dufour.measure_to_study(measures, "favourites", path) == "favourites"
    for asked in ("score", "comments", "beauty"):
        with pytest.raises(dufour.StudyRefused):
            dufour.measure_to_study(measures, asked, path)


def test_a_measure_that_some_rows_lack_is_taken_over_the_others(tmp_path: Path) -> None:
    rows = [{"ups": n} | ({"views": 2.0 * n} if n % 2 else {}) for n in range(8)]
    found = dufour.measures_of(measured(tmp_path, *rows, {"comments": 1.0}, {"comments": 2.0}))
    assert found.names == ["score", "views", "comments"]
    assert found.means[1] == pytest.approx(8)
    assert found.correlations[0, 1] == pytest.approx(1)
    # No row has both.
    assert np.isnan(found.correlations[0, 2])


def test_where_all_scores_are_equal_the_study_is_refused() -> None:
    posts = learnable(60)
    posts.score[:] = 3.0
    with pytest.raises(dufour.StudyRefused, match="no two different scores"):
        dufour.reproduce(posts, seeds=1, recipe=TINY)


@pytest.mark.parametrize("threshold", [-1.0, 1e9])
def test_a_threshold_with_everything_on_one_side_is_refused(threshold: float) -> None:
    with pytest.raises(dufour.StudyRefused, match="--threshold"):
        dufour.reproduce(learnable(60), seeds=1, recipe=TINY, threshold=threshold)


def test_ties_leave_no_figure_undefined() -> None:
    posts = learnable(120)
    posts.score[:] = np.where(posts.score > np.quantile(posts.score, 0.7), posts.score, 0.0)
    found = dufour.reproduce(posts, seeds=1, recipe=TINY)
    assert all(np.isfinite(v) for outcome in found.outcomes for v in outcome.figures.values())
    assert 0 < found.yes < 1
