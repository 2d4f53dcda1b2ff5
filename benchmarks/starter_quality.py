"""How much of the teacher's sight the starter has, on images it was not distilled on.

    python -m benchmarks.starter_quality --data ../shared/data --teacher FOLDER
        [--student models/starter] [--cache FOLDER] [--out FILE]

FOLDER of the teacher is made by `python -m trainer.backbone.export --weights … --out FOLDER`. The
hold-out is `trainer.backbone.distill_images`' own. Every figure of the student stands beside the
teacher's from the same run; intervals are 95% bootstrap intervals over test images, paired where
two backbones are compared. Prints markdown.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, GroupShuffleSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from models.backbone import Backbone
from models.near_duplicates import near_duplicate_groups
from models.preprocessing import perceptual_hash, to_input
from trainer.backbone.distill_images import SourceImage, find_images

Numbers = NDArray[np.float64]
Rows = NDArray[np.intp]
SOURCES = ("corpus", "reddit_memes", "imgflip", "genres", "faces")
NEIGHBOURS = 10
RESAMPLES = 1000
FACES_STEP = 2  # every second face, to keep the teacher's part within minutes
STRENGTHS = (1e-4, 1e-3, 1e-2)


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured number with its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(n: int, statistic: Callable[[Rows], float], seed: int = 0) -> Figure:
    """Evaluate a statistic of rows on all rows and on resamples of them."""
    random = np.random.default_rng(seed)
    resampled = [statistic(random.integers(n, size=n)) for _ in range(RESAMPLES)]
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Figure(statistic(np.arange(n)), float(low), float(high))


def embeddings(
    folder: Path, name: str, images: Sequence[SourceImage], cache: Path | None
) -> Numbers:
    """Embed images (or read them from the cache): float64 [n, 1280]."""
    backbone = Backbone.load(folder)
    stored = cache / f"{backbone.fingerprint[:16]}-{name}.npy" if cache else None
    if stored and stored.is_file():
        kept = np.load(stored).astype(np.float64)
        if len(kept) == len(images):
            return kept
    rows = [backbone.embed(to_input(i.open(), backbone.input_size)[None])[0] for i in images]
    result = np.stack(rows)
    if stored:
        stored.parent.mkdir(parents=True, exist_ok=True)
        np.save(stored, result)
    return result.astype(np.float64)


# ---- agreement of embeddings ---------------------------------------------------------------------


def cosine(student: Numbers, teacher: Numbers) -> Figure:
    """Mean cosine after taking the teacher's mean off both."""
    mean = teacher.mean(0)
    a, b = student - mean, teacher - mean
    each = (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return bootstrap(len(each), lambda rows: float(each[rows].mean()))


def explained(student: Numbers, teacher: Numbers) -> Figure:
    """Share of the teacher's variance that the student explains."""
    missed = ((student - teacher) ** 2).sum(1)
    total = ((teacher - teacher.mean(0)) ** 2).sum(1)
    return bootstrap(len(missed), lambda rows: float(1 - missed[rows].sum() / total[rows].sum()))


def neighbour_overlap(student: Numbers, teacher: Numbers) -> Figure:
    """Share of an image's ten nearest (centred cosine) on which the two backbones agree."""

    def nearest(x: Numbers) -> NDArray[np.int64]:
        unit = x - x.mean(0)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
        close = unit @ unit.T
        np.fill_diagonal(close, -2)
        return np.argsort(-close, axis=1)[:, :NEIGHBOURS]

    pairs = zip(nearest(student), nearest(teacher), strict=True)
    each = np.array([len(set(a) & set(b)) / NEIGHBOURS for a, b in pairs])
    return bootstrap(len(each), lambda rows: float(each[rows].mean()))


# ---- linear probes -------------------------------------------------------------------------------


def fitted(x: Numbers, y: NDArray[np.str_], groups: NDArray[np.str_], directions: int) -> Pipeline:
    """Fit a logistic regression; its strength is chosen on a grouped fifth of the training rows."""

    def model(strength: float) -> Pipeline:
        return make_pipeline(
            StandardScaler(),
            PCA(min(directions, *x.shape), random_state=0),
            LogisticRegression(C=strength, max_iter=500, tol=1e-3),
        )

    inner, check = next(GroupShuffleSplit(1, test_size=0.2, random_state=0).split(x, y, groups))

    def loss(strength: float) -> float:
        trial = model(strength).fit(x[inner], y[inner])
        known = np.isin(y[check], trial.classes_)
        columns = np.searchsorted(trial.classes_, y[check][known])
        probabilities = trial.predict_proba(x[check][known])[np.arange(known.sum()), columns]
        return float(-np.log(probabilities).mean())

    return model(min(STRENGTHS, key=loss)).fit(x, y)


def probe(
    name: str, data: Path, images: Sequence[SourceImage], student: Numbers, teacher: Numbers
) -> str:
    """Fit on the half that was distilled, test on the held-out half; one row of the table."""
    with (data / name / "index.csv").open(newline="", encoding="utf-8") as lines:
        index = {row["path"]: row for row in csv.DictReader(lines)}
    rows = [index[str(image.path.relative_to(data / name))] for image in images]
    labels = np.array([row["label"] for row in rows])
    groups = np.array([row["group"] or row["path"] for row in rows])
    test = np.array([image.held_out for image in images])
    train = ~test
    right = [
        fitted(x[train], labels[train], groups[train], 400).predict(x[test]) == labels[test]
        for x in (student, teacher)
    ]
    ours, theirs = (hits.astype(float) for hits in right)
    n = len(ours)
    ratio = bootstrap(n, lambda rows: float(ours[rows].mean() / theirs[rows].mean()))
    common = max(float((labels[test] == label).mean()) for label in set(labels))
    return (
        f"| {name} | {train.sum()} / {n} | {bootstrap(n, lambda r: float(ours[r].mean()))} "
        f"| {bootstrap(n, lambda r: float(theirs[r].mean()))} | {ratio} | {common:.3f} |"
    )


# ---- popularity ----------------------------------------------------------------------------------


def popularity(data: Path, images: Sequence[SourceImage], both: tuple[Numbers, Numbers]) -> str:
    """Cross-validate terciles of ups from the embedding alone; log-loss skill of both backbones."""
    posts = json.loads((data / "reddit_memes/posts.json").read_text("utf-8"))["_default"]
    ups = {post["id"]: post["ups"] for post in posts.values()}
    scores = np.array([ups[image.path.stem] for image in images], dtype=float)
    buckets = np.searchsorted(np.quantile(scores, [1 / 3, 2 / 3]), scores).astype(str)
    hashes = np.array([int(perceptual_hash(image.open()), 16) for image in images], dtype=np.uint64)
    groups = near_duplicate_groups(hashes)
    losses = np.zeros((3, len(scores)))
    for train, test in GroupKFold(5, shuffle=True, random_state=0).split(scores, groups=groups):
        share = np.array([(buckets[train] == name).mean() for name in "012"])
        losses[0, test] = -np.log(share[buckets[test].astype(int)])
        for place, x in enumerate(both, start=1):
            model = fitted(x[train], buckets[train], groups[train].astype(str), 100)
            probabilities = model.predict_proba(x[test])
            losses[place, test] = -np.log(
                probabilities[np.arange(len(test)), buckets[test].astype(int)]
            )

    def line(name: str, chosen: Rows) -> str:
        base, ours, theirs = losses[:, chosen]
        n = len(chosen)
        skills = [
            bootstrap(n, lambda r, loss=loss: float(1 - loss[r].mean() / base[r].mean()))
            for loss in (ours, theirs)
        ]
        gap = bootstrap(n, lambda r: float((theirs[r].mean() - ours[r].mean()) / base[r].mean()))
        return f"| {name} | {n} | {skills[0]} | {skills[1]} | {gap} |"

    unseen = np.flatnonzero([image.held_out for image in images])
    return "\n".join(
        [line("all, cross-validated", np.arange(len(scores))), line("of these, unseen", unseen)]
    )


def main() -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--student", type=Path, default=Path("models/starter"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--embed-only", action="store_true", help="fill the cache and stop")
    options = parser.parse_args()

    found = find_images([options.data])
    images = {name: [i for i in found if i.source == name] for name in SOURCES}
    images["faces"] = images["faces"][::FACES_STEP]
    for name in ("corpus", "imgflip"):
        images[name] = [image for image in images[name] if image.held_out]
    students, teachers = (
        {name: embeddings(folder, name, images[name], options.cache) for name in SOURCES}
        for folder in (options.student, options.teacher)
    )
    if options.embed_only:
        return 0

    lines = ["### Agreement with the teacher on unseen images", ""]
    lines += ["| source | images | centred cosine | variance explained | shared neighbours of 10 |"]
    lines += ["|---|---|---|---|---|"]
    unseen = {name: np.array([i.held_out for i in images[name]]) for name in SOURCES}
    parts = {name: (students[name][unseen[name]], teachers[name][unseen[name]]) for name in SOURCES}
    # The same number of each, or the many faces would decide.
    fewest = min(len(student) for student, _ in parts.values())
    parts["all, equal shares"] = (
        np.concatenate([parts[name][0][:fewest] for name in SOURCES]),
        np.concatenate([parts[name][1][:fewest] for name in SOURCES]),
    )
    for name, (student, teacher) in parts.items():
        figures = [f(student, teacher) for f in (cosine, explained, neighbour_overlap)]
        lines.append(f"| {name} | {len(student)} | " + " | ".join(map(str, figures)) + " |")

    lines += ["", "### Linear probes, fitted on distilled groups, tested on unseen groups", ""]
    lines += ["| data | train / test | starter | teacher | ratio | commonest class |"]
    lines += ["|---|---|---|---|---|---|"]
    for name in ("genres", "faces"):
        lines.append(probe(name, options.data, images[name], students[name], teachers[name]))

    lines += ["", "### Popularity on r/memes: terciles from the embedding alone", ""]
    lines += ["| posts | n | starter's skill | teacher's skill | difference |"]
    lines += ["|---|---|---|---|---|"]
    both = (students["reddit_memes"], teachers["reddit_memes"])
    lines.append(popularity(options.data, images["reddit_memes"], both))
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
