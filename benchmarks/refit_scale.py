"""Refit the head on 1,000 to 1,000,000 synthetic labels: seconds and peak memory of each.

    python benchmarks/refit_scale.py [--sizes 1000,10000,100000,1000000] [--plot FILE.png]
    python benchmarks/refit_scale.py --database [--sizes 1000,10000]

Features are memory-mapped files, as large as a community's stored embeddings would be, and every
size is fitted in a process of its own: encoding, early stopping on a tenth, calibration on
another. With ``--database`` the labels and embeddings lie in a database, and all that a training
run does is measured: reading them, planning, cross-fitting, judging and the fit that serves.
Bars: 100,000 labels in 60 s and 2 GB; a million within 24 GB.
"""

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CHUNK = 20_000


def make(folder: Path, n: int) -> None:
    """Synthetic groups and targets of ``n`` posts, written a chunk at a time."""
    from models.features import Features

    features = Features()
    widths = {
        "embedding": (1280, np.float16),
        "title": (features.text_dim, np.float16),
        "text": (features.text_dim, np.float16),
        "metadata": (len(features.metadata_names), np.float32),
        "targets": (10, np.float64),
    }
    maps = {
        name: np.lib.format.open_memmap(folder / f"{name}.npy", "w+", dtype, (n, width))
        for name, (width, dtype) in widths.items()
    }
    rng = np.random.default_rng(1)
    signal = rng.normal(size=1280) / 36
    for start in range(0, n, CHUNK):
        rows = min(CHUNK, n - start)
        embedding = rng.random((rows, 1280), np.float32)
        metadata = rng.random((rows, maps["metadata"].shape[1]), np.float32)
        quality = embedding @ signal + metadata[:, 0] + rng.normal(size=rows)
        bins = np.argsort(np.argsort(quality)) * 10 // rows
        for name, values in (
            ("embedding", embedding),
            ("title", rng.random((rows, features.text_dim), np.float32) / 16),
            ("text", rng.random((rows, features.text_dim), np.float32) / 16),
            ("metadata", metadata),
            ("targets", np.eye(10)[bins]),
        ):
            maps[name][start : start + rows] = values


BACKBONE = "b" * 64


async def store(folder: Path, n: int) -> str:
    """A database of ``n`` labelled and embedded posts by a thousand people; its URL."""
    from datetime import UTC, datetime, timedelta

    from sqlalchemy import insert

    from storage.engine.database import Database
    from storage.engine.migrate import upgrade
    from storage.tables import Author, Community, Embedding, Image, Label, Post, PostImage
    from storage.types import Bucket, PlatformName, PostOrigin, PostState

    start = datetime(2020, 1, 1, tzinfo=UTC)
    url = f"sqlite+aiosqlite:///{folder / 'scale.db'}"
    database = Database(url)
    await upgrade(database)
    rng = np.random.default_rng(1)
    reddit = PlatformName.REDDIT
    async with database.write() as session:
        community = {"id": 1, "platform": reddit, "source_id": "x", "name": "x"}
        await session.execute(insert(Community), [community | {"created_at": start}])
        people = [{"id": i, "platform": reddit, "hash": f"{i:064x}"} for i in range(1, 1001)]
        await session.execute(insert(Author), people)
    for first in range(1, n + 1, 2000):
        numbers = range(first, min(first + 2000, n + 1))
        times = {i: start + timedelta(minutes=10 * i) for i in numbers}
        rows = {
            Image: [
                {"id": i, "sha256": f"{i:064x}", "format": "JPEG", "bytes": 50_000, "width": 600,
                 "height": 400, "phash": f"{int(rng.integers(0, 2**63)):016x}",
                 "stored_at": times[i]}
                for i in numbers
            ],
            Post: [
                {"id": i, "community_id": 1, "platform": reddit, "source_id": f"p{i}",
                 "author_id": 1 + i % 1000, "origin": PostOrigin.IMPORTED,
                 "title": f"when the build {i % 97} passes again", "posted_at": times[i],
                 "seen_at": times[i], "state": PostState.LABELLED, "silent": False}
                for i in numbers
            ],
            PostImage: [
                {"post_id": i, "position": 0, "source": "x", "image_id": i} for i in numbers
            ],
            Label: [
                {"post_id": i, "community_id": 1, "score": float(rng.integers(0, 1000)),
                 "percentile_low": 0.4, "percentile_high": 0.5, "bucket": Bucket.MEDIUM,
                 "matured_at": times[i] + timedelta(days=1), "written_at": times[i]}
                for i in numbers
            ],
            Embedding: [
                {"image_id": i, "backbone": BACKBONE,
                 "vector": rng.random(1280, np.float32).astype("<f2").tobytes()}
                for i in numbers
            ],
        }  # fmt: skip
        async with database.write() as session:
            for table, values in rows.items():
                await session.execute(insert(table), values)
    await database.close()
    return url


def fit_database(url: str) -> None:
    """Do with a database's labels what a training run does; print one JSON line."""
    from trainer.data.dataset import read_labelled
    from trainer.head.recipe import Recipe
    from trainer.refit.challenge import challenge

    started = time.perf_counter()
    posts = asyncio.run(read_labelled(url, BACKBONE))
    n = len(posts)
    read = {"read_seconds": round(time.perf_counter() - started, 1),
            "read_cpu_seconds": round(sum(os.times()[:2]), 1), "read_peak_gb": _peak()}  # fmt: skip
    challenge(
        posts, recipe=Recipe.for_labels(n), champion=None, min_labels=60, seed=1,
        say=lambda **_: None, comparisons="none",
    )  # fmt: skip
    print(
        json.dumps(
            {
                "labels": n,
                **read,
                "seconds": round(time.perf_counter() - started, 1),
                "cpu_seconds": round(sum(os.times()[:2]), 1),
                "peak_gb": _peak(),
            }
        )
    )


def _peak() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)


def fit_once(folder: Path) -> None:
    """Fit on what ``folder`` holds; print one JSON line."""
    from models.head import GROUPS
    from trainer.head.calibration import fit_temperature
    from trainer.head.fit import fit
    from trainer.head.fit_encoding import encode
    from trainer.head.recipe import Recipe

    groups = {group: np.load(folder / f"{group}.npy", mmap_mode="r") for group in GROUPS}
    targets = np.load(folder / "targets.npy", mmap_mode="r")
    n = len(targets)
    started = time.perf_counter()
    place = np.arange(n)
    train, stop = place[: int(0.8 * n)], place[int(0.8 * n) : int(0.9 * n)]
    calibrate = place[int(0.9 * n) :]
    fitted = fit(groups, targets, train, stop, recipe=Recipe.for_labels(n), seed=1)
    assert fitted.head.encoding is not None
    logits = fitted.head.encoded_logits(encode(fitted.head.encoding, groups, calibrate))
    temperature = fit_temperature(logits, targets[calibrate])
    print(
        json.dumps(
            {
                "labels": n,
                "seconds": round(time.perf_counter() - started, 1),
                "cpu_seconds": round(sum(os.times()[:2]), 1),
                "epochs": len(fitted.losses),
                "temperature": round(temperature, 3),
                "peak_gb": _peak(),
            }
        )
    )


def main() -> None:
    """Fit every size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--database", action="store_true", help="read from a database, too")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.url:
        fit_database(asked.url)
        return
    if asked.folder:
        fit_once(asked.folder)
        return
    rows = []
    for n in map(int, asked.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            if asked.database:
                what = ["--url", asyncio.run(store(Path(folder), n))]
            else:
                make(Path(folder), n)
                what = ["--folder", folder]
            done = subprocess.run(
                [sys.executable, __file__, *what],
                check=True, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL,
                env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            )  # fmt: skip
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
    if asked.database:
        return
    print("\n| labels | epochs | seconds | CPU s | peak memory |\n|---|---|---|---|---|")
    for row in rows:
        cells = (f"{row['labels']:,}", row["epochs"], row["seconds"], row["cpu_seconds"])
        print(f"| {' | '.join(map(str, cells))} | {row['peak_gb']} GB |")
    if asked.plot:
        plot(rows, asked.plot)


def plot(rows: list[dict[str, float]], path: Path) -> None:
    """Time and memory against labels, on logarithmic scales."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    labels = [row["labels"] for row in rows]
    for axis, key, name in ((axes[0], "seconds", "seconds"), (axes[1], "peak_gb", "peak GB")):
        axis.loglog(labels, [row[key] for row in rows], marker="o", color="#1f6f8b")
        axis.set(xlabel="labels", title=name)
        axis.grid(visible=True, which="major", color="#e3e8eb")
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
