import json

import numpy as np

from trainer.evaluation.gate import GateRules, Judged, judge, judge_expert

RNG = np.random.default_rng(4)
CHAMPION = RNG.random(200) * 0.2 + 0.1
ONE = np.zeros(200, np.int64)
#: What knowing nothing scores: a little worse than the champion.
BASE = CHAMPION + 0.01 + RNG.normal(size=200) * 0.02


def test_a_better_challenger_is_promoted_with_its_evidence() -> None:
    verdict = judge(
        Judged(CHAMPION - 0.02, 0.04), Judged(CHAMPION, 0.05), ONE, base_rps=BASE, against="v1"
    )
    assert verdict.promote
    assert verdict.evidence["probability_better"] == 1
    assert verdict.evidence["gain"] > 0
    json.dumps(verdict.evidence, allow_nan=False)


def test_luck_is_not_enough() -> None:
    noise = CHAMPION + RNG.normal(size=200) * 0.05
    verdict = judge(Judged(noise, 0.04), Judged(CHAMPION, 0.04), ONE, base_rps=BASE, against="v1")
    assert not verdict.promote
    assert "0.90 is needed" in verdict.reason


def test_a_twin_of_the_champion_is_kept_back() -> None:
    verdict = judge(
        Judged(CHAMPION, 0.04), Judged(CHAMPION, 0.04), ONE, base_rps=BASE, against="v1"
    )
    assert not verdict.promote
    assert verdict.evidence["probability_better"] == 0.5


def test_better_but_worse_calibrated_is_kept_back() -> None:
    verdict = judge(
        Judged(CHAMPION - 0.02, 0.20), Judged(CHAMPION, 0.05), ONE, base_rps=BASE, against="v1"
    )
    assert not verdict.promote
    assert "calibrat" in verdict.reason


def test_who_says_nothing_is_not_better_calibrated_than_chance_allows() -> None:
    # Next to a champion that always says the base rate any forecast is off by something.
    challenger = Judged(CHAMPION - 0.02, 0.05, by_chance=0.03)
    champion = Judged(CHAMPION, 0.001, by_chance=0.001)
    assert judge(challenger, champion, ONE, base_rps=BASE, against="v1").promote
    surely_worse = Judged(CHAMPION - 0.02, 0.09, by_chance=0.03)
    assert not judge(surely_worse, champion, ONE, base_rps=BASE, against="v1").promote


def test_no_community_may_pay_for_the_others() -> None:
    communities = np.repeat([1, 2], [160, 40])
    challenger = np.where(communities == 1, CHAMPION - 0.05, CHAMPION + 0.05)
    verdict = judge(
        Judged(challenger, 0.05), Judged(CHAMPION, 0.05), communities,
        base_rps=BASE, against="v1", community_names={2: "r/cats"},
    )  # fmt: skip
    assert not verdict.promote
    assert "r/cats" in verdict.reason


def test_a_first_version_needs_to_be_surely_better_than_the_base_rate() -> None:
    rng = np.random.default_rng(5)
    gain = rng.normal(size=200) * 0.05
    gain -= gain.mean()
    base = Judged(BASE, 0.0)
    for better, promoted in ((0.012, True), (0.006, False), (0.0, False), (-0.01, False)):
        verdict = judge(Judged(BASE - gain - better, 0.3), base, ONE, base_rps=BASE, against=None)
        assert verdict.promote == promoted, better


def test_beating_a_champion_that_is_worse_than_the_base_rate_is_not_enough() -> None:
    """As when labels are shuffled: knowing nothing beats whoever knew something."""
    champion = BASE + 0.05
    knows_nothing = BASE + RNG.normal(size=200) * 0.01
    verdict = judge(
        Judged(knows_nothing, 0.04), Judged(champion, 0.04), ONE, base_rps=BASE, against="v1"
    )
    assert not verdict.promote
    assert verdict.evidence["probability_better"] == 1
    assert "better than the base rate only with probability" in verdict.reason


def test_too_few_posts_show_nothing() -> None:
    few = CHAMPION[:5]
    verdict = judge(Judged(few - 0.1, 0), Judged(few, 0), ONE[:5], base_rps=BASE[:5], against="v1")
    assert not verdict.promote
    assert "Only 5" in verdict.reason


def test_the_same_evidence_gives_the_same_verdict() -> None:
    close = CHAMPION + RNG.normal(size=200) * 0.05 - 0.004
    first, second = (
        judge(
            Judged(close, 0.04),
            Judged(CHAMPION, 0.04),
            ONE,
            base_rps=BASE,
            against="v1",
            rules=GateRules(),
        )
        for _ in range(2)
    )
    assert first == second


def test_a_community_whose_scores_all_tie_is_never_the_worst() -> None:
    communities = np.repeat([1, 2], [160, 40])
    champion = np.where(communities == 1, CHAMPION, 3e-33)
    verdict = judge(
        Judged(np.where(communities == 1, CHAMPION - 0.05, 1e-4), 0.05), Judged(champion, 0.05),
        communities, base_rps=champion + 0.01, against="v1", nothing_to_tell={2},
    )  # fmt: skip
    assert verdict.promote
    assert verdict.evidence["worst_community"] == 1


def test_an_expert_has_a_say_unless_it_is_plainly_worse_than_the_base_rate() -> None:
    def verdict(rps: np.ndarray) -> tuple[bool, str]:
        found = judge(
            Judged(rps, 0.04), Judged(BASE[: len(rps)], 0.0), ONE[: len(rps)],
            base_rps=BASE[: len(rps)], against=None,
        )  # fmt: skip
        joined = judge_expert(found)
        assert joined.evidence == found.evidence
        return joined.promote, joined.reason

    noise = RNG.normal(size=200) * 0.05
    assert verdict(BASE - 0.02)[0]
    # Luck either way: the mixture finds out.
    assert verdict(BASE + noise - noise.mean())[0]
    has_say, reason = verdict(BASE + 0.02)
    assert not has_say
    assert "plainly worse" in reason
    has_say, reason = verdict(BASE[:5] - 0.02)
    assert not has_say
    assert "Only 5 new labels" in reason
