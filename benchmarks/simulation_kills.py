"""Kill -9 at random instants during a simulation: does it end as the unkilled one does?

    python benchmarks/simulation_kills.py [--kills 200] [--posts 80] [--days 3] [--seed 1]

A simulation runs in a child process that is killed with SIGKILL after a random stretch of its
processor time and started again on the same folder, until it comes to its end; then everything
that it stored is compared, row by row, with what the same simulation stored that nobody killed.
Further seeds follow until there were so many kills. The pipeline, the jobs and the training run
in child processes are the real ones; what the training process does is replaced by something that
takes a second (tests/fakes/quick_trainer.py), as nothing else depends on it. Exit status 1 where
anything differs.
"""

import argparse
import asyncio
import hashlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from contextlib import closing
from pathlib import Path

import ai_edge_litert.interpreter  # noqa: F401 - imported once, before the forks
import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.simulation.plan import Plan  # noqa: E402
from bot.simulation.report import simulate  # noqa: E402

#: Processor time that a child gets before it is killed, seconds: from … to. Opening its folder
#: again takes about half a second, so that some are killed at that, too.
STRETCH = (0.3, 1.4)
#: What may differ: how long things took, who ran them, and the key of the hashes. Of a training
#: run that was killed the admins are told.
DIFFERS = {
    "notices": None,
    "authors": {"hash"},
    "predictions": {"latency_ms"},
    "training_runs": None,
    "model_versions": {"metrics"},
    "alembic_version": None,
}


def in_child(plan: Plan, folder: Path, seconds: float | None) -> bool:
    """Run the simulation on from where it is; whether it came to its end.

    Args:
        seconds: of processor time, after which it is killed; None: it is left alone.
    """
    child = os.fork()
    if not child:
        status = 1
        try:
            asyncio.run(
                simulate(plan, folder, resume=True, draw=False, on_progress=lambda *_: None)
            )
            status = 0
        finally:
            if status:
                traceback.print_exc()
            os._exit(status)
    process = psutil.Process(child)
    while seconds is not None:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return _ended(status)
        spent = process.cpu_times()
        if spent.user + spent.system >= seconds:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return False
        time.sleep(0.003)
    return _ended(os.waitpid(child, 0)[1])


def _ended(status: int) -> bool:
    if status:
        sys.exit("A simulation failed; see above.")
    return True


def stored(folder: Path) -> dict[str, list[tuple]]:
    """Every row of every table, without the columns that may differ."""
    found = {}
    with closing(sqlite3.connect(folder / "data" / "peoria.db")) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        for (table,) in tables.fetchall():
            left_out = DIFFERS.get(table, set())
            if left_out is None:
                continue
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(name for name in names if name not in left_out)
            rows = database.execute(f"SELECT {columns} FROM {table} ORDER BY {columns}")  # noqa: S608
            found[table] = rows.fetchall()
    replies = (folder / "replies.jsonl").read_text().splitlines()
    found["replies that people saw"] = sorted((line,) for line in replies)
    images = (folder / "data" / "images").rglob("*")
    found["image files"] = sorted(
        (path.name, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in images
        if path.is_file() and not path.name.startswith(".")
    )
    return found


def reached(folder: Path) -> str:
    """What the simulation was at when it was killed: its last training run's state, or posts."""
    path = folder / "data" / "peoria.db"
    try:
        with closing(sqlite3.connect(path)) as database:
            running = database.execute(
                "SELECT count(*) FROM training_runs WHERE state = 'running'"
            ).fetchone()
    except sqlite3.OperationalError:
        return "before the first tables"
    return "during a training run" if running[0] else "between training runs"


def main() -> int:
    """Kill, compare, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--posts", type=int, default=80)
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of the first simulation")
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    places: Counter[str] = Counter()
    failures, seed = 0, asked.seed
    while places.total() < asked.kills:
        if threading.active_count() > 1:
            raise RuntimeError("threads do not survive a fork")
        plan = Plan(
            asked.posts, asked.days, seed, retrain_labels=max(20, asked.posts // 6),
            trainer=(sys.executable, "-m", "tests.fakes.quick_trainer"),
        )  # fmt: skip
        with tempfile.TemporaryDirectory(prefix="peoria-kills-") as work:
            killed, unkilled = Path(work, "killed"), Path(work, "unkilled")
            in_child(plan, unkilled, None)
            kills = 0
            while not in_child(plan, killed, rng.uniform(*STRETCH)):
                kills += 1
                places[reached(killed)] += 1
            wanted, got = stored(unkilled), stored(killed)
            differing = [name for name in wanted if wanted[name] != got.get(name)]
            failures += bool(differing)
            rows = {
                name: len(wanted[name])
                for name in ("posts", "predictions", "replies", "labels", "guesses", "standings")
            }
            counts = ", ".join(f"{n:,} {name}" for name, n in rows.items())
            verdict = f"DIFFERS in {', '.join(differing)}" if differing else "all the same"
            print(f"seed {seed}: {kills} kills; {counts}: {verdict}", flush=True)
            for name in differing:
                first = next(
                    (
                        pair
                        for pair in zip(wanted[name], got[name], strict=False)
                        if pair[0] != pair[1]
                    ),
                    (f"{len(wanted[name])} rows", f"{len(got[name])} rows"),
                )
                print(f"  {name}: unkilled {first[0]}\n  {' ' * len(name)}  killed   {first[1]}")
        seed += 1
    where = ", ".join(f"{n} {place}" for place, n in places.most_common())
    print(f"{places.total()} kills ({where}); {failures} simulations ended otherwise.")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
