"""How good the caption model is: perplexity and ranking, beside what is simpler.

    python -m trainer.captions.evaluate --captions FOLDER --prepared FOLDER --judged FILE

FILE is the judged.npz of `trainer.captions.choose_network` or `trainer.captions.train`. Two
captions of one template, made one soon after the other, are a pair when one has at least three
times the votes of the other and five more. Intervals are those of a bootstrap over templates.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.captions.choose_network import load_arrays
from trainer.captions.fit_network import CaptionArrays
from trainer.captions.fit_word_merit import fit_word_merit
from trainer.captions.kneser_ney import KneserNey
from trainer.captions.network import PREFIX
from trainer.data.imgflip import read_captions

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


def perplexity(
    data: CaptionArrays, learn: CaptionArrays, vocabulary: int, nats: Floats
) -> dict[str, float]:
    """Of a token: the network's and that of a Kneser-Ney model of three tokens."""

    def lines(of: CaptionArrays) -> list[list[int]]:
        return [row[PREFIX:end].tolist() for row, end in zip(of.tokens, of.lengths, strict=True)]

    baseline = KneserNey(lines(learn), vocabulary)
    known = np.array([baseline.nats(line).sum() for line in lines(data)])
    count = (data.lengths - PREFIX).sum()
    ours, theirs = np.exp(nats.sum() / count), np.exp(known.sum() / count)
    return {"network": float(ours), "kneser_ney": float(theirs), "better": float(1 - ours / theirs)}


def _standard(values: Floats) -> Floats:
    found: Floats = (values - values.mean()) / values.std()
    return found


def evaluate(folder: Path, prepared: Path, judged: Path) -> dict[str, Any]:
    """All tables, by split and network."""
    arrays, splits, vocabulary = load_arrays(prepared / "arrays.npz")
    captions = read_captions(folder, sys.maxsize)
    votes = np.array([caption.votes for caption in captions])
    texts = [" ".join(caption.boxes) for caption in captions]
    found: dict[str, Any] = {}
    with np.load(judged) as said:
        keys = [name for name in said.files if name.endswith("|judge|picture|nats")]
        for key in keys:
            split, title = key.split("|")[:2]
            learn, rows = splits[f"split_{split}_learn"], splits[f"split_{split}_judge"]
            data = arrays.rows(rows)
            words = fit_word_merit([texts[row] for row in learn], arrays.merit[learn])

            nats, untold = (
                said[f"{split}|{title}|judge|{kind}|nats"].astype(np.float64)
                for kind in ("picture", "any")
            )
            merit = said[f"{split}|{title}|judge|picture|merit"].astype(np.float64)
            by_words = np.array([words.place(texts[row]) for row in rows])
            scores: dict[str, Floats] = {
                "network and words": _standard(merit) + _standard(by_words),
                "network": merit,
                "words": by_words,
                "likelihood": -nats / (data.lengths - PREFIX),
                "length": data.lengths.astype(np.float64),
                "chance": np.random.default_rng(2).random(len(rows)),
            }
            pairs = pairs_of(votes[rows], data.templates)
            found[f"{split} | {title}"] = {
                "captions": len(rows),
                "perplexity": perplexity(data, arrays.rows(learn), vocabulary, nats),
                "perplexity_any_picture": float(
                    np.exp(untold.sum() / (data.lengths - PREFIX).sum())
                ),
                "pairs": len(pairs),
                "ranking": {
                    name: pair_accuracy(score, pairs, data.templates)
                    for name, score in scores.items()
                },
            }
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m trainer.captions.evaluate")
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--prepared", type=Path, required=True)
    parser.add_argument("--judged", type=Path, required=True)
    options = parser.parse_args(arguments)
    tables = evaluate(options.captions, options.prepared, options.judged)
    sys.stdout.write(json.dumps(tables, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
