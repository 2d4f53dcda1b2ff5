"""How fast and how small serving is, beside a script that loads the Keras model and predicts.

    python -m benchmarks.serving [--weights FILE] [--posts FILE --images DIR]

Three measurements, ours and the peer's in turns in the same run:

1. bytes to probabilities of one JPEG of 750 × 750 pixels, one thread;
2. the whole process that predicts one image: wall time and peak memory;
3. importing posts with their embeddings, images a second.

Without --posts it draws its own pictures; without --weights the backbone is the starter and the
peer's network has random weights (its speed is the same).
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from PIL import Image, ImageDraw
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
ROUNDS = 5
REPEAT = 40
DRAWN = 400


@dataclass(frozen=True, slots=True)
class Run:
    """One child process: what it printed, how long it ran, the most memory it held."""

    output: str
    seconds: float
    peak_mb: float


def run(arguments: list[str], env: dict[str, str], *, threads: int = 1) -> Run:
    """Run a Python child to its end and watch its memory.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    child_env = os.environ | env | {"OMP_NUM_THREADS": str(threads), "TF_CPP_MIN_LOG_LEVEL": "3"}
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=child_env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = 0

    def watch() -> None:
        nonlocal peak
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.NoSuchProcess:
                return
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    output, errors = process.communicate()
    watcher.join()
    if process.returncode:
        sys.stderr.write(errors)
        raise subprocess.CalledProcessError(process.returncode, arguments)
    return Run(output, time.perf_counter() - started, peak / 2**20)


def draw(path: Path, side: int, seed: int) -> None:
    """Draw a picture with the detail of a photograph, so that decoding it is real work."""
    rng = random.Random(seed)
    image = Image.effect_noise((side, side), 40).convert("RGB")
    pen = ImageDraw.Draw(image)
    for _ in range(30):
        x, y, r = (rng.randrange(side) for _ in range(3))
        colour = tuple(rng.randrange(256) for _ in range(3))
        pen.ellipse((x, y, x + r // 3, y + r // 4), fill=colour)
    image.save(path, quality=85)


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of ``values`` lie."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", help="Keras weights of MobileNetV2 1.0, 224, no top")
    parser.add_argument("--posts", type=Path)
    parser.add_argument("--images", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), arguments)


def measure(folder: Path, arguments: argparse.Namespace) -> None:
    """Measure everything and print the tables."""
    console = Console()
    env = {
        "PEORIA_DATA_DIR": str(folder / "data"),
        "PEORIA_BACKBONE": arguments.weights or "starter",
    }
    picture = folder / "picture.jpg"
    draw(picture, 750, seed=1)
    # The first start makes the database and, with --weights, exports the backbone.
    run(["main.py", "predict", str(picture), "--json"], env)
    exported = sorted((folder / "data/backbones").glob("*"))
    backbone = exported[0] if exported else ROOT / "models/starter"
    weights = ["--weights", arguments.weights] if arguments.weights else []

    ours: dict[str, list[float]] = {"ms": [], "seconds": [], "mb": []}
    peer: dict[str, list[float]] = {"ms": [], "seconds": [], "mb": []}
    parts: dict[str, float] = {}
    for _ in range(ROUNDS):
        repeat = ["--repeat", str(REPEAT)]
        one = run(
            ["-m", "benchmarks.our_predict", str(picture), "--backbone", str(backbone), *repeat],
            env,
        )
        answer = json.loads(one.output)
        # The first ones warm caches, on both sides.
        ours["ms"] += answer["milliseconds"][5:]
        parts = answer["parts"]
        one = run(["-m", "benchmarks.keras_predict", str(picture), *weights, *repeat], env)
        peer["ms"] += json.loads(one.output)["milliseconds"][5:]
        one = run(["main.py", "predict", str(picture), "--json"], env)
        ours["seconds"].append(one.seconds)
        ours["mb"].append(one.peak_mb)
        one = run(["-m", "benchmarks.keras_predict", str(picture), *weights], env)
        peer["seconds"].append(one.seconds)
        peer["mb"].append(one.peak_mb)

    table = Table("", "Peoria", "Keras script", "ratio", title="Serving one image")
    rows = [
        ("bytes → probabilities, p50", "ms", 0.5, "ms"),
        ("bytes → probabilities, p95", "ms", 0.95, "ms"),
        ("whole process, wall time (median)", "seconds", 0.5, "s"),
        ("whole process, peak memory (median)", "mb", 0.5, "MB"),
    ]
    for name, key, share, unit in rows:
        mine, theirs = percentile(ours[key], share), percentile(peer[key], share)
        table.add_row(name, f"{mine:.1f} {unit}", f"{theirs:.1f} {unit}", f"{theirs / mine:.1f} ×")
    console.print(table)
    console.print(f"Parts of one prediction, median ms: {parts}")
    measure_import(folder, arguments, env, console)


def measure_import(
    folder: Path, arguments: argparse.Namespace, env: dict[str, str], console: Console
) -> None:
    """Import posts with two threads and print images a second."""
    posts, images = arguments.posts, arguments.images
    if posts is None:
        images = folder / "images"
        images.mkdir()
        rows = {}
        for number in range(DRAWN):
            draw(images / f"p{number}.jpg", 448, seed=number)
            rows[str(number)] = {
                "id": f"p{number}",
                "title": f"Picture {number}",
                "created_utc": 1_500_000_000 + 3600 * number,
                "ups": number * 7 % 1000,
                "author": f"person {number % 50}",
            }
        posts = folder / "posts.json"
        posts.write_text(json.dumps({"_default": rows}))
    rates = []
    for attempt in range(3):
        one = run(
            ["main.py", "import", str(posts), "--images", str(images), "--json"],
            env | {"PEORIA_DATA_DIR": str(folder / f"import-{attempt}")},
            threads=2,
        )
        imported = json.loads(one.output)["imported"]
        rates.append(imported / one.seconds)
    console.print(
        f"Importing {imported:,} posts, whole process: {statistics.median(rates):.0f} images/s"
        f" (three runs: {', '.join(f'{rate:.0f}' for rate in rates)})"
    )


if __name__ == "__main__":
    main()
