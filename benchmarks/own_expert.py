"""What a head fitted on one server's labels alone is worth there, beside the one that serves all.

    python -m benchmarks.own_expert --imgflip FOLDER [--each N] [--seeds N …] [--taste STRENGTH]
        [--communities N] [--turned N]

The ImgFlip templates with the most captions (12) are communities, their captions in the order they
were made. One head is fitted on the labels of all. In some of them (4), by the seed, taste is
turned over: their scores count the other way round, so that what plays elsewhere does not play
there. As many others are left as they are. Each of these has a head of its own as well, refitted at
the same moments on its own labels, which gets a say by the rule of the gate: its forecasts of the
newest fifth, fitted without that, are not plainly worse than the base rate. Each post is forecast
before its label is known, by the mixture with the own head and by the one without.

With ``--taste`` the votes are made up: the length of the caption's words, in standard deviations
and times that strength, and normal noise of one.

Printed for both kinds, by how many labels the community had: log-loss skill over the base rate of
what is shown without and with it, of both heads alone, and the gain in nats a label with its 95%
interval (bootstrap over communities and seeds).
"""

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.guarantee import (
    Groups,
    Numbers,
    Stream,
    known_at,
    play,
    targets_of,
    with_records,
)
from models.author_record import AuthorRecord
from models.distribution import BINS, UNIFORM
from models.features import Features, PostFacts, Record
from models.head import GROUPS, Head
from models.metrics import log_losses, ranked_probability_scores
from trainer.data.assemble import assemble
from trainer.data.imgflip import APART, START, Caption, read_captions
from trainer.data.labelled_posts import DIM, Example
from trainer.evaluation.gate import Judged, judge, judge_expert
from trainer.head.fit import fit
from trainer.head.recipe import Recipe

#: Labels of all that are known when heads are refitted first, and how many times more each time.
_FIRST_FIT, _GROWTH = 200, 1.3
#: A head of its own needs so many labels (PEORIA_TRAIN_MIN_LABELS).
_LEAST = 60
#: Where the table is cut, labels of the community.
_STAGES = (0, 100, 200, 400, 10**9)


def read_stream(folder: Path, communities: int, each: int, taste: float | None) -> Stream:
    """The first captions of the biggest templates, with their votes or made-up ones.

    Nothing is drawn: within a template the pictures differ by their words alone, which are read.
    """
    captions = read_captions(folder, 10**9)
    names, counts = np.unique([caption.template for caption in captions], return_counts=True)
    left = {str(name): each for name in names[np.argsort(-counts, kind="stable")[:communities]]}
    chosen = []
    for caption in captions:
        if left.get(caption.template):
            left[caption.template] -= 1
            chosen.append(caption)
    posts = assemble([_example(number, caption) for number, caption in enumerate(chosen)])
    if len(posts) != len(chosen):
        raise SystemExit(f"Captions were left out: {dict(posts.dropped)}")
    score = posts.score
    if taste is not None:
        length = np.array([float(len(" ".join(caption.boxes))) for caption in chosen])
        noise = np.random.default_rng(0).normal(size=len(chosen))
        score = taste * (length - length.mean()) / length.std() + noise
    return Stream(
        {name: np.asarray(posts.groups[name], np.float32) for name in GROUPS}, score,
        np.array([caption.template for caption in chosen]),
        np.array([caption.author or "" for caption in chosen]), posts.posted_at,
    )  # fmt: skip


def _example(number: int, caption: Caption) -> Example:
    at = START + number * APART
    facts = PostFacts(
        caption.title, at, " ".join(caption.boxes), AuthorRecord.empty(), Record.empty(), aspect=1.0
    )
    same = np.full(DIM, 0.1, np.float16)
    return Example(facts, same, float(caption.votes), 1, "imgflip", at + APART, f"{number:x}")


def fitted(groups: Groups, targets: Numbers, rows: np.ndarray) -> Head:
    """The linear part, as `benchmarks.guarantee` fits it."""
    return fit(
        groups, targets, rows, rows[:0],
        recipe=Recipe.for_labels(len(rows)), seed=1, linear_share=1.0, blanks=Features().blanks(),
    ).head  # fmt: skip


def has_say(groups: Groups, targets: Numbers, rows: np.ndarray) -> bool:
    """The gate of a server's own head."""
    older, newest = np.split(rows, [len(rows) * 4 // 5])
    head = fitted(groups, targets, older)
    bins = head.predict_groups({name: groups[name][newest] for name in GROUPS})
    wanted = targets[newest]
    base = ranked_probability_scores(np.broadcast_to(UNIFORM, wanted.shape), wanted)
    verdict = judge(
        Judged(ranked_probability_scores(bins, wanted), 0.0), Judged(base, 0.0),
        np.zeros(len(newest), np.int64), base_rps=base, against=None,
    )  # fmt: skip
    return judge_expert(verdict).promote


def ask(stream: Stream, targets: Numbers, with_own: list[str]) -> tuple[Numbers, Numbers]:
    """What the experts say of each post, [n, 3, 10]; and own heads, no numbers where not asked."""
    full, untitled = with_records(stream, targets, 0), stream.without("author", "title")
    known = known_at(stream, 0)
    said = np.full((len(stream), 3, BINS), 1 / BINS)
    own = np.full((len(stream), BINS), np.nan)
    starts, count = [], float(_FIRST_FIT)
    while count < len(stream):
        starts.append(int(count))
        count *= _GROWTH
    speaks: dict[str, Head] = {}
    for start, end in zip(starts, [*starts[1:], len(stream)], strict=True):
        train = np.flatnonzero(known <= start)
        head = fitted(full, targets, train)
        rows = np.arange(start, end)
        said[rows, 1] = head.predict_groups({name: full[name][rows] for name in GROUPS})
        said[rows, 2] = head.predict_groups({name: untitled[name][rows] for name in GROUPS})
        for name in with_own:
            theirs = train[stream.community[train] == name]
            # Where a newer one fails, the one before keeps its say.
            if len(theirs) >= _LEAST and has_say(full, targets, theirs):
                speaks[name] = fitted(full, targets, theirs)
            asked = rows[stream.community[rows] == name]
            if name in speaks and len(asked):
                own[asked] = speaks[name].predict_groups({g: full[g][asked] for g in GROUPS})
        print(f"\r{end:,} of {len(stream):,} forecast", end="", file=sys.stderr)
    return said, own


def play_seed(stream: Stream, seed: int, of_a_kind: int, found: dict[str, list[Numbers]]) -> None:
    """One choice of the communities: [posts, 6] for each of the eight, into ``found`` by kind."""
    chance = np.random.default_rng(seed)
    chosen = chance.permutation(np.unique(stream.community))[: 2 * of_a_kind].tolist()
    turned, same = chosen[:of_a_kind], chosen[of_a_kind:]
    signs = np.where(np.isin(stream.community, turned), -1.0, 1.0)
    stream = replace(stream, score=stream.score * signs)
    targets = targets_of(stream)
    said, own = ask(stream, targets, chosen)
    for kind, names in (("turned over", turned), ("as elsewhere", same)):
        for name in names:
            rows = np.flatnonzero(stream.community == name)
            part = Stream(
                {}, stream.score[rows], stream.community[rows], stream.author[rows],
                stream.posted_at[rows],
            )  # fmt: skip
            four = [
                mine if np.isnan(theirs).any() else np.concatenate([mine, theirs[None]])
                for mine, theirs in zip(said[rows], own[rows], strict=True)
            ]
            without = play(part, said[rows], targets[rows], 0)[name]
            with_it = play(part, four, targets[rows], 0)[name]
            base = np.array(with_it.base)
            pooled = log_losses(said[rows, 1], targets[rows]) - base
            spoke = ~np.isnan(own[rows, 0])
            alone = log_losses(np.where(spoke[:, None], own[rows], 0.1), targets[rows]) - base
            found[kind].append(
                np.stack(
                    [base, np.array(without.lost), np.array(with_it.lost), pooled, alone, spoke], 1
                )
            )
            print(
                f"\rseed {seed}, {kind}: {name}: {len(rows)} posts, asked of {int(spoke.sum())},"
                f" weight at the end {with_it.account.own:.2f}, most nats lost"
                f" {max(0.0, float(np.cumsum(with_it.lost).max())):.2f}"
            )


def report(found: dict[str, list[Numbers]]) -> None:
    """Print the tables."""
    chance = np.random.default_rng(0)
    for kind, courses in found.items():
        print(
            f"\n{kind}, {len(courses)} communities\nlabels | without | with | pooled | own | gain"
        )
        for first, last in [*pairwise(_STAGES), (0, _STAGES[-1])]:
            parts = [each[first:last] for each in courses if len(each) > first]
            if not parts:
                continue
            sums = np.array([each.sum(axis=0) for each in parts])
            sizes = np.array([len(each) for each in parts])
            skills = -sums[:, 1:5].sum(axis=0) / sums[:, 0].sum()
            picks = chance.integers(0, len(parts), (4000, len(parts)))
            gains = (sums[:, 1] - sums[:, 2])[picks].sum(axis=1) / sizes[picks].sum(axis=1)
            low, high = np.quantile(gains, [0.025, 0.975])
            gain = (sums[:, 1] - sums[:, 2]).sum() / sizes.sum()
            until = "" if last == _STAGES[-1] else str(last)
            print(
                f"{first}–{until} | "
                + " | ".join(f"{each:+.3f}" for each in skills)
                + f" | {gain:+.4f} ({low:+.4f} to {high:+.4f})"
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--imgflip", type=Path, required=True)
    parser.add_argument("--each", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--taste", type=float)
    parser.add_argument("--communities", type=int, default=12)
    parser.add_argument("--turned", type=int, default=4)
    arguments = parser.parse_args()
    began = time.process_time()
    stream = read_stream(arguments.imgflip, arguments.communities, arguments.each, arguments.taste)
    found: dict[str, list[Numbers]] = defaultdict(list)
    for seed in arguments.seeds:
        play_seed(stream, seed, arguments.turned, found)
    report(found)
    print(f"\n{time.process_time() - began:.0f} s of processor time")


if __name__ == "__main__":
    main()
