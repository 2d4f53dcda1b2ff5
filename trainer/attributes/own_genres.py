"""Learn the genres that one community has of its own: ``python -m trainer.attributes.own_genres``.

Takes one JSON object (``data``, ``names``, ``backbone``, ``out``), writes the head's file and
prints the verdict. The head tells each of the community's own genres from everything else; how the
rest is shared among the genres that Peoria came with stays as it was. Pictures of the community
that nobody corrected count as "none of its own", for a quarter: some of them are.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.attributes.own_genres import NAMED, OwnGenreHead

#: Pictures, no two of them alike, that a genre is learned from at least.
LEAST: Final = 15
#: The head serves if it is better than the shares of the genres with such a probability ...
BETTER: Final = 0.9
#: ... and of what it would name among posts that nobody corrected, so many are right by the best
#: guess, and more than half of them with a probability of `BETTER`.
RIGHT: Final = 0.7
MOSTLY: Final = 0.5
_FOLDS: Final = 5
_RESAMPLES: Final = 2000
_PENALTY: Final = 0.1
#: What a picture that nobody corrected counts.
_UNCORRECTED: Final = 0.25
#: How often what nobody corrected is told anew.
_ROUNDS: Final = 1

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Pictures of one community.

    Attributes:
        embeddings: float32[n, width], of corrected pictures, then of others.
        genre: int64[n], places among the genres that are learned; their number: none of them.
        group: int64[n]; pictures that are alike share one.
        corrected: bool[n], whether people said so.
    """

    embeddings: NDArray[np.float32]
    genre: NDArray[np.int64]
    group: NDArray[np.int64]
    corrected: NDArray[np.bool_]

    @property
    def weights(self) -> _Floats:
        """What each counts."""
        return np.where(self.corrected, 1.0, _UNCORRECTED)

    def take(self, rows: NDArray[np.bool_]) -> "Labelled":
        """Some of them."""
        return Labelled(
            self.embeddings[rows], self.genre[rows], self.group[rows], self.corrected[rows]
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a head did on pictures that it had not learned from.

    Attributes:
        pictures: corrected ones.
        log_loss: nats a picture, of the genres' shares.
        log_loss_challenger: of the head.
        better: probability that the head's is lower, paired bootstrap over groups.
        named: how many corrected pictures it gives one of the community's own genres.
        right: share of these that have it; None where it names none. People correct as many of a
            genre as they like, so that this says little of other posts.
        right_elsewhere: share that is right of what it names among posts that nobody corrected, by
            the best guess; None where it names none.
        right_at_least: what that share is at least with a probability of `BETTER`.
        found: share of the pictures of its own genres that it names rightly.
        promoted: whether it serves from now on.
        reason: in a sentence.
    """

    pictures: int
    log_loss: float
    log_loss_challenger: float
    better: float
    named: int
    right: float | None
    right_elsewhere: float | None
    right_at_least: float | None
    found: float
    promoted: bool
    reason: str


def learn(data: Labelled, names: tuple[str, ...], backbone: str, *, seed: int = 0) -> OwnGenreHead:
    """A head that tells ``names`` apart, and from everything else.

    Of what nobody corrected some is of these genres. So it is first told by heads that did not
    learn from it, and the last head learns what they said of it: a picture that was called "none
    of these" for want of a word would otherwise never be called anything else.
    """
    wanted = np.eye(len(names) + 1)[data.genre]
    places = _folds(data.group, seed)
    for _ in range(_ROUNDS if not data.corrected.all() else 0):
        told = wanted.copy()
        for fold in np.unique(places):
            test = (places == fold) & ~data.corrected
            if test.any():
                head = _fit(data.take(places != fold), wanted[places != fold], names, backbone)
                told[test] = head.with_none(data.embeddings[test])
        wanted = told
    return _fit(data, wanted, names, backbone)


def _fit(data: Labelled, wanted: _Floats, names: tuple[str, ...], backbone: str) -> OwnGenreHead:
    """One regression; ``wanted`` is float64[n, genres + 1]."""
    from scipy.optimize import minimize

    weights = data.weights
    middle = np.average(data.embeddings, axis=0, weights=weights).astype(np.float64)
    centred = data.embeddings - middle
    size = float(np.sqrt((centred**2).sum(axis=1).mean())) or 1.0
    x = np.column_stack([centred / size, np.ones(len(centred))])

    def loss(flat: _Floats) -> tuple[float, _Floats]:
        learned = flat.reshape(x.shape[1], len(names))
        chances, log_chances = _softmax(x @ learned)
        value = -(weights[:, np.newaxis] * wanted * log_chances).sum()
        slope = x.T @ (weights[:, np.newaxis] * (chances - wanted)[:, :-1])
        # How frequent a genre is, is not drawn towards anything.
        held = learned.copy()
        held[-1] = 0
        return float(value + _PENALTY / 2 * (held**2).sum()), (slope + _PENALTY * held).ravel()

    start = np.zeros(x.shape[1] * len(names))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    learned = found.x.reshape(x.shape[1], len(names))
    slopes = learned[:-1] / size
    bias = learned[-1] - middle @ slopes
    return OwnGenreHead(names, slopes.astype(np.float32), bias.astype(np.float32), backbone, "")


def judge(data: Labelled, names: tuple[str, ...], *, seed: int = 0) -> Verdict:
    """Whether a head learned from four fifths of the pictures tells the others."""
    random = np.random.default_rng(seed)
    groups, place = np.unique(data.group, return_inverse=True)
    folds = _folds(data.group, seed)
    rows = np.arange(len(data.genre))
    told = np.zeros((len(rows), len(names) + 1))
    base = np.zeros_like(told)
    for fold in range(_FOLDS):
        test, train = folds == fold, folds != fold
        if not test.any() or not train.any():
            continue
        part = data.take(train)
        told[test] = learn(part, names, "").with_none(data.embeddings[test])
        shares = np.bincount(part.genre, part.weights, minlength=len(names) + 1) + 1
        base[test] = shares / shares.sum()
    losses = [-np.log(np.maximum(each[rows, data.genre], 1e-6)) for each in (base, told)]
    gains = np.bincount(place, (losses[0] - losses[1]) * data.weights)
    draws = random.integers(len(groups), size=(_RESAMPLES, len(groups)))
    better = float((gains[draws].sum(axis=1) > 0).mean())
    own = data.genre < len(names)
    said = told[:, :-1].max(axis=1) >= NAMED
    named = data.corrected & said
    hits = named & (told[:, :-1].argmax(axis=1) == data.genre)
    right = float(hits.sum() / named.sum()) if named.any() else None
    elsewhere: float | None = None
    least: float | None = None
    if named.any():
        guesses = _right_elsewhere(data, own, said, hits, random)
        elsewhere, least = float(np.median(guesses)), float(np.quantile(guesses, 1 - BETTER))
    promoted, reason = _decide(better, elsewhere, least, int((data.corrected & ~own).sum()))
    weights = data.weights / data.weights.sum()
    return Verdict(
        int(data.corrected.sum()), float(losses[0] @ weights), float(losses[1] @ weights), better,
        int(named.sum()), right, elsewhere, least,
        float(hits.sum() / max(own.sum(), 1)), promoted, reason,
    )  # fmt: skip


def _folds(group: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    groups, place = np.unique(group, return_inverse=True)
    found: NDArray[np.int64] = (np.random.default_rng(seed).permutation(len(groups)) % _FOLDS)[
        place
    ]
    return found


def _right_elsewhere(
    data: Labelled, own: NDArray[np.bool_], said: NDArray[np.bool_], hits: NDArray[np.bool_],
    random: np.random.Generator,
) -> _Floats:  # fmt: skip
    """What share of the names that posts nobody corrected would get is right: float64[resamples].

    Of corrected posts that are none of the genres some are named all the same; as many of those
    that nobody corrected are expected to be, and most posts are among these. With few corrections
    that rate may be anything (its distribution begins with Jeffreys' prior), and so may the share.
    """

    def rate(count: int, of: int) -> _Floats:
        return random.beta(count + 0.5, of - count + 0.5, _RESAMPLES)

    none, own_named = data.corrected & ~own, data.corrected & own & said
    mixed_up = rate(int((own_named & ~hits).sum()), int(own_named.sum()))
    others = ~data.corrected
    count, named = int(others.sum()), int((others & said).sum())
    if not named:
        # It names next to nothing elsewhere: what it named where people spoke is all there is.
        names = data.corrected & said
        return 1 - rate(int((names & ~hits).sum()), int(names.sum()))
    alarms = rate(int((none & said).sum()), int(none.sum()))
    # Right ones are no candidates for a false name: of the others that rate is.
    wrong = alarms * (count - named) / np.maximum(1 - alarms, 1e-9)
    found: _Floats = np.maximum(1 - wrong / named, 0.0) * (1 - mixed_up)
    return found


def _decide(better: float, right: float | None, least: float | None, none: int) -> tuple[bool, str]:
    if better < BETTER:
        return False, f"Kept out: better with a probability of {better:.2f}, {BETTER} is needed."
    if right is None or least is None:
        return False, "Kept out: it is sure of none of the community's own genres."
    if right < RIGHT or least < MOSTLY:
        return False, (
            f"Kept out: of what it names elsewhere {right:.0%} would be right ({RIGHT:.0%} are"
            f" needed), and it may be {least:.0%} ({MOSTLY:.0%}). It was told of {none:,} posts"
            " that they are of other genres: more of these make this surer."
        )
    return True, f"Promoted: of what it names elsewhere {right:.0%} would be right."


def _softmax(logits: _Floats) -> tuple[_Floats, _Floats]:
    """Of the logits and of a zero for "none of them"."""
    whole = np.column_stack([logits, np.zeros(len(logits))])
    whole -= whole.max(axis=1, keepdims=True)
    log_chances = whole - np.log(np.exp(whole).sum(axis=1, keepdims=True))
    return np.exp(log_chances), log_chances


def run(task: dict[str, Any]) -> dict[str, Any]:
    """Learn, judge, and write the head's file."""
    names = tuple(task["names"])
    with np.load(task["data"], allow_pickle=False) as file:
        data = Labelled(file["embeddings"], file["genre"], file["group"], file["corrected"])
    learn(data, names, task["backbone"]).save(Path(task["out"]))
    return asdict(judge(data, names))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(json.loads(sys.stdin.readline()))) + "\n")
