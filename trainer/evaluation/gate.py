"""The gate: whether a challenger may serve, as one pure function with its evidence."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GateRules:
    """What a challenger must show."""

    #: Probability of being better than the champion (paired bootstrap, ranked probability score).
    min_probability: float = 0.9
    #: Probability of being better than the base rate. A champion can be beaten by knowing nothing,
    #: where labels are wrong or the community has changed its mind: that is no reason to serve.
    min_probability_of_skill: float = 0.99
    #: Where that of being better than the base rate is below this, it is plainly worse, and has no
    #: say beside others, either.
    min_probability_of_a_say: float = 0.05
    #: How much worse calibrated (expected calibration error beyond chance) than the champion it
    #: may be.
    max_calibration_loss: float = 0.03
    #: A community may lose at most this share of its ranked probability score …
    max_community_loss: float = 0.05
    #: … judged only where there are so many posts.
    min_community_posts: int = 20
    #: Fewer judged posts than this show nothing.
    min_posts: int = 10
    resamples: int = 2000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Judged:
    """One forecaster on the judged posts.

    Attributes:
        rps: its ranked probability score on each, lower is better.
        calibration_error: its expected calibration error.
        by_chance: what that would be if its probabilities were true: who says more than the base
            rate is off by something on few posts, and who says nothing is not.
    """

    rps: Numbers
    calibration_error: float
    by_chance: float = 0.0

    @property
    def miscalibration(self) -> float:
        """The calibration error beyond chance."""
        return self.calibration_error - self.by_chance


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to promote, why, and what it rests on (JSON values only)."""

    promote: bool
    reason: str
    evidence: dict[str, Any]


def judge(
    challenger: Judged,
    champion: Judged,
    communities: NDArray[np.int64],
    *,
    base_rps: Numbers,
    against: str | None,
    rules: GateRules | None = None,
    community_names: Mapping[int, str] = MappingProxyType({}),
    nothing_to_tell: Collection[int] = (),
) -> Verdict:
    """Compare a challenger with the champion on the same posts, which neither was trained on.

    Args:
        challenger: its scores on the ``n`` judged posts.
        champion: the champion's on the same posts; the base rate's when there is none.
        communities: int64 [n].
        base_rps: the base rate's ranked probability scores on the same posts, float64 [n].
        against: the champion's name; None when there is none.
        rules: thresholds; the defaults are the design's.
        community_names: what the communities are called in the reason, by id; without a name,
            the number is given.
        nothing_to_tell: communities whose scores cannot be compared
            (`models.metrics.why_no_skill`); none of them is the worst.
    """
    rules = rules or GateRules()
    gain = champion.rps - challenger.rps
    n = len(gain)
    baseline = against or "the base rate"
    if n < rules.min_posts:
        return Verdict(
            False,
            f"Only {n} new labels to judge by; at least {rules.min_posts} are needed.",
            {"posts": n, "against": against, "rules": asdict(rules)},
        )
    resamples = _resampled(challenger.rps, champion.rps, base_rps, rules)
    probability, probability_of_skill = _share_above(resamples[:, 0]), _share_above(resamples[:, 3])
    intervals = np.quantile(resamples, [0.025, 0.975], axis=0).T.tolist()
    needed = rules.min_probability if against else rules.min_probability_of_skill
    worst, worst_loss = _worst_community(
        challenger.rps, champion.rps, communities, nothing_to_tell, rules
    )
    evidence: dict[str, Any] = {
        "posts": n,
        "against": against,
        "probability_better": probability,
        "probability_needed": needed,
        "probability_of_skill": probability_of_skill,
        "rps_challenger": float(challenger.rps.mean()),
        "rps_challenger_interval": intervals[1],
        "rps_champion": float(champion.rps.mean()),
        "rps_champion_interval": intervals[2],
        "gain": float(gain.mean()),
        "gain_interval": intervals[0],
        "ece_challenger": challenger.calibration_error,
        "ece_champion": champion.calibration_error,
        "ece_challenger_by_chance": challenger.by_chance,
        "ece_champion_by_chance": champion.by_chance,
        "worst_community": worst,
        "worst_community_loss": worst_loss,
        "rules": asdict(rules),
    }
    excess = challenger.miscalibration - champion.miscalibration
    promote = False
    if probability < needed:
        reason = (
            f"Better than {baseline} with probability {probability:.2f} on {n} labels; "
            f"{needed:.2f} is needed."
        )
    elif probability_of_skill < rules.min_probability_of_skill:
        reason = (
            f"Better than {baseline}, but better than the base rate only with probability "
            f"{probability_of_skill:.2f} on {n} labels; {rules.min_probability_of_skill:.2f} is "
            "needed."
        )
    # The base rate is calibrated by definition, so a first version has nothing to be held to.
    elif against and excess > rules.max_calibration_loss:
        reason = (
            f"Better than {baseline}, but worse calibrated: expected calibration error "
            f"{challenger.calibration_error:.3f} against {champion.calibration_error:.3f}."
        )
    elif worst is not None and worst_loss > rules.max_community_loss:
        name = community_names.get(worst, f"community {worst}")
        reason = f"Better than {baseline} on the whole, but {worst_loss:.0%} worse in {name}."
    else:
        promote = True
        reason = f"Better than {baseline} with probability {probability:.2f} on {n} labels."
    return Verdict(promote, reason, evidence)


def judge_expert(judged: Verdict, rules: GateRules | None = None) -> Verdict:
    """Whether a head that was judged may have a say beside the one that serves.

    The mixture weighs it by what it says, and so it has not to be better than anything: it must not
    be plainly worse than the base rate, on labels that it was not fitted on.

    Args:
        judged: by `judge`, against no champion.
    """
    rules = rules or GateRules()
    probability = judged.evidence.get("probability_of_skill")
    if probability is None:
        # Too few labels to judge by; that verdict says how many.
        return judged
    n = judged.evidence["posts"]
    if probability < rules.min_probability_of_a_say:
        reason = f"It has no say: on {n} labels it is plainly worse than the base rate."
        return Verdict(False, reason, judged.evidence)
    reason = (
        f"It has a say here from now on; the mixture weighs it. Better than the base rate with"
        f" probability {probability:.2f} on {n} labels."
    )
    return Verdict(True, reason, judged.evidence)


def _resampled(
    challenger: Numbers, champion: Numbers, base_rate: Numbers, rules: GateRules
) -> Numbers:
    """Paired bootstrap of the mean scores, float64 [resamples, 4].

    Columns: the gain over the champion, the challenger's and the champion's score, the gain over
    the base rate.
    """
    rng = np.random.default_rng(rules.seed)
    columns = np.stack(
        [champion - challenger, challenger, champion, base_rate - challenger], axis=1
    )
    means = np.empty((rules.resamples, columns.shape[1]))
    # One resample at a time: there may be many posts.
    for number in range(rules.resamples):
        means[number] = columns[rng.integers(0, len(columns), len(columns))].mean(axis=0)
    return means


def _share_above(means: Numbers) -> float:
    """The share of resampled means above 0; those of exactly 0 count half."""
    return float((means > 0).mean() + (means == 0).mean() / 2)


def _worst_community(
    challenger: Numbers,
    champion: Numbers,
    communities: NDArray[np.int64],
    nothing_to_tell: Collection[int],
    rules: GateRules,
) -> tuple[int | None, float]:
    """The community that loses the largest share of its score, and that share (negative: gains)."""
    worst: int | None = None
    worst_loss = -np.inf
    for community in np.unique(communities):
        rows = communities == community
        if rows.sum() < rules.min_community_posts or community in nothing_to_tell:
            continue
        before = float(champion[rows].mean())
        # Of nothing no share can be lost.
        loss = float(challenger[rows].mean()) / before - 1 if before else 0.0
        if loss > worst_loss:
            worst, worst_loss = int(community), loss
    return worst, (float(worst_loss) if worst is not None else 0.0)
