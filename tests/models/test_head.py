from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.author_record import AuthorRecord
from models.backbone_files import STARTER
from models.encoding import Encoding, Projection, Staircase
from models.features import Features
from models.head import FILE, GROUPS, Head, HeadUnusable, Member
from models.support import Support
from tests.models.test_features import facts


def made_up_head(members: int = 2) -> Head:
    rng = np.random.default_rng(3)
    features = Features()
    columns = len(features.metadata_names)

    def projection(width: int, directions: int) -> Projection:
        ones = np.ones(directions, np.float32)
        return Projection(
            mean=rng.normal(size=width).astype(np.float32),
            scale=np.ones(width, np.float32),
            basis=rng.normal(size=(width, directions)).astype(np.float32) / 30,
            low=-9 * ones,
            high=9 * ones,
            deviation=ones,
            gain=ones,
        )

    steps = 3
    edges = np.sort(rng.normal(size=(columns, steps + 1)), axis=1).astype(np.float32)
    encoding = Encoding(
        projection(1280, 8),
        projection(features.text_dim, 4),
        projection(features.text_dim, 4),
        Staircase(
            edges,
            np.zeros(columns * steps, np.float32),
            np.ones(columns * steps, np.float32),
        ),
        Support.everything(),
    )
    widths = {"embedding": 8, "title": 4, "text": 4, "metadata": columns * steps}

    def layer(width: int, units: int) -> tuple[np.ndarray, np.ndarray]:
        return (
            rng.normal(size=(width, units)).astype(np.float32) / 4,
            rng.normal(size=units).astype(np.float32) / 4,
        )

    return Head(
        encoding,
        tuple(
            Member(tuple(layer(widths[group], 5) for group in GROUPS), layer(20, 10))
            for _ in range(members)
        ),
        1.7,
    )


def embeddings(n: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=(n, 1280)).astype(np.float32)


def test_predictions_are_distributions() -> None:
    bins = made_up_head().predict(embeddings(4), [facts(title=str(i)) for i in range(4)])
    assert bins.shape == (4, 10)
    assert bins.dtype == np.float64
    np.testing.assert_allclose(bins.sum(axis=1), 1)
    assert (bins >= 0).all()


def test_a_hidden_source_is_a_missing_one() -> None:
    head = made_up_head()
    whole = facts(title="a title", text_in_image="a text", author=AuthorRecord(7, 0.9))
    unknown = replace(whole, title="", author=AuthorRecord.empty())
    hidden = head.predict(embeddings(1), [whole], hide=("author", "title"))
    np.testing.assert_array_equal(hidden, head.predict(embeddings(1), [unknown]))
    assert (hidden != head.predict(embeddings(1), [whole])).any()


def test_knowing_nothing_every_bin_is_alike() -> None:
    np.testing.assert_allclose(Head.uniform().predict(embeddings(1), [facts()]), 0.1)
    assert not Head.uniform().percentile_gradient(embeddings(1), [facts()]).any()


@pytest.mark.parametrize("head", [made_up_head(), Head.uniform()])
def test_what_is_saved_predicts_the_same(head: Head, tmp_path: Path) -> None:
    head.save(tmp_path)
    loaded = Head.load(tmp_path)
    np.testing.assert_array_equal(
        loaded.predict(embeddings(2), [facts(), facts(title="")]),
        head.predict(embeddings(2), [facts(), facts(title="")]),
    )


def test_the_gradient_is_the_slope_of_the_mean_percentile() -> None:
    head, x = made_up_head(), embeddings(1)
    gradient = head.percentile_gradient(x, [facts()])[0]
    middles = (np.arange(10) + 0.5) / 10
    direction = np.random.default_rng(8).normal(size=1280)
    step = 1e-2

    def percentile(at: float) -> float:
        moved = (x + at * direction).astype(np.float32)
        return float(head.predict(moved, [facts()])[0] @ middles)

    slope = (percentile(step) - percentile(-step)) / (2 * step)
    assert slope == pytest.approx(float(gradient @ direction), rel=0.02, abs=1e-5)


def test_a_damaged_file_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(HeadUnusable, match="train again"):
        Head.load(tmp_path)
    made_up_head().save(tmp_path)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(HeadUnusable, match="train again"):
        Head.load(tmp_path)


def test_a_head_for_other_features_is_refused(tmp_path: Path) -> None:
    made_up_head().save(tmp_path)
    with np.load(tmp_path / FILE) as stored:
        arrays = dict(stored)
    arrays["features_version"] = np.array(999)
    np.savez(tmp_path / FILE, **arrays)
    with pytest.raises(HeadUnusable, match="made for features 999"):
        Head.load(tmp_path)


def test_staircase_steps_rise_between_their_quantiles_and_stay_within() -> None:
    stairs = Staircase(
        np.array([[0, 1, 3]], np.float32), np.zeros(2, np.float32), np.ones(2, np.float32)
    )
    values = np.array([[-5], [0.5], [1], [2], [99]], np.float32)
    np.testing.assert_allclose(stairs(values), [[0, 0], [0.5, 0], [1, 0], [1, 0.5], [1, 1]])


def test_what_a_post_has_nothing_of_is_not_called_unlike() -> None:
    head = Head.load(STARTER / "champion")
    strange = "word " * 400
    posts = [facts(title=strange), facts(title=""), facts(title=" ")]
    _, aside = head.predict_with_support(embeddings(3), posts)
    assert ["title" in each for each in aside] == [True, False, False]
    # An image without any meaning is unlike what was learned from, whatever the title.
    assert all("image" in each for each in aside)
    assert not head.predict_with_support(embeddings(1), posts[:1], hide=("title",))[1][0].count(
        "title"
    )
