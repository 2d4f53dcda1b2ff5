"""How good the caption model is: perplexity and ranking, beside what is simpler.

    python -m trainer.captions.evaluate --captions FOLDER --prepared FOLDER --judged FILE

FILE is the judged.npz of `trainer.captions.choose_network` or `trainer.captions.train`. Two
captions of one template, made one soon after the other, are a pair when one has at least three
times the votes of the other and five more. Intervals are those of a bootstrap over templates.

The ranking that ships is a blend of the network's merit, the words and the likelihood; the mixture
is one of the network told the picture, the network not told, and Kneser-Ney, caption by caption.
The weights of both are fitted on the part that chose the network's epoch, and judged on another.
It takes some three minutes of one core.
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.captions.word_merit import WordMerit
from trainer.captions.choose_network import load_arrays
from trainer.captions.fit_network import CaptionArrays
from trainer.captions.fit_ranking import fit_mixture, fit_ranking, mixed
from trainer.captions.fit_word_merit import fit_word_merit
from trainer.captions.kneser_ney import KneserNey
from trainer.captions.network import PREFIX
from trainer.data.imgflip import read_captions

log = logging.getLogger(__name__)

#: Captions of one template that lie between the two of a pair at most.
_NEAR = 60
_TIMES, _MORE = 3, 5
_RESAMPLES = 1000

Floats = NDArray[np.float64]


def pairs_of(votes: NDArray[np.int64], templates: NDArray[np.int32]) -> NDArray[np.int64]:
    """Rows of each pair, the one with more votes first: int64 [n, 2]."""
    found = []
    for template in np.unique(templates):
        rows = np.flatnonzero(templates == template)
        for apart in range(1, min(_NEAR, len(rows))):
            first, second = rows[:-apart], rows[apart:]
            more = np.where(votes[first] > votes[second], first, second)
            less = np.where(votes[first] > votes[second], second, first)
            clear = (votes[more] >= _TIMES * votes[less]) & (votes[more] - votes[less] >= _MORE)
            found.append(np.stack([more[clear], less[clear]], axis=1))
    return np.concatenate(found)


def pair_accuracy(
    scores: Floats, pairs: NDArray[np.int64], templates: NDArray[np.int32]
) -> dict[str, float]:
    """The share of pairs in the right order (a tie is half right), with a 95% interval."""
    more, less = scores[pairs[:, 0]], scores[pairs[:, 1]]
    right = (more > less) + 0.5 * (more == less)
    return {"accuracy": float(right.mean()), **_interval(right, templates[pairs[:, 0]])}


def _interval(values: Floats, groups: NDArray[np.int32]) -> dict[str, float]:
    names, places = np.unique(groups, return_inverse=True)
    sums, counts = np.bincount(places, values), np.bincount(places)
    drawn = np.random.default_rng(1).integers(len(names), size=(_RESAMPLES, len(names)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return {"low": float(low), "high": float(high)}


@dataclass(frozen=True, slots=True)
class Simple:
    """What is simpler than the network, fitted once for each split."""

    baseline: KneserNey
    words: WordMerit

    @classmethod
    def fit(cls, learn: CaptionArrays, texts: Sequence[str], vocabulary: int) -> Self:
        """Fit on the captions that the network learned from."""
        return cls(KneserNey(_lines(learn), vocabulary), fit_word_merit(texts, learn.merit))


@dataclass(frozen=True, slots=True)
class Part:
    """Captions that were not learned from, and what each model says of them.

    Attributes:
        nats: [3, n]: the network told the picture, the network not told, Kneser-Ney.
        features: [n, 3]: the network's merit, the words' place, the likelihood.
    """

    data: CaptionArrays
    pairs: NDArray[np.int64]
    nats: Floats
    features: Floats


def _lines(of: CaptionArrays) -> list[list[int]]:
    return [row[PREFIX:end].tolist() for row, end in zip(of.tokens, of.lengths, strict=True)]


def _perplexity(nats: Floats, data: CaptionArrays) -> float:
    return float(np.exp(nats.sum() / (data.lengths - PREFIX).sum()))


class _Evaluation:
    def __init__(self, folder: Path, prepared: Path, judged: Path) -> None:
        self._arrays, self._splits, self._vocabulary = load_arrays(prepared / "arrays.npz")
        captions = read_captions(folder, sys.maxsize)
        self._votes = np.array([caption.votes for caption in captions])
        self._texts = [" ".join(caption.boxes) for caption in captions]
        with np.load(judged) as said:
            self._said = {name: said[name].astype(np.float64) for name in said.files}
        self._simple: dict[str, Simple] = {}
        self._by_split: dict[tuple[str, str], tuple[Floats, Floats]] = {}

    def networks(self) -> list[tuple[str, str]]:
        """Split and title of each network that was judged."""
        ends = "|judge|picture|nats"
        names = (name.removesuffix(ends) for name in self._said if name.endswith(ends))
        return [(split, title) for split, _, title in (name.partition("|") for name in names)]

    def part(self, split: str, title: str, name: str) -> Part:
        """Captions of a split's part: choose or judge."""
        rows = self._splits[f"split_{split}_{name}"]
        data = self._arrays.rows(rows)
        known, words = self._simply(split, name)
        told, untold, merit = (
            self._said[f"{split}|{title}|{name}|{which}"]
            for which in ("picture|nats", "any|nats", "picture|merit")
        )
        likelihood = -told / (data.lengths - PREFIX)
        return Part(
            data, pairs_of(self._votes[rows], data.templates), np.stack([told, untold, known]),
            np.stack([merit, words, likelihood], axis=1),
        )  # fmt: skip

    def _simply(self, split: str, name: str) -> tuple[Floats, Floats]:
        """Kneser-Ney's nats and the words' places, the same for every network of a split."""
        if split not in self._simple:
            learn = self._splits[f"split_{split}_learn"]
            log.info("Fitting what is simpler, split %s", split)
            self._simple[split] = Simple.fit(
                self._arrays.rows(learn), [self._texts[row] for row in learn], self._vocabulary
            )
        if (split, name) not in self._by_split:
            simple, rows = self._simple[split], self._splits[f"split_{split}_{name}"]
            lines = _lines(self._arrays.rows(rows))
            self._by_split[split, name] = (
                np.array([simple.baseline.nats(line).sum() for line in lines]),
                np.array([simple.words.place(self._texts[row]) for row in rows]),
            )
        return self._by_split[split, name]


def evaluate(folder: Path, prepared: Path, judged: Path) -> dict[str, Any]:
    """All tables, by split and network."""
    evaluation = _Evaluation(folder, prepared, judged)
    found: dict[str, Any] = {}
    for split, title in evaluation.networks():
        log.info("%s | %s", split, title)
        choose, part = (evaluation.part(split, title, name) for name in ("choose", "judge"))
        ranking = fit_ranking(choose.features, choose.pairs)
        mixture = fit_mixture(choose.nats)
        lengths = part.data.lengths.astype(np.float64)
        scores: dict[str, Floats] = {
            "blend": part.features @ ranking,
            "network": part.features[:, 0],
            "words": part.features[:, 1],
            "likelihood": part.features[:, 2],
            "length": lengths,
            "chance": np.random.default_rng(2).random(len(lengths)),
        }
        told, untold, known = (_perplexity(nats, part.data) for nats in part.nats)
        both = _perplexity(mixed(part.nats, mixture), part.data)
        found[f"{split} | {title}"] = {
            "captions": len(lengths),
            "perplexity": {
                "told": told, "not told": untold, "kneser_ney": known, "mixture": both,
                "better": 1 - min(told, untold) / known, "mixture_better": 1 - both / known,
                "mixture_weights": mixture.tolist(),
            },
            "pairs": len(part.pairs),
            "ranking": {
                name: pair_accuracy(score, part.pairs, part.data.templates)
                for name, score in scores.items()
            },
        }  # fmt: skip
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.evaluate")
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--judged", type=Path, required=True)
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    tables = evaluate(options.captions, options.prepared, options.judged)
    sys.stdout.write(json.dumps(tables, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
