"""Effects of attributes: what is there is found, what is not there is not, and intervals hold."""

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.reports.attribute_effects import LEAST_POSTS, Effects, estimate_effects

_LEVELS = {"genre": 8, "faces": 4, "hour": 6, "weekday": 7}


def made_up(
    n: int, spreads: dict[str, float], seed: int
) -> tuple[NDArray[np.float64], dict[str, list[str | None]], dict[tuple[str, str], float]]:
    """Percentiles of a community with known effects: percentiles, factors, the truth."""
    random = np.random.default_rng(seed)
    middle, factors, truth = np.full(n, 0.5), {}, {}
    for name, count in _LEVELS.items():
        levels = random.choice(count, p=random.dirichlet(np.full(count, 2.0)), size=n)
        effects = random.normal(0, spreads.get(name, 0.0), count)
        effects -= effects[levels].mean()
        middle = middle + effects[levels]
        factors[name] = [str(level) for level in levels]
        truth |= {(name, str(level)): float(effects[level]) for level in range(count)}
    return np.clip(middle + random.uniform(-0.5, 0.5, n), 0, 1), factors, truth


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    held = []
    for seed in range(4):
        spreads = {"genre": 0.06, "hour": 0.03} if seed % 2 else {"faces": 0.05}
        percentiles, factors, truth = made_up(250, spreads, seed)
        held += [
            each.low <= truth[each.factor, each.level] <= each.high
            for each in estimate_effects(percentiles, factors, seed=seed).effects
        ]
    assert len(held) > 80
    assert np.mean(held) > 0.93


def test_where_nothing_plays_nothing_stands_out() -> None:
    told = []
    for seed in range(2):
        percentiles, factors, _ = made_up(300, {}, 100 + seed)
        told += [each.told for each in estimate_effects(percentiles, factors).effects]
    assert sum(told) <= 1


def test_a_strong_effect_is_found_and_drawn_towards_nothing() -> None:
    random = np.random.default_rng(3)
    has = random.random(200) < 0.3
    percentiles = np.clip(random.random(200) + 0.2 * has, 0, 1)
    found = estimate_effects(percentiles, {"genre": ["text" if each else "other" for each in has]})
    text = next(each for each in found.effects if each.level == "text")
    assert text.told
    assert 0 < text.low < text.effect < text.alone
    assert text.posts == has.sum()
    assert text.wrong_way < 0.01


def test_of_two_that_go_together_the_one_that_does_it_is_found() -> None:
    random = np.random.default_rng(4)
    cause = random.random(1500) < 0.5
    beside = np.where(random.random(1500) < 0.75, cause, ~cause)
    percentiles = np.clip(random.random(1500) + 0.15 * cause, 0, 1)
    factors = {
        "genre": ["text" if each else "other" for each in cause],
        "brightness": ["high" if each else "low" for each in beside],
    }
    found = estimate_effects(percentiles, factors)
    effects = {each.level: each for each in found.effects}
    assert effects["high"].alone > 0.04
    assert abs(effects["high"].effect) < 0.02
    assert effects["text"].told
    pair = found.pairs[0]
    assert {pair.first[0], pair.second[0]} == {"genre", "brightness"}
    assert abs(pair.correlation) == pytest.approx(0.5, abs=0.1)


def test_levels_of_few_posts_are_left_out_and_nothing_at_all_is_no_error() -> None:
    percentiles = np.linspace(0, 1, 20)
    rare = ["rare"] * (LEAST_POSTS - 1) + [None] * (21 - LEAST_POSTS)
    assert estimate_effects(percentiles, {"genre": rare}) == Effects()
    alone = estimate_effects(percentiles, {"genre": ["a"] * 10 + [None] * 10})
    assert [each.level for each in alone.effects] == ["a"]
    same = estimate_effects(np.full(20, 0.5), {"genre": ["a"] * 10 + ["b"] * 10})
    assert not any(each.told for each in same.effects)


def test_the_same_posts_give_the_same_effects() -> None:
    percentiles, factors, _ = made_up(60, {"genre": 0.1}, 9)
    assert estimate_effects(percentiles, factors) == estimate_effects(percentiles, factors)
