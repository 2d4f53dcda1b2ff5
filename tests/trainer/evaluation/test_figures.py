import json

import numpy as np
import pytest

from models.distribution import mass_below as mass_below_one
from models.percentiles import BucketRule
from trainer.data.reference import BucketsRefused, Reference, parse_buckets
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.figures import Forecasts, figures, mass_below

RNG = np.random.default_rng(21)
KEYS = {
    "n", "accuracy", "macro_f1", "log_loss", "log_loss_skill", "rps", "rps_skill", "brier", "ece",
    "spearman", "pair_accuracy", "ordinal_loss", "ordinal_loss_reduction", "auc_top10",
    "confusion", "intervals",
}  # fmt: skip


def forecasts(bins: np.ndarray, score: np.ndarray) -> Forecasts:
    reference, rule, n = Reference(np.arange(1000.0)), BucketRule(), len(score)
    return Forecasts(
        bins, score, np.zeros(n, np.int64), reference.intervals(score),
        np.tile(reference.cuts(rule), (n, 1)), reference.buckets(score, rule),
        np.tile(reference.base(rule), (n, 1)),
    )  # fmt: skip


@pytest.mark.parametrize("n", [300, 381])
def test_the_base_rate_has_no_skill(n: int) -> None:
    found = figures(forecasts(np.full((n, 10), 0.1), RNG.random(n) * 1000))
    assert found["rps_skill"] == pytest.approx(0, abs=1e-9)
    assert found["log_loss_skill"] == pytest.approx(0, abs=2e-3)
    assert found["ordinal_loss_reduction"] == pytest.approx(0, abs=1e-9)
    assert found["spearman"] == 0
    assert found["pair_accuracy"] == 0.5
    assert found["auc_top10"] == 0.5


def test_seeing_the_future_is_perfect() -> None:
    score = RNG.random(300) * 1000
    found = figures(forecasts(np.eye(10)[(score / 100).astype(int)], score))
    assert found["ordinal_loss_reduction"] > 0.99
    assert found["rps_skill"] > 0.98
    assert found["auc_top10"] > 0.99


def test_the_json_has_exactly_the_keys_that_were_promised() -> None:
    found = evaluate(
        forecasts(RNG.dirichlet(np.ones(10), 80), RNG.random(80) * 1000), resamples=100
    )
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert set(data) == KEYS
    assert set(data["intervals"]) == KEYS - {"n", "confusion", "intervals"}
    for key, (low, high) in data["intervals"].items():
        assert low <= high
        assert low - 0.05 <= data[key] <= high + 0.05
    assert np.sum(data["confusion"]) == 80


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for trial in range(15):
        rng = np.random.default_rng(trial)
        bins = rng.dirichlet(np.full(10, 0.5), 100)
        drawn = (bins.cumsum(axis=1) < rng.random((100, 1))).sum(axis=1)
        score = (drawn + rng.random(100)) * 100
        low, high = evaluate(forecasts(bins, score), resamples=100).intervals["spearman"]
        # What these forecasts reach in the long run.
        covered += low <= 0.3983 <= high
    assert covered >= 12


def test_many_masses_at_once_are_those_of_one() -> None:
    bins = RNG.dirichlet(np.ones(10), 20)
    cuts = RNG.random((20, 2))
    found = mass_below(bins, cuts)
    for row in range(20):
        for column in range(2):
            expected = mass_below_one(bins[row], float(cuts[row, column]))
            assert found[row, column] == pytest.approx(expected)


@pytest.mark.parametrize("text", ["fixed", "fixed:5", "fixed:9,3", "quarters", "fixed:a,b", ""])
def test_buckets_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(BucketsRefused, match="terciles"):
        parse_buckets(text)


def test_fixed_buckets_are_at_most_and_above() -> None:
    rule = parse_buckets("fixed:2000,20000")
    reference = Reference(np.array([100.0, 2000, 2001, 20_000, 20_001]))
    assert reference.buckets(reference.scores, rule).tolist() == [0, 0, 1, 1, 2]
    assert reference.cuts(rule) == (0.4, 0.8)
    assert reference.base(rule).sum() == pytest.approx(1)


def test_ten_thousand_training_scores_are_thinned_to_their_quantiles() -> None:
    scores = np.sort(RNG.lognormal(8, 2, 10_000))
    thinned = Reference.of(scores)
    assert len(thinned.scores) == 1001
    wanted = RNG.lognormal(8, 2, 50)
    np.testing.assert_allclose(
        thinned.intervals(wanted).middle, Reference(scores).intervals(wanted).middle, atol=0.002
    )


def test_where_every_score_ties_nothing_is_told() -> None:
    reference, rule, n = Reference(np.zeros(60)), BucketRule(2000, 20000), 60
    score = np.zeros(n)
    tied = Forecasts(
        RNG.dirichlet(np.ones(10), n), score, np.zeros(n, np.int64), reference.intervals(score),
        np.tile(reference.cuts(rule), (n, 1)), reference.buckets(score, rule),
        np.tile(reference.base(rule), (n, 1)),
    )  # fmt: skip
    found = evaluate(tied, resamples=100)
    data = json.loads(json.dumps(found.to_json(), allow_nan=False))
    for key in ("rps_skill", "log_loss_skill", "spearman", "pair_accuracy"):
        assert data[key] is None
        assert data["intervals"][key] is None
    assert "cannot be compared" in found.notes[0]


def test_one_score_for_all_tells_nothing_among_others_either() -> None:
    found = evaluate(forecasts(RNG.dirichlet(np.ones(10), 40), np.full(40, 5.0)), resamples=100)
    data = found.to_json()
    for name in ("log_loss_skill", "rps_skill", "ordinal_loss_reduction", "spearman"):
        assert data[name] is None, name
        assert data["intervals"][name] is None
    assert data["accuracy"] is not None
    assert found.notes[0] == (
        "Nothing to tell yet about skill: all scores tie, so that they cannot be compared."
    )


@pytest.mark.parametrize("n", [12, 60, 300])
@pytest.mark.parametrize("sure", [0.2, 1.0, 5.0])
def test_the_interval_of_the_calibration_error_holds_the_estimate(n: int, sure: float) -> None:
    rng = np.random.default_rng(n)
    for _ in range(3):
        found = evaluate(
            forecasts(rng.dirichlet(np.full(10, 1 / sure), n), rng.random(n) * 1000), resamples=200
        )
        low, high = found.intervals["ece"]
        assert 0 <= low <= found.figures["ece"] <= high


def test_the_interval_of_the_calibration_error_reaches_down_to_a_perfect_one() -> None:
    rng = np.random.default_rng(3)
    hits, errors, by_chance = 0, [], []
    for _ in range(20):
        bins = rng.dirichlet(np.full(10, 0.4), 200)
        drawn = (bins.cumsum(axis=1) > rng.random((200, 1))).argmax(axis=1)
        score = (drawn + rng.random(200)) * 100
        found = evaluate(forecasts(bins, score), resamples=100)
        hits += found.intervals["ece"][0] < 0.01
        errors.append(found.figures["ece"])
        by_chance.append(found.figures["ece_by_chance"])
        assert f"would be {by_chance[-1]:.3f} on average in 200 posts" in found.notes[-1]
    assert hits >= 16
    # What luck alone does stands beside it.
    assert np.mean(by_chance) == pytest.approx(np.mean(errors), abs=0.015)
