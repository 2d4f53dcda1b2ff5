from pathlib import Path

import numpy as np
import pytest

from models.growth_curves import CurvesUnusable, FinalScore, GrowthCurves, Trees
from models.trajectories import Reading, Trajectory
from tests.fixtures.trajectories import rows
from trainer.growth import fit_curves

pytest.importorskip("sklearn")

AGE, HORIZON = 3600.0, 3 * 3600.0


def learned(n: int = 200, **how: bool) -> GrowthCurves:
    trajectories, final = posts(n)
    curve = fit_curves.fit_curve(trajectories, final, AGE, **how)
    return GrowthCurves(HORIZON, (curve,))


def posts(n: int, seed: int = 1) -> tuple[list[Trajectory], np.ndarray]:
    found = rows(n, seed=seed)
    readings = [Trajectory.of([Reading(AGE, p["scores"][1], p["comments"][1])]) for p in found]
    return readings, np.array([p["scores"][-1] for p in found], np.float64)


@pytest.fixture(scope="module")
def curves() -> GrowthCurves:
    return learned(400)


def look(curves: GrowthCurves, score: float, comments: float | None) -> FinalScore:
    found = curves.final(Trajectory.of([Reading(AGE, score, comments)]), HORIZON)
    assert found is not None
    return found


def test_small_scores_stay_and_large_ones_run_away(curves: GrowthCurves) -> None:
    assert np.sinh(look(curves, 20, 1).median) == pytest.approx(22, rel=0.2)
    assert np.sinh(look(curves, 70, 30).median) == pytest.approx(560, rel=0.2)
    assert np.sinh(look(curves, 70, 1).median) == pytest.approx(77, rel=0.2)


def test_eight_in_ten_outcomes_lie_in_the_interval(curves: GrowthCurves) -> None:
    trajectories, final = posts(2000, seed=2)
    found = curves.curves[0].final(np.array([each.features() for each in trajectories]))
    inside = (found[:, 0] <= np.arcsinh(final)) & (np.arcsinh(final) <= found[:, 2])
    assert inside.mean() == pytest.approx(0.8, abs=0.06)


def test_arrays_say_what_scikit_learn_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for what is missing, and at thresholds."""
    kept = []
    as_arrays = fit_curves._as_arrays

    def note(models: list) -> Trees:
        kept.append((models, as_arrays(models)))
        return kept[-1][1]

    monkeypatch.setattr(fit_curves, "_as_arrays", note)
    monkeypatch.setitem(fit_curves._TREES, "max_iter", 10)
    learned(100, thinned=True)
    features = np.array([each.features() for each in posts(300, seed=3)[0]])
    # The trees are fitted on what is known of any post.
    features = features[:, ~np.isnan(features).all(axis=0)]
    features[::3, 1] = np.nan
    for models, trees in kept:
        expected = sum(model.predict(features) for model in models)
        assert trees(features) == pytest.approx(expected)


def test_a_file_says_the_same(curves: GrowthCurves, tmp_path: Path) -> None:
    curves.save(tmp_path / "curves.npz")
    loaded = GrowthCurves.load(tmp_path / "curves.npz")
    for score, comments in ((3, 1), (70, 30), (-5, None)):
        assert look(loaded, score, comments) == pytest.approx(
            look(curves, score, comments), abs=1e-4
        )


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_file_is_refused(
    curves: GrowthCurves, tmp_path: Path, damage: bytes | None
) -> None:
    path = tmp_path / "curves.npz"
    curves.save(path)
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    with pytest.raises(CurvesUnusable, match="cannot be read"):
        GrowthCurves.load(path)


@pytest.mark.parametrize(
    ("age", "horizon", "known"),
    [
        (AGE, HORIZON, True), (AGE * 1.2, HORIZON, True), (AGE / 1.2, HORIZON, True),
        (AGE * 1.3, HORIZON, False), (AGE / 1.3, HORIZON, False), (AGE, 2 * HORIZON, False),
    ],
)  # fmt: skip
def test_of_ages_and_horizons_that_were_not_learned_nothing_is_said(
    curves: GrowthCurves, age: float, horizon: float, known: bool
) -> None:
    found = curves.final(Trajectory.of([Reading(age, 10, 1)]), horizon)
    assert (found is not None) is known


def test_without_a_reading_nothing_is_said(curves: GrowthCurves) -> None:
    assert curves.final(Trajectory.of([]), HORIZON) is None


def test_with_few_posts_nothing_is_learned() -> None:
    with pytest.raises(ValueError, match="too few"):
        learned(fit_curves.MIN_POSTS - 1)


def test_the_chance_of_a_high_score_counts_the_spread() -> None:
    assert FinalScore(1, 2, 3).above(np.sinh(2)) == 0
    assert FinalScore(1, 2, 3).above(np.sinh(3)) == pytest.approx(-1.2816, abs=1e-3)
    assert FinalScore(1, 2, 5).above(np.sinh(3)) > FinalScore(1, 2, 3).above(np.sinh(3))
