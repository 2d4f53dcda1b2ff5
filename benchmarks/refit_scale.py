"""Refit the head on 1,000 to 1,000,000 synthetic labels: seconds and peak memory of each.

    python benchmarks/refit_scale.py [--sizes 1000,10000,100000,1000000] [--plot FILE.png]

Features are memory-mapped files, as large as a community's stored embeddings would be, and every
size is fitted in a process of its own: encoding, early stopping on a tenth, calibration on
another. Bars: 100,000 labels in 60 s and 2 GB; a million within 24 GB.
"""

import argparse
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


def fit_once(folder: Path) -> None:
    """Fit on what ``folder`` holds; print one JSON line."""
    from models.head import GROUPS
    from trainer.calibration import fit_temperature
    from trainer.encode import encode
    from trainer.fit import fit
    from trainer.recipe import Recipe

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
                "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
            }
        )
    )


def main() -> None:
    """Fit every size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1000,10000,100000,1000000")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.folder:
        fit_once(asked.folder)
        return
    rows = []
    for n in map(int, asked.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder), n)
            done = subprocess.run(
                [sys.executable, __file__, "--folder", folder],
                check=True, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL,
                env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            )  # fmt: skip
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(rows[-1], flush=True)
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
