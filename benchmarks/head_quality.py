"""How good the head is on a file of posts, by three splits, beside boosted trees.

    python -m benchmarks.head_quality POSTS.json --images FOLDER --backbone FOLDER
        [--texts FILE.json] [--seeds 3] [--splits KIND …] [--out FILE]

*Study*: the first fifth of each class by file name, which are the earliest posts, is judged;
records count training posts only, so that no judged post has one. *Study, followed*: the same, but
an author's record at a judged post counts earlier judged posts whose score was final by then, as
`main.py evaluate` does it. *Time*: the newest fifth is judged. *Folds*: five, with near-duplicates
together, every post judged once. In each the head is fitted on all the other posts
as it would serve: epochs, temperature and what the network has to say come from a fifth of those.
The trees (LightGBM) get the same columns, stopped and calibrated on a tenth each. Every figure of
the head stands twice: knowing the authors' records, and the same head with them hidden, as it meets
a stranger. *ECE by chance* is the calibration error that the same forecasts have on average where
their probabilities are true: with few posts it is not small. With ``--texts``
the text in the images is read, too, and kept in FILE for the next time.

Figures are means over seeds; intervals (95%) are from resampling the judged posts of the first one.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.backbone import Backbone
from models.decoding import decode
from models.features import Features
from models.near_duplicates import near_duplicate_groups
from models.ocr import READ_SIZE, TextReader
from models.percentiles import BucketRule
from storage.files.image_folder import ImageFolder
from trainer.data.file_posts import FilePosts, read_file_posts
from trainer.data.labelled_posts import LabelledPosts
from trainer.data.reference import Reference
from trainer.data.splits import Parts, Rows, grouped_folds
from trainer.data.targets import Intervals
from trainer.evaluation.boosted_trees import trees
from trainer.evaluation.evaluate import evaluate
from trainer.evaluation.figures import Forecasts, figures
from trainer.evaluation.fit_calibrated import cut_in_three, fit_to_serve
from trainer.evaluation.forecasting import predict_rows
from trainer.evaluation.metrics import calibration_error_by_chance
from trainer.head.recipe import Recipe
from trainer.studies import lu

RULE = BucketRule(2000, 20000)
FOLDS = 5
#: Figures shown, and the least (for the calibration error: the most) that is asked of each.
BARS = {
    "accuracy": 0.50, "macro_f1": 0.45, "log_loss_skill": 0.085, "ordinal_loss_reduction": 0.19,
    "spearman": 0.39, "pair_accuracy": 0.63, "ece": 0.05,
}  # fmt: skip

KNOWN, UNKNOWN = "authors known", "authors not known"

#: More is asked of the log-loss skill where the authors are known.
SKILL_BARS = {("folds", KNOWN): 0.165, ("time", KNOWN): 0.20}

Numbers = NDArray[np.float64]
Predict = Callable[[LabelledPosts, Rows, Rows, int], dict[str, Numbers]]
Split = tuple[LabelledPosts, Rows, Rows]


def our_head(posts: LabelledPosts, train: Rows, judge: Rows, seed: int) -> dict[str, Numbers]:
    """Bins [n, 10] by the head, fitted as it serves; knowing the authors, and not."""
    head = fit_to_serve(posts.take(train), recipe=Recipe(), seed=seed)
    blank = Features().blanks()["author"]["metadata"]
    metadata = np.where(np.isnan(blank), posts.groups["metadata"], blank)
    strangers = replace(posts, groups=posts.groups | {"metadata": metadata})
    return {
        KNOWN: predict_rows(head, posts, judge), UNKNOWN: predict_rows(head, strangers, judge)
    }  # fmt: skip


def boosted_trees(posts: LabelledPosts, train: Rows, judge: Rows, seed: int) -> dict[str, Numbers]:
    """Bins [n, 10] by LightGBM on the same columns."""
    parts = Parts(*cut_in_three(posts, train, np.random.default_rng(seed)), judge)
    return {KNOWN: trees(posts, parts, Recipe(), seed).bins}


def forecasts_of(split: Split, bins: Numbers) -> Forecasts:
    """Predictions of the judged posts, ranked among the scores that were trained on."""
    posts, train, judge = split
    reference = Reference(np.sort(posts.score[train]))
    scores = posts.score[judge]
    n = len(judge)
    return Forecasts(
        bins, scores, np.zeros(n, np.int64), reference.intervals(scores),
        np.tile(reference.cuts(RULE), (n, 1)), reference.buckets(scores, RULE),
        np.tile(reference.base(RULE), (n, 1)),
    )  # fmt: skip


def joined(parts: list[Forecasts]) -> Forecasts:
    """Forecasts of several folds as one."""

    def column(name: str) -> NDArray[np.float64]:
        return np.concatenate([getattr(part, name) for part in parts])

    intervals = Intervals(*(
        np.concatenate([getattr(part.intervals, name) for part in parts])
        for name in ("low", "high")
    ))  # fmt: skip
    return Forecasts(
        column("bins"), column("score"), column("community").astype(np.int64), intervals,
        column("cuts"), column("bucket").astype(np.int64), column("base"),
    )  # fmt: skip


def splits_of(file_posts: FilePosts, seed: int) -> Iterator[tuple[str, list[Split]]]:
    """The three kinds of split; the folds depend on the seed."""
    posts = file_posts.labelled()
    study = lu.split_of(file_posts.ids, lu.classes_of(posts.score))
    for kind, followed in (("study", False), ("study, followed", True)):
        seen = lu.posts_of(file_posts, study, followed=followed)
        yield kind, [(seen, study.train, study.validate)]
    order = np.argsort(posts.posted_at, kind="stable")
    newest = round(0.8 * len(posts))
    yield "time", [(posts, order[:newest], order[newest:])]
    groups = near_duplicate_groups(posts.phash)
    folds = grouped_folds(groups, FOLDS, np.random.default_rng(seed))
    yield "folds", [(posts, train, judge) for train, judge in folds]


def with_texts(file_posts: FilePosts, images: Path, kept: Path) -> FilePosts:
    """The posts with the text in their images, read now or found in ``kept``."""
    texts = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    missing = [post_id for post_id in file_posts.ids if post_id not in texts]
    if missing:
        reader = TextReader()
        folder = ImageFolder(images)
        for done, post_id in enumerate(missing, 1):
            path = folder.find(post_id)
            if path is not None:
                texts[post_id] = reader.read(decode(path.read_bytes(), size=READ_SIZE).pixels)
            if done % 100 == 0 or done == len(missing):
                kept.write_text(json.dumps(texts), "utf-8")
                sys.stderr.write(f"text of {done} of {len(missing)} images read\n")
    seen = {
        number: replace(seen, text=texts[file_posts.posts[number].source_id])
        for number, seen in file_posts.seen.items()
    }
    return FilePosts(file_posts.posts, seen, file_posts.dropped, file_posts.now)


def row(name: str, by_seed: list[Forecasts]) -> str:
    """One line of the table: means over seeds, and the first seed's intervals."""
    kind, *_, known = name.split(", ")
    every = [figures(forecasts) for forecasts in by_seed]
    intervals = evaluate(by_seed[0]).intervals
    cells = []
    bars = BARS | {"log_loss_skill": SKILL_BARS.get((kind, known), BARS["log_loss_skill"])}
    for key, bar in bars.items():
        value = float(np.mean([each[key] for each in every]))
        met = value <= bar if key == "ece" else value >= bar
        low, high = intervals[key]
        shown = f"{value:.3f}" if met else f"*{value:.3f}*"
        cells.append(f"{shown} [{low:.3f}, {high:.3f}]")
    spread = np.std([each["log_loss_skill"] for each in every])
    rps = np.mean([each["rps_skill"] for each in every])
    rng = np.random.default_rng(0)
    chance = np.mean(
        [calibration_error_by_chance(each.bucket_probabilities(), rng) for each in by_seed]
    )
    return f"| {name} | " + " | ".join(cells) + f" | {chance:.3f} | {rps:.3f} | {spread:.3f} |"


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--backbone", type=Path, default=Path("models/starter"))
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--splits", nargs="+", help="only these kinds of split")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    backbone = Backbone.load(asked.backbone)
    file_posts = read_file_posts(asked.file, asked.images, backbone, now=datetime.now(UTC))
    variants = {"no text": file_posts}
    if asked.texts:
        variants["text read"] = with_texts(file_posts, asked.images, asked.texts)
    contenders: dict[str, Predict] = {"head": our_head, "boosted trees": boosted_trees}
    found: dict[str, list[Forecasts]] = {}
    for variant, posts in variants.items():
        for seed in range(1, asked.seeds + 1):
            for kind, parts in splits_of(posts, seed):
                if asked.splits and kind not in asked.splits:
                    continue
                for name, predict in contenders.items():
                    judged = [(part, predict(*part, seed)) for part in parts]
                    for known in judged[0][1]:
                        forecasts = [forecasts_of(part, bins[known]) for part, bins in judged]
                        key = f"{kind}, {name}, {variant}, {known}"
                        found.setdefault(key, []).append(joined(forecasts))
                    sys.stderr.write(f"{kind}, {name}, {variant}, seed {seed}\n")
    heading = ("", *BARS, "ece by chance", "rps_skill", "sd of skill over seeds")
    lines = [
        f"{len(file_posts.ids)} posts, backbone {asked.backbone.name}, {asked.seeds} seeds",
        "",
    ]
    lines += ["| " + " | ".join(heading) + " |", "|---" * len(heading) + "|"]
    lines += [row(name, found[name]) for name in sorted(found, reverse=True)]
    lines += ["| bar | " + " | ".join(f"{bar:.3f}" for bar in BARS.values()) + " | | | |", ""]
    lines += [f"Log-loss skill, {', '.join(of)}: {bar}." for of, bar in SKILL_BARS.items()]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
