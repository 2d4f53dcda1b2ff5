"""The gate's bounds: what just passes and what just does not. Figures are the design's defaults."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from trainer.evaluation.gate import GateRules, Judged, Verdict, judge

#: Score of the champion on every post, and what the challenger is better by.
CHAMPION, GAIN = 0.2, 0.02


def verdict(
    champion: np.ndarray,
    challenger: np.ndarray,
    *,
    base: np.ndarray | None = None,
    errors: tuple[float, float] = (0.0, 0.0),
    communities: np.ndarray | None = None,
    against: str | None = "v1",
    rules: GateRules | None = None,
) -> Verdict:
    """``errors``: expected calibration errors of the challenger and the champion."""
    if communities is None:
        communities = np.ones(len(champion), np.int64)
    return judge(
        Judged(challenger, errors[0]),
        Judged(champion, errors[1]),
        communities,
        base_rps=champion + 0.05 if base is None else base,
        against=against,
        rules=rules,
    )


def better_everywhere(n: int = 100, **changes: object) -> Verdict:
    champion = np.full(n, CHAMPION)
    return verdict(champion, champion - GAIN, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(("n", "promoted"), [(9, False), (10, True), (11, True)])
def test_ten_posts_are_enough_to_judge_by(n: int, promoted: bool) -> None:
    assert better_everywhere(n).promote is promoted


def test_too_few_posts_are_counted_in_the_reason() -> None:
    assert better_everywhere(9).reason == "Only 9 new labels to judge by; at least 10 are needed."


@pytest.mark.parametrize(
    ("challenger", "champion", "promoted"),
    [
        (0.029, 0.0, True),
        (0.03, 0.0, True),
        (0.031, 0.0, False),
        (0.079, 0.05, True),
        (0.081, 0.05, False),
        (0.0, 0.5, True),
    ],
)
def test_calibration_may_be_three_points_worse(
    challenger: float, champion: float, promoted: bool
) -> None:
    found = better_everywhere(errors=(challenger, champion))
    assert found.promote is promoted
    assert ("calibrat" in found.reason) is not promoted


def test_a_first_version_is_held_to_no_calibration() -> None:
    assert better_everywhere(errors=(0.5, 0.0), against=None).promote


def two_communities(loss: float, posts: int, *, before: float = CHAMPION) -> tuple[np.ndarray, ...]:
    """The first of 200 posts gains; the second, of ``posts``, loses this share of its score."""
    communities = np.repeat([1, 2], [200, posts])
    champion = np.where(communities == 1, CHAMPION, before)
    challenger = np.where(communities == 1, CHAMPION / 2, before * (1 + loss))
    return champion, challenger, communities


@pytest.mark.parametrize(("loss", "promoted"), [(0.0, True), (0.049, True), (0.051, False)])
def test_a_community_may_lose_a_twentieth_of_its_score(loss: float, promoted: bool) -> None:
    champion, challenger, communities = two_communities(loss, 40)
    found = verdict(champion, challenger, communities=communities)
    assert found.promote is promoted
    assert found.evidence["worst_community"] == 2
    assert found.evidence["worst_community_loss"] == pytest.approx(loss)


def test_exactly_as_much_as_a_community_may_lose_passes() -> None:
    # A quarter of 1 is exact in floating point; a twentieth is not.
    champion, challenger, communities = two_communities(0.25, 40, before=1.0)
    for bound, promoted in ((0.25, True), (0.2499, False)):
        rules = GateRules(max_community_loss=bound)
        found = verdict(champion, challenger, communities=communities, rules=rules)
        assert found.promote is promoted


@pytest.mark.parametrize(("posts", "judged"), [(19, False), (20, True), (21, True)])
def test_a_community_of_twenty_posts_is_judged_by_itself(posts: int, judged: bool) -> None:
    champion, challenger, communities = two_communities(0.5, posts)
    found = verdict(champion, challenger, communities=communities)
    assert found.promote is not judged
    assert found.evidence["worst_community"] == (2 if judged else 1)


def test_without_a_community_of_size_none_is_the_worst() -> None:
    found = better_everywhere(19)
    assert found.promote
    assert found.evidence["worst_community"] is None
    assert found.evidence["worst_community_loss"] == 0


def test_the_worst_of_several_communities_is_found() -> None:
    communities = np.repeat([1, 2, 3], [200, 30, 30])
    share = np.select([communities == 1, communities == 2], [0.5, 1.3], 1.1)
    champion = np.full(260, CHAMPION)
    found = verdict(champion, champion * share, communities=communities)
    assert found.evidence["worst_community"] == 2
    assert found.evidence["worst_community_loss"] == pytest.approx(0.3)


def test_where_the_champion_was_perfect_no_share_can_be_lost() -> None:
    champion, _, communities = two_communities(0.0, 40, before=0.0)
    challenger = np.where(communities == 1, CHAMPION / 2, 0.01)
    found = verdict(champion, challenger, communities=communities)
    assert found.promote
    assert found.evidence["worst_community_loss"] == 0


def gains(probability: float, n: int = 400) -> np.ndarray:
    """Gains whose resampled mean is above 0 with about this probability."""
    spread = np.array([1.0, -1.0] * (n // 2)) * 0.05
    error = spread.std() / math.sqrt(n)
    return np.asarray(spread + NormalDist().inv_cdf(probability) * error)


@pytest.mark.parametrize(("probability", "promoted"), [(0.87, False), (0.93, True)])
def test_nine_in_ten_are_needed_against_a_champion(probability: float, promoted: bool) -> None:
    champion = np.full(400, CHAMPION)
    found = verdict(champion, champion - gains(probability))
    assert found.evidence["probability_better"] == pytest.approx(probability, abs=0.02)
    assert found.evidence["probability_needed"] == 0.9
    assert found.promote is promoted


@pytest.mark.parametrize(("probability", "promoted"), [(0.975, False), (0.998, True)])
@pytest.mark.parametrize("against", [None, "v1"])
def test_ninety_nine_in_a_hundred_are_needed_against_the_base_rate(
    probability: float, promoted: bool, against: str | None
) -> None:
    base = np.full(400, CHAMPION)
    challenger = base - gains(probability)
    champion = base if against is None else challenger + GAIN
    found = verdict(champion, challenger, base=base, against=against)
    assert found.evidence["probability_of_skill"] == pytest.approx(probability, abs=0.01)
    assert found.promote is promoted
    if not promoted:
        assert "0.99 is needed" in found.reason


def test_exactly_the_probability_that_is_needed_passes() -> None:
    champion = np.full(50, CHAMPION)
    # Twins are better with probability ½; all are better than the base rate with probability 1.
    for needed, promoted in ((0.5, True), (0.5001, False)):
        rules = GateRules(min_probability=needed, min_probability_of_skill=1.0)
        assert verdict(champion, champion, rules=rules).promote is promoted


def test_intervals_are_95_percent_of_what_chance_brings() -> None:
    rng = np.random.default_rng(1)
    champion = 0.3 + rng.normal(size=2000) * 0.05
    gain = 0.01 + rng.normal(size=2000) * 0.04
    evidence = verdict(champion, champion - gain).evidence
    for name, values in (
        ("gain", gain),
        ("rps_champion", champion),
        ("rps_challenger", champion - gain),
    ):
        half = 1.959964 * values.std() / math.sqrt(len(values))
        low, high = evidence[f"{name}_interval"]
        assert evidence[name] == pytest.approx(values.mean())
        assert high - low == pytest.approx(2 * half, rel=0.06)
        assert (low + high) / 2 == pytest.approx(values.mean(), abs=half / 10)
