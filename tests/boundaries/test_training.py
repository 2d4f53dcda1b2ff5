"""Bounds of training: how many labels it takes, who is a duplicate, what an interval holds."""

import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from scipy import optimize, special

from bot.core import Core
from bot.operations.image_cleanup import ImageCleanup
from bot.training.schedule import new_labels
from models.near_duplicates import near_duplicate_groups
from models.percentiles import BucketRule
from storage.tables import Community, Image, ModelVersion, TrainingRun
from storage.types import RunState
from tests.boundaries.labels import add_labels, store
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import MOMENT, row
from trainer.data.reference import Reference
from trainer.data.splits import time_split
from trainer.data.targets import Ranking
from trainer.evaluation.cross_fit import judging_folds
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.figures import Forecasts, figures
from trainer.head.calibration import fit_temperature
from trainer.head.recipe import Recipe

TICK = timedelta(microseconds=1)

# How many labels it takes


@pytest.mark.parametrize(
    ("own", "source"), [(29, "platform"), (30, "community"), (31, "community")]
)
def test_a_community_with_thirty_training_labels_is_ranked_by_its_own(
    own: int, source: str
) -> None:
    scores = np.concatenate([np.full(own, 5.0), np.full(100, 50.0)])
    communities = np.repeat([1, 2], [own, 100])
    ranking = Ranking(scores, communities, np.full(len(scores), "reddit"))
    count = own if source == "community" else own + 100
    assert len(ranking.reference(1, "reddit")) == count


@pytest.mark.parametrize(
    ("labels", "members", "patience"), [(10_000, 8, 8), (10_001, 2, 3), (40_000, 2, 3)]
)
def test_ten_thousand_labels_are_many(labels: int, members: int, patience: int) -> None:
    recipe = Recipe.for_labels(labels)
    assert (recipe.members, recipe.patience) == (members, patience)


@pytest.mark.parametrize(
    ("labels", "batch", "epochs"),
    [(10_000, 64, 60), (40_000, 512, 30), (10**6, 2048, 6), (10**8, 2048, 6)],
)
def test_many_labels_take_larger_batches_and_fewer_epochs(
    labels: int, batch: int, epochs: int
) -> None:
    recipe = Recipe.for_labels(labels)
    assert (recipe.batch, recipe.max_epochs) == (batch, epochs)


@pytest.mark.parametrize(
    ("labels", "tried"), [(999, False), (1000, True), (10_000, True), (10_001, False)]
)
def test_a_trusting_recipe_is_tried_on_a_thousand_to_ten_thousand_labels(
    labels: int, tried: bool
) -> None:
    assert (Recipe().trusting(labels) is not None) is tried


@pytest.mark.parametrize(("fresh", "folds"), [(1999, 5), (2000, 5), (2001, 1)])
def test_more_than_two_thousand_posts_are_judged_by_the_newest_fifth_alone(
    fresh: int, folds: int
) -> None:
    found = judging_folds(np.arange(float(fresh)), np.arange(fresh), seen=np.zeros(fresh, np.bool_))
    assert len(found) == folds
    assert found[-1].judge.tolist() == [*range(math.ceil(fresh * 0.8), fresh)]


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_posts_are_split_by_time_in_six_one_one_and_two_tenths(n: int) -> None:
    split = time_split(np.arange(float(n)), np.arange(n))
    sizes = [len(part) for part in (split.fit, split.stop, split.calibrate, split.judge)]
    assert sizes == [n * 6 // 10, n // 10, n // 10, n * 2 // 10]
    assert split.judge.min() > split.calibrate.max() > split.stop.max() > split.fit.max()


@pytest.mark.parametrize(("from_", "first"), [(89.5, 90), (90.0, 91), (90.5, 91)])
def test_only_what_came_after_the_champions_cut_off_is_judged(from_: float, first: int) -> None:
    split = time_split(np.arange(100.0), np.arange(100), judge_from=from_)
    assert split.judge.min() == first


@pytest.mark.parametrize(("later", "counts"), [(-1, False), (0, False), (1, True)])
@pytest.mark.parametrize(
    ("state", "used"),
    [
        (RunState.PROMOTED, True),
        (RunState.KEPT, True),
        (RunState.REFUSED, True),
        (RunState.FAILED, False),
    ],
)
async def test_labels_are_new_that_were_written_after_the_last_run_that_used_labels(
    core: Core, state: RunState, used: bool, later: int, counts: bool
) -> None:
    run: dict[str, Any] = {"state": state, "started_at": MOMENT, "finished_at": MOMENT}
    if state in (RunState.PROMOTED, RunState.KEPT):
        run["model_version_id"] = 100
    await store(core.database, row(Community), row(ModelVersion), row(TrainingRun, **run))
    await add_labels(core.database, [1.0], written_at=MOMENT + TICK * later)
    async with core.database.read() as session:
        assert await new_labels(session) == int(counts or not used)


# Who is a duplicate


@pytest.mark.parametrize(("bits", "same"), [(0, True), (3, True), (4, True), (5, False)])
@pytest.mark.parametrize("start", [0, 13, 59])
def test_images_are_near_duplicates_up_to_four_bits(bits: int, same: bool, start: int) -> None:
    spread = sum(1 << (start + 11 * each) % 64 for each in range(bits))
    first, second = near_duplicate_groups(np.array([0x0F0F, 0x0F0F ^ spread], np.uint64))
    assert bool(first == second) is same


def test_near_duplicates_are_linked_by_a_chain() -> None:
    chain = np.array([0, 0xF, 0xFF, 0xFFF00000], np.uint64)
    groups = near_duplicate_groups(chain)
    assert groups[0] == groups[1] == groups[2] != groups[3]


# What an image file's time is


@pytest.mark.parametrize(("late", "kept"), [(-1, True), (0, True), (1, False)])
async def test_an_images_file_is_kept_for_its_days(
    core: Core, clock: FakeClock, late: int, kept: bool
) -> None:
    stored_at = clock() - timedelta(days=30) - TICK * late
    await store(core.database, row(Image, stored_at=stored_at))
    await ImageCleanup(core.database, core.images, keep_days=30, clock=clock).sweep()
    async with core.database.read() as session:
        image = await session.get_one(Image, 1)
    assert (image.dropped_at is None) is kept


# What calibration and figures are


@pytest.mark.parametrize("n", [40, 400])
def test_the_temperature_is_the_most_probable_one(n: int) -> None:
    """Log loss, and a normal prior on the temperature's logarithm with a deviation of 0.2."""
    rng = np.random.default_rng(n)
    logits = rng.normal(size=(n, 10)) * 2
    happened = np.eye(10)[
        (special.softmax(logits / 1.5, axis=1).cumsum(1) < rng.random((n, 1))).sum(1)
    ]

    def loss(log_temperature: float) -> float:
        logs = special.log_softmax(logits / math.exp(log_temperature), axis=1)
        return float(-(happened * logs).sum() + (log_temperature / 0.2) ** 2 / 2)

    best = optimize.minimize_scalar(loss, bracket=(-1.0, 1.0), tol=1e-10)
    assert fit_temperature(logits, happened) == pytest.approx(math.exp(best.x), rel=1e-3)


@pytest.mark.parametrize(("sign", "bound"), [(1, 0.25), (-1, 20.0)])
def test_a_temperature_stays_between_a_quarter_and_twenty(sign: int, bound: float) -> None:
    """A head that is always right and hardly says so, and one that is always sure and wrong."""
    logits = np.eye(10)[np.arange(50_000) % 10] * 0.5
    targets = np.eye(10)[np.arange(50_000) % 10]
    if sign < 0:
        logits, targets = logits * 100, np.roll(targets, 1, axis=1)
    assert fit_temperature(logits, targets) == pytest.approx(bound, rel=1e-3)


def forecasts(bins: np.ndarray, score: np.ndarray) -> Forecasts:
    reference, rule, n = Reference(np.arange(1000.0)), BucketRule(), len(score)
    return Forecasts(
        bins, score, np.zeros(n, np.int64), reference.intervals(score),
        np.tile(reference.cuts(rule), (n, 1)), reference.buckets(score, rule),
        np.tile(reference.base(rule), (n, 1)),
    )  # fmt: skip


def test_intervals_of_figures_hold_95_percent_of_what_chance_brings() -> None:
    rng = np.random.default_rng(3)
    score = rng.random(600) * 1000
    seen = np.clip((score / 100).astype(int) + rng.integers(-3, 4, 600), 0, 9)
    found = evaluate(forecasts(np.eye(10)[seen] * 0.8 + 0.02, score))
    rate = found.figures["accuracy"]
    low, high = found.intervals["accuracy"]
    half = 1.96 * math.sqrt(rate * (1 - rate) / 600)
    assert high - low == pytest.approx(2 * half, rel=0.12)
    assert (low + high) / 2 == pytest.approx(rate, abs=half / 4)


@pytest.mark.parametrize(("score", "is_top"), [(880.0, False), (898.0, False), (905.0, True)])
def test_the_top_is_the_best_tenth(score: float, is_top: bool) -> None:
    """Only the post in question is said to be in the best tenth, surely."""
    scores = np.array([score, *np.linspace(0, 700, 30), 990.0])
    bins = np.full((32, 10), 0.1)
    bins[0] = np.eye(10)[9]
    bins[-1] = np.eye(10)[0]
    found = figures(forecasts(bins, scores))["average_precision_top10"]
    # First of two in the top, or above the only one, which comes last.
    assert (found > 0.5) is is_top
