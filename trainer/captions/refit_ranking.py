"""Learn from the captions that people chose: ``python -m trainer.captions.refit_ranking``.

Takes one JSON object (``choices``, ``serving``, ``out``), writes the challenger's file and prints
the verdict. Two numbers are learned: what the caption model's judgement and the right emotion count
beside the forecast. They are told by two things, together:

- what was posted, and came to more or less than was forecast (its percentile at the horizon);
- what was chosen among the captions that were offered. The first on a page is chosen more often
  because it is the first: that is counted apart.

Both are drawn towards the ranking that ships, so that few choices change little.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.captions.ranking import SHIPPED_RANKING, Ranking

#: Choices that are needed before anything is learned from them.
LEAST: Final = 30
#: A challenger serves if it is better with such a probability.
BETTER: Final = 0.9
_FOLDS: Final = 5
_RESAMPLES: Final = 2000
#: How far what counts may be from what ships, percentiles: standard deviation, before any choice.
_SPREAD: Final = 0.1
#: Nothing counts more than this.
_MOST: Final = 0.5
#: Spread of what posts come to around what was forecast, percentiles.
_NOISE: Final = 0.27
#: How sharply people choose by rank, and by place on the page: middle and spread beforehand.
_SHARPNESS: Final = (5.0, 5.0)
_PLACE: Final = (0.3, 0.5)

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Choice:
    """A caption that was chosen among others.

    Attributes:
        columns: forecast, merit and fit of each that was offered, in their order, float64[n, 3].
        chosen: which one.
        percentile: what it came to, 0 to 1; None: it has no label, or never will.
    """

    columns: _Floats
    chosen: int
    percentile: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a challenger did on choices that it had not learned from.

    Attributes:
        choices: how many.
        labelled: of these, those with an outcome.
        first: share of choices in which the first of the present ranking was chosen.
        first_challenger: the same by the challenger's.
        gain: nats that the challenger saves with each choice and its outcome.
        better: probability that this is more than nothing, bootstrap over choices.
        promoted: whether it serves from now on.
        reason: in a sentence.
    """

    choices: int
    labelled: int
    first: float
    first_challenger: float
    gain: float
    better: float
    promoted: bool
    reason: str


def learn(choices: Sequence[Choice], start: Ranking = SHIPPED_RANKING) -> Ranking:
    """The ranking that explains choices and outcomes best, not far from what ships."""
    found = _fit(choices, start, free=True)
    merit, fits = np.clip(found[:2], -_MOST, _MOST)
    return Ranking(float(merit), float(fits))


def judge(choices: Sequence[Choice], serving: Ranking, *, seed: int = 0) -> Verdict:
    """Whether a ranking learned from four fifths explains the last better than what serves."""
    random = np.random.default_rng(seed)
    folds = random.permutation(len(choices)) % _FOLDS
    gains = np.zeros(len(choices))
    first, first_learned = np.zeros(len(choices)), np.zeros(len(choices))
    for fold in range(_FOLDS):
        rest = [each for each, place in zip(choices, folds, strict=True) if place != fold]
        if not rest:
            continue
        # What is asked beside the two numbers is fitted for both alike.
        now, learned = _fit(rest, serving, free=False), _fit(rest, serving, free=True)
        for row in map(int, np.flatnonzero(folds == fold)):
            each = choices[row]
            gains[row] = _loss(each, now) - _loss(each, learned)
            first[row] = _ranks(each, now).argmax() == each.chosen
            first_learned[row] = _ranks(each, learned).argmax() == each.chosen
    draws = random.integers(max(len(gains), 1), size=(_RESAMPLES, len(gains)))
    better = float((gains[draws].sum(axis=1) > 0).mean()) if len(gains) else 0.0
    promoted, reason = _decide(len(choices), better)
    return Verdict(
        len(choices), sum(each.percentile is not None for each in choices),
        float(first.mean()) if len(first) else 0.0,
        float(first_learned.mean()) if len(first) else 0.0,
        float(gains.mean()) if len(gains) else 0.0, better, promoted, reason,
    )  # fmt: skip


def _decide(count: int, better: float) -> tuple[bool, str]:
    if count < LEAST:
        return False, f"Kept out: {count} captions were chosen, {LEAST} are needed."
    if better < BETTER:
        return False, f"Kept out: better with a probability of {better:.2f}, {BETTER} is needed."
    return True, f"Promoted: better with a probability of {better:.2f}."


def _fit(choices: Sequence[Choice], serving: Ranking, *, free: bool) -> _Floats:
    """Merit, fit, sharpness, place and offset; without ``free`` the first two stay."""
    from scipy.optimize import minimize

    ships = np.array((SHIPPED_RANKING.merit, SHIPPED_RANKING.fits))
    fixed = np.array((serving.merit, serving.fits))

    def loss(flat: _Floats) -> float:
        values = flat if free else np.concatenate([fixed, flat])
        beforehand = (values[:2] - ships) / _SPREAD
        sharp, place = (values[2] - _SHARPNESS[0]) / _SHARPNESS[1], values[3] - _PLACE[0]
        held = beforehand @ beforehand + sharp**2 + (place / _PLACE[1]) ** 2
        # That forecasts are off as a whole tells nothing of captions.
        held += (values[4] / _NOISE) ** 2
        return float(sum(_loss(each, values) for each in choices) + held / 2)

    start = np.array([*fixed, _SHARPNESS[0], _PLACE[0], 0.0])
    found = minimize(loss, start if free else start[2:], method="L-BFGS-B").x
    values: _Floats = found if free else np.concatenate([fixed, found])
    return values


def _ranks(choice: Choice, values: _Floats) -> _Floats:
    found: _Floats = choice.columns @ np.array((1.0, values[0], values[1]))
    return found


def _loss(choice: Choice, values: _Floats) -> float:
    """Nats that a choice and its outcome cost."""
    ranks = _ranks(choice, values)
    total = 0.0
    if len(ranks) > 1:
        drawn = values[2] * ranks - values[3] * np.arange(len(ranks))
        drawn -= drawn.max()
        total += float(np.log(np.exp(drawn).sum()) - drawn[choice.chosen])
    if choice.percentile is not None:
        off = choice.percentile - ranks[choice.chosen] - values[4]
        total += float(off**2 / (2 * _NOISE**2))
    return total


def read_choices(content: Sequence[dict[str, Any]]) -> list[Choice]:
    """Choices as the parent process writes them."""
    return [
        Choice(
            np.array([(o["beats"], o["merit"], o["fits"]) for o in each["offered"]], np.float64),
            int(each["chosen"]),
            None if each["percentile"] is None else float(each["percentile"]),
        )
        for each in content
    ]


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Learn, judge, and write the challenger's file."""
    choices = read_choices(task["choices"])
    serving = Ranking(**task["serving"])
    learned = learn(choices, serving)
    learned.save(Path(task["out"]))
    return asdict(judge(choices, serving)) | {"learned": asdict(learned)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.loads(sys.stdin.readline()))) + "\n")
