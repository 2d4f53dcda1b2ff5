"""How often the gate is wrong: retrains on shuffled labels, and challengers that are truly better.

    python benchmarks/gate_power.py [--tries 50] [--seed 1] [--json FILE]

A community whose truth is known: log votes are a sum of what is seen in the image (twelve
directions of the embedding) and of luck. A champion is fitted on the first 150 posts, then 500 new
labels come in and the trainer's own `challenge` is made, as a training run makes it, in this
process and without a report.

Five kinds of tries:

- better: labels as they are. The challenger is the better one; how much better is measured on 2,000
  other posts of the same community, with the head that would serve.
- better first: the same without a champion, as on a new installation.
- shuffled after: the 500 new labels are shuffled among their posts; the champion's are not.
- shuffled all: every label is shuffled after the champion was made.
- shuffled first: every label is shuffled and there is no champion.
"""

import argparse
import atexit
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from models.features import Features  # noqa: E402
from models.head import Head  # noqa: E402
from models.metrics import ranked_probability_scores  # noqa: E402
from trainer.data.labelled_posts import LabelledPosts  # noqa: E402
from trainer.data.targets import soft_bins  # noqa: E402
from trainer.evaluation.cross_fit import fit_planned, plan  # noqa: E402
from trainer.evaluation.forecasting import intervals_of, predict_rows, ranking_of  # noqa: E402
from trainer.evaluation.gate import Verdict  # noqa: E402
from trainer.head.recipe import Recipe  # noqa: E402
from trainer.refit.baseline import Champion  # noqa: E402
from trainer.refit.challenge import challenge  # noqa: E402

OLD, NEW, OTHER = 150, 500, 2000
#: Communities, each with its champion, that the tries take turns in; what is posted and voted
#: differs from try to try.
COMMUNITIES = 5
SIGNALS = 12
#: Standard deviations of what is seen and of luck, in log votes.
SEEN, LUCK = 1.0, 1.0
KINDS = ("better", "better first", "shuffled after", "shuffled all", "shuffled first")


@dataclass(frozen=True)
class Try:
    """What the gate said of one challenger, and how good both really are."""

    kind: str
    verdict: Verdict
    true_rps_challenger: float
    true_rps_champion: float


def community(home: int, seed: int) -> LabelledPosts:
    """Posts in the order of posting: old, new, and others that nobody trains on.

    Args:
        home: decides the community's taste and its old posts.
        seed: decides the rest.
    """
    n = OLD + NEW + OTHER
    features = Features()
    own = np.random.default_rng([1, home])
    taste = own.normal(size=SIGNALS)
    directions = own.normal(size=(SIGNALS, 1280)) / np.sqrt(SIGNALS)
    rng = np.random.default_rng([2, home, seed])
    seen = np.concatenate(
        [own.normal(size=(OLD, SIGNALS)), rng.normal(size=(NEW + OTHER, SIGNALS))]
    )
    luck = np.concatenate([own.normal(size=OLD), rng.normal(size=NEW + OTHER)])
    grain = np.concatenate([own.normal(size=(OLD, 1280)), rng.normal(size=(NEW + OTHER, 1280))])
    embedding = np.maximum(seen @ directions + 0.5 * grain, 0)
    truth = seen @ taste * (SEEN / np.linalg.norm(taste))
    score = np.floor(np.exp(3 + truth + LUCK * luck))
    at = 1.7e9 + 3600.0 * np.arange(n)
    return LabelledPosts(
        groups={
            "embedding": embedding.astype(np.float16),
            "title": np.zeros((n, features.text_dim), np.float16),
            "text": np.zeros((n, features.text_dim), np.float16),
            "metadata": np.zeros((n, len(features.metadata_names)), np.float32),
        },
        score=score,
        community=np.ones(n, np.int64),
        platform=np.full(n, "web"),
        posted_at=at,
        matured_at=at + 86400,
        phash=rng.integers(0, 2**63, n).astype(np.uint64),
    )


def shuffled(posts: LabelledPosts, rows: NDArray[np.intp], seed: int) -> LabelledPosts:
    """The posts with the scores of some handed round among them."""
    changed = posts.take(np.arange(len(posts)))
    changed.score = posts.score.copy()
    changed.score[rows] = posts.score[np.random.default_rng(seed).permutation(rows)]
    return changed


@cache
def champion_of(home: int) -> Champion:
    """A head fitted on a community's old posts, in a folder that outlives the tries."""
    old = community(home, 0).take(np.arange(OLD))
    head = fit_planned(old, np.arange(OLD), plan(old, Recipe(), seed=home), seed=home)
    folder = Path(tempfile.mkdtemp(prefix="peoria-champion-"))
    atexit.register(shutil.rmtree, folder)
    head.save(folder)
    return Champion("champion", folder, datetime.fromtimestamp(float(old.matured_at.max()), UTC))


def one_try(kind: str, seed: int) -> Try:
    """One community, one champion, one retrain, one verdict."""
    home = seed % COMMUNITIES
    posts = community(home, seed)
    champion = None if kind.endswith("first") else champion_of(home)
    known = posts.take(np.arange(OLD + NEW))
    if kind == "shuffled after":
        known = shuffled(known, np.arange(OLD, OLD + NEW), seed)
    elif kind.startswith("shuffled"):
        known = shuffled(known, np.arange(OLD + NEW), seed)
    made = challenge(
        known, recipe=Recipe.for_labels(len(known)), champion=champion, min_labels=60, seed=seed,
        say=lambda **_: None, comparisons="none",
    )  # fmt: skip
    other = np.arange(OLD + NEW, len(posts))
    truth = soft_bins(intervals_of(posts, ranking_of(posts, other)))[other]
    rps = [
        float(ranked_probability_scores(predict_rows(head, posts, other), truth).mean())
        for head in (made.head, Head.load(champion.folder) if champion else Head.uniform())
    ]
    return Try(kind, made.verdict, *rps)


def main() -> None:
    """Try, and print how often the gate promoted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tries", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--json", type=Path, help="File for every verdict with its evidence.")
    asked = parser.parse_args()
    lines: list[dict[str, Any]] = []
    for kind in asked.kinds.split(","):
        started = time.perf_counter()
        tries = [one_try(kind, asked.seed * 10_000 + number) for number in range(asked.tries)]
        promoted = sum(each.verdict.promote for each in tries)
        better = sum(each.true_rps_challenger < each.true_rps_champion for each in tries)
        print(
            f"{kind}: promoted {promoted} of {asked.tries};"
            f" truly better {better}; RPS on other posts"
            f" {np.mean([each.true_rps_champion for each in tries]):.4f} (champion),"
            f" {np.mean([each.true_rps_challenger for each in tries]):.4f} (challenger);"
            f" {(time.perf_counter() - started) / asked.tries:.1f} s a try",
            flush=True,
        )
        for reason, count in reasons(tries).items():
            print(f"  {count} × {reason}")
        lines += [
            {
                "kind": kind,
                "promote": each.verdict.promote,
                "reason": each.verdict.reason,
                "true_rps_challenger": each.true_rps_challenger,
                "true_rps_champion": each.true_rps_champion,
                "evidence": each.verdict.evidence,
            }
            for each in tries
        ]
        if asked.json:
            asked.json.write_text(json.dumps(lines), "utf-8")


def reasons(tries: list[Try]) -> dict[str, int]:
    """What the gate said, numbers left out, and how often."""
    found: dict[str, int] = {}
    for each in tries:
        words = "".join("#" if letter.isdigit() else letter for letter in each.verdict.reason)
        found[words] = found.get(words, 0) + 1
    return found


if __name__ == "__main__":
    main()
