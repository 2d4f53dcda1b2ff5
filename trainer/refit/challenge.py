"""One try at a better head: plan, cross-fit, judge against the champion, refit on all."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from models.distribution import UNIFORM
from models.experts import EXPERTS, taught_weights
from models.head import Head
from models.metrics import log_losses, ranked_probability_scores, why_no_skill
from models.near_duplicates import near_duplicate_groups
from trainer.cluster.side_by_side import SideBySide, in_turn
from trainer.data.fitted_on import FittedOn
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.reference import Reference
from trainer.data.splits import Parts, Rows, time_split
from trainer.data.targets import soft_bins
from trainer.evaluation.attribute_skill import Added, added_skill, to_json
from trainer.evaluation.comparison import Row, compare
from trainer.evaluation.cross_fit import Fold, Plan, cross_fit, fit_planned, plan
from trainer.evaluation.cross_validation import cross_validate
from trainer.evaluation.evaluate import Evaluation, evaluate_twice
from trainer.evaluation.figures import Forecasts, figures
from trainer.evaluation.forecasting import forecasts_of, predict_rows, ranking_of
from trainer.evaluation.gate import Judged, Verdict, judge, judge_expert
from trainer.evaluation.hidden_sources import lacking
from trainer.evaluation.metrics import calibration_error_by_chance
from trainer.evaluation.reencoded import Reencoded
from trainer.evaluation.robustness import Robustness, Without, broken_bound, without
from trainer.head.fit import LossNotFinite
from trainer.head.recipe import Recipe
from trainer.refit.baseline import Champion, baseline_of
from trainer.refit.refusals import Refused, folds_to_judge, has_new, refuse_unlearnable

Say = Callable[..., None]

#: Forecasts of the images of some posts saved in other ways, or why that cannot be measured.
Resave = Callable[[Head, LabelledPosts, Rows], list[Reencoded] | str]

#: So many judged posts without a title (text, author's record) show what the head does there.
_ENOUGH_LACKING = 30

#: A comparison by default stops being quick beyond so many posts.
_QUICK = 20_000


@dataclass(slots=True)
class Challenge:
    """The result of the try: the head to serve, and everything that its report shows.

    Attributes:
        folds: what each judged head was fitted on and judged on.
        plan: how they and the head that serves were fitted.
        comparisons: what the head is compared with: ``none`` (nothing), ``split`` (the rest on the
            same split) or ``folds`` (by folds as well).
        robustness: how it does where posts are not like those it learned from.
        attribute_skill: what attributes of the pictures would add to the head; empty for few posts.
        posted_at: when the judged posts of each fold were posted, first and last.
        taught: the weights of the experts that each community begins with if nothing was forecast
            there yet: by community and expert (`models.experts.taught_weights`).
        taught_champion: the same where the champion goes on serving.
    """

    head: Head
    reference: Reference
    fitted_on: FittedOn
    plan: Plan
    folds: list[Fold]
    verdict: Verdict
    evaluation: Evaluation
    labels: int
    trained_until: datetime
    seed: int
    posted_at: list[tuple[datetime, datetime]]
    dropped: Counter[str]
    hidden: dict[str, dict[str, float]]
    robustness: Robustness
    attribute_skill: list[Added]
    comparisons: str
    taught: dict[int, dict[str, float]]
    taught_champion: dict[int, dict[str, float]]
    compared: list[Row] = field(default_factory=list)
    by_folds: dict[str, list[Row]] = field(default_factory=dict)


def challenge(
    posts: LabelledPosts,
    *,
    recipe: Recipe,
    champion: Champion | None,
    min_labels: int,
    seed: int,
    say: Say,
    comparisons: str | None = None,
    by_hand: bool = False,
    joins: bool = False,
    resave: Resave | None = None,
    side_by_side: SideBySide = in_turn,
) -> Challenge:
    """Try for a better head.

    The labels that are new since the champion are cut into stretches of time, and a head fitted
    without each is judged on it beside the champion (`trainer.evaluation.cross_fit`). The head that
    would serve is then fitted as those were, on everything.

    Args:
        posts: everything labelled.
        recipe: how to fit.
        champion: what it has to beat.
        min_labels: fewer are refused.
        seed: of everything random.
        say: told the stage, and how far it is.
        by_hand: whether somebody asked for it: then a version is made from labels that the champion
            knows, too; it cannot be compared with the champion and is kept.
        joins: whether it is to have a say beside the version that serves, and not to serve in its
            place (`trainer.evaluation.gate.judge_expert`).
        resave: measures forecasts of images saved in other ways; None: there are no images.
        comparisons: ``none``, ``split`` or ``folds``; by default ``split``, or ``none`` when posts
            are many.
        side_by_side: fits folds and contenders, here or on a cluster.

    Raises:
        Refused: too few labels, all alike, none since the champion, or a loss not finite.
    """
    refuse_unlearnable(posts, None if by_hand else champion, min_labels)
    # A champion that was fitted on every label has nothing to be judged on.
    known = None
    if champion is not None and not has_new(posts, champion):
        champion, known = None, champion
    comparisons = comparisons or ("split" if len(posts) <= _QUICK else "none")
    folds, seen_before = folds_to_judge(posts, champion)
    everything = np.arange(len(posts))
    try:
        planned = plan(
            posts, recipe, seed=seed,
            progress=lambda epoch, loss, stop_loss: say(
                stage="fitting", done=epoch, total=recipe.max_epochs,
                epoch=epoch, loss=loss, stop_loss=stop_loss,
            ),
        )  # fmt: skip
        found = cross_fit(
            posts, folds, planned, seed=seed,
            progress=lambda done, total: say(stage="judging", done=done, total=total),
            side_by_side=side_by_side,
        )  # fmt: skip
        baseline = baseline_of(posts, folds, found.rows, champion, planned, seed)
        say(stage="refitting")
        head = fit_planned(posts, everything, planned, seed=seed).at_temperature(found.temperature)
        compared, by_folds = _compare(
            posts, planned, comparisons, seed=seed, say=say, side_by_side=side_by_side
        )
    except LossNotFinite as error:
        raise Refused(str(error)) from error
    # Every bin is equally full among all labels, so that the base rate is what it says it is.
    ranking = ranking_of(posts, everything)
    forecasts = forecasts_of(posts, found.rows, found.bins, ranking)
    verdict = _verdict(
        posts,
        found.rows,
        forecasts,
        forecasts_of(posts, found.rows, baseline.bins, ranking),
        baseline.name,
    )
    hidden = {
        name: forecasts_of(posts, found.rows, bins, ranking) for name, bins in found.hidden.items()
    }
    say(stage="checking robustness")
    robustness = _robustness(posts, head, planned, found.rows, forecasts, hidden, resave, seed=seed)
    verdict = judge_expert(verdict) if joins else verdict
    verdict = _held_back(verdict, robustness, known)
    attribute_skill = added_skill(
        forecasts.mean_percentile(), forecasts.intervals.middle, posts.attributes[found.rows],
        near_duplicate_groups(posts.phash)[found.rows], seed=seed,
    )  # fmt: skip
    verdict.evidence["folds"] = len(folds)
    verdict.evidence["attributes"] = to_json(attribute_skill)
    verdict.evidence["comparisons"] = comparisons
    return Challenge(
        head=head,
        reference=Reference.of(posts.score),
        fitted_on=FittedOn.of(posts),
        plan=planned,
        folds=folds,
        verdict=verdict,
        evaluation=evaluate_twice(forecasts, hidden["author"]),
        labels=len(posts),
        trained_until=datetime.fromtimestamp(float(posts.matured_at.max()), UTC),
        seed=seed,
        posted_at=[_period(posts, fold) for fold in folds],
        dropped=posts.dropped + Counter({"looks like what the champion has seen": seen_before}),
        hidden={name: figures(forecasts) for name, forecasts in hidden.items()},
        robustness=robustness,
        attribute_skill=attribute_skill,
        comparisons=comparisons,
        taught=_taught(forecasts, found.bins, found.untitled),
        taught_champion=(
            _taught(forecasts, baseline.bins, baseline.untitled)
            if baseline.untitled is not None
            else {}
        ),
        compared=compared,
        by_folds=by_folds,
    )


def _taught(
    judged: Forecasts, pooled: NDArray[np.float64], untitled: NDArray[np.float64]
) -> dict[int, dict[str, float]]:
    """What the judged posts, in the order of posting, say of a head's experts, by community."""
    communities, wanted = judged.community, soft_bins(judged.intervals)
    base = np.broadcast_to(UNIFORM, wanted.shape)
    said = {"base": base, "pooled": pooled, "untitled": untitled}
    losses = np.stack([log_losses(said[name], wanted) for name in EXPERTS], axis=1)
    found = {}
    for community in np.unique(communities):
        log_weights = taught_weights(losses[communities == community])
        if log_weights is not None:
            found[int(community)] = dict(zip(EXPERTS, log_weights, strict=True))
    return found


def _verdict(
    posts: LabelledPosts,
    judged: Rows,
    challenger: Forecasts,
    baseline: Forecasts,
    against: str | None,
) -> Verdict:
    """The gate's verdict on the challenger's forecasts of the judged posts."""
    wanted = soft_bins(challenger.intervals)
    base_rps = ranked_probability_scores(np.broadcast_to(UNIFORM, wanted.shape), wanted)
    return judge(
        _judged(challenger, wanted),
        _judged(baseline, wanted),
        posts.community[judged],
        base_rps=base_rps,
        against=against,
        community_names=posts.names,
        nothing_to_tell=_nothing_to_tell(posts.community[judged], base_rps),
    )


def _judged(forecasts: Forecasts, wanted: NDArray[np.float64]) -> Judged:
    probabilities = forecasts.bucket_probabilities()
    return Judged(
        ranked_probability_scores(forecasts.bins, wanted),
        figures(forecasts)["ece"],
        calibration_error_by_chance(probabilities, np.random.default_rng(0)),
    )


def _held_back(verdict: Verdict, robustness: Robustness, known: Champion | None) -> Verdict:
    """The verdict, unless a bound of robustness is broken or the champion could not be compared."""
    evidence = verdict.evidence | {"robustness": robustness.to_json()}
    broken = broken_bound(robustness)
    if known is not None:
        reason = (
            f"Made by hand from labels that {known.name} was fitted on, too: the two cannot be "
            "compared. To serve it, promote it by name (`main.py models promote`)."
        )
    elif verdict.promote and broken is not None:
        reason = f"{verdict.reason} But it is not robust: {broken}"
    else:
        return Verdict(verdict.promote, verdict.reason, evidence)
    return Verdict(False, reason, evidence)


def _robustness(
    posts: LabelledPosts,
    head: Head,
    planned: Plan,
    judged: Rows,
    forecasts: Forecasts,
    hidden: Mapping[str, Forecasts],
    resave: Resave | None,
    *,
    seed: int,
) -> Robustness:
    """What the report's table of robustness shows."""
    rows = []
    for source in ("title", "author", "text"):
        lacks = lacking(posts.groups, judged, source)
        # Posts that have none may do worse than others for a reason that the head has learned:
        # taking the title from a post that has one then says nothing about them.
        if lacks.sum() >= _ENOUGH_LACKING:
            rows.append(without(f"without {source}, of posts that have none", forecasts, lacks))
        else:
            rows.append(without(f"without {source}", hidden[source]))
    missing = []
    strangers = _left_out_communities(posts, planned, seed=seed)
    if isinstance(strangers, Without):
        rows.append(strangers)
    else:
        missing.append(strangers)
    resaved = resave(head, posts, judged) if resave else "The images are not at hand."
    if isinstance(resaved, str):
        missing.append(f"Images saved in other ways: not measured. {resaved}")
        resaved = []
    return Robustness(rows, resaved, missing)


def _left_out_communities(posts: LabelledPosts, planned: Plan, *, seed: int) -> Without | str:
    """Skill in a fifth of the communities by a head that learned in the others, or why not."""
    what = "in communities left out of training"
    communities = np.unique(posts.community)
    if len(communities) < 2 or len(posts) > _QUICK:
        why = "there is one community" if len(communities) < 2 else "there are many labels"
        return f"Skill {what}: not measured, as {why}."
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(communities)[: max(1, len(communities) // 5)]
    groups = near_duplicate_groups(posts.phash)
    judge_rows = np.flatnonzero(np.isin(posts.community, chosen))
    fit_rows = np.flatnonzero(
        ~np.isin(posts.community, chosen) & ~np.isin(groups, groups[judge_rows])
    )
    if len(np.unique(posts.score[fit_rows])) < 2:
        return f"Skill {what}: not measured, as the others have no two different scores."
    found = fit_planned(posts, fit_rows, planned, seed=seed)
    bins = predict_rows(found, posts, judge_rows)
    ranking = ranking_of(posts, np.arange(len(posts)))
    return without(what, forecasts_of(posts, judge_rows, bins, ranking))


def _nothing_to_tell(communities: NDArray[np.int64], base_rps: NDArray[np.float64]) -> set[int]:
    """Communities whose judged scores cannot be compared."""
    return {
        int(community)
        for community in np.unique(communities)
        if why_no_skill(
            int((communities == community).sum()), float(base_rps[communities == community].mean())
        )
    }


def _compare(
    posts: LabelledPosts,
    planned: Plan,
    comparisons: str,
    *,
    seed: int,
    say: Say,
    side_by_side: SideBySide,
) -> tuple[list[Row], dict[str, list[Row]]]:
    """Every contender on a split by time, and by folds, as far as was asked for.

    They have a network where the head that serves has one.
    """
    if comparisons == "none":
        return [], {}
    say(stage="comparing")
    recipe, linear_only = planned.recipe, planned.first.linear_share == 1
    compared = compare(
        posts, _parts(posts), recipe=recipe, seed=seed, linear_only=linear_only,
        side_by_side=side_by_side,
    )  # fmt: skip
    if comparisons != "folds":
        return compared, {}
    by_folds = cross_validate(
        posts, recipe=recipe, seed=seed, linear_only=linear_only,
        progress=lambda done, total: say(stage="folds", done=done, total=total),
        side_by_side=side_by_side,
    )  # fmt: skip
    return compared, by_folds


def _parts(posts: LabelledPosts) -> Parts:
    """The split by time that contenders are compared on."""
    split = time_split(posts.posted_at, near_duplicate_groups(posts.phash))
    return Parts(split.fit, split.stop, split.calibrate, split.judge)


def _period(posts: LabelledPosts, fold: Fold) -> tuple[datetime, datetime]:
    """When the first and the last judged post were posted."""
    moments = posts.posted_at[fold.judge]
    first, last = float(moments.min()), float(moments.max())
    return datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
