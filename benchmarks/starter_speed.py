"""One embedding and the start of the serving process: the starter beside its teacher.

    python -m benchmarks.starter_speed --teacher FOLDER [--student models/starter]

One thread. Embeddings are timed in turns, student and teacher, so that whatever else the machine
does hits both; the figures are medians with the 5th and 95th percentile. The start is the wall
time of a fresh process that imports the serving code, loads the backbone and embeds one image.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.backbone import Backbone

EMBEDDINGS = 200
STARTS = 9
START = """
import sys
from pathlib import Path
import numpy as np
from models.backbone import Backbone
backbone = Backbone.load(Path(sys.argv[1]))
size = backbone.input_size
backbone.embed(np.zeros((1, size, size, 3), np.float32))
"""


def embed_once(backbone: Backbone) -> float:
    """Milliseconds of one embedding."""
    size = backbone.input_size
    batch = np.zeros((1, size, size, 3), np.float32)
    started = time.perf_counter()
    backbone.embed(batch)
    return 1000 * (time.perf_counter() - started)


def start_once(folder: Path) -> float:
    """Milliseconds until a fresh process has its first embedding."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", START, str(folder)], check=True, stderr=subprocess.DEVNULL
    )
    return 1000 * (time.perf_counter() - started)


def spread(values: Sequence[float]) -> str:
    """Median with the 5th and 95th percentile."""
    low, high = np.percentile(values, [5, 95])
    return f"{statistics.median(values):.1f} [{low:.1f}, {high:.1f}]"


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--student", type=Path, default=Path("models/starter"))
    options = parser.parse_args()
    folders = {"starter": options.student, "teacher": options.teacher}
    backbones = {name: Backbone.load(folder) for name, folder in folders.items()}
    embeds: dict[str, list[float]] = {name: [] for name in folders}
    for turn in range(EMBEDDINGS + 5):
        for name, backbone in backbones.items():
            taken = embed_once(backbone)
            if turn >= 5:  # the first ones warm caches up
                embeds[name].append(taken)
    starts: dict[str, list[float]] = {name: [] for name in folders}
    for _ in range(STARTS):
        for name, folder in folders.items():
            starts[name].append(start_once(folder))
    ratio = statistics.median(embeds["starter"]) / statistics.median(embeds["teacher"])
    print("| backbone | input px | files MB | one embedding ms | start to first embedding ms |")
    print("|---|---|---|---|---|")
    for name, folder in folders.items():
        size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
        print(
            f"| {name} | {backbones[name].input_size} | {size:.2f} "
            f"| {spread(embeds[name])} | {spread(starts[name])} |"
        )
    print(f"\nThe starter takes {ratio:.2f} of the teacher's time for an embedding.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
