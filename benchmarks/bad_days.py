"""A week of bad days on a loopback platform: what is missed, doubled or taken back without proof.

    python -m benchmarks.bad_days discord [--short] [--seed 1]
    python -m benchmarks.bad_days reddit [--short] [--seed 1]

Everything goes wrong that can: odd events, every kind of error, hidden and reopened communities,
clocks that are set, a second process, interruptions in the middle of anything. The clock is moved
by hand. Afterwards posts, replies, labels, answers and deletions are held against what should be.
The last line is JSON; the exit status is 1 where it does not hold. ``--short`` is for CI.
"""

import argparse
import asyncio
import importlib
import json
import logging
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bad_days_tally import Tally
from bot.runtime.log import JsonFormatter, SafeLines
from bot.runtime.repeated_lines import FoldRepeats

#: The log of a week is smaller than this, bytes.
MOST_LOG = 5 * 2**20


def main() -> int:
    """Play, print, and say whether everything held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("platform", choices=["discord", "reddit"])
    parser.add_argument("--short", action="store_true", help="some hours in place of a week")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    days = importlib.import_module(f"benchmarks.bad_days_{arguments.platform}")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = write_log(folder / "log.jsonl")
        tally: Tally = asyncio.run(
            days.play(folder / "data", short=arguments.short, seed=arguments.seed)
        )
        log.close()
        tally.log_bytes = (folder / "log.jsonl").stat().st_size
        if tally.log_bytes > MOST_LOG:
            tally.faults.append(f"the log has {tally.log_bytes:,} bytes")
    for fault in tally.faults[:50]:
        print(fault)
    answer = tally.as_json() | {"seconds": round(time.perf_counter() - began, 1)}
    print(json.dumps(answer))
    return 0 if tally.holds else 1


def write_log(file: Path) -> logging.Handler:
    """Have everything be logged as a running Peoria logs it, into a file."""
    target = logging.StreamHandler(file.open("w", encoding="utf-8"))
    target.setFormatter(JsonFormatter())
    target.addFilter(SafeLines())
    handler = FoldRepeats(target)
    logging.basicConfig(level="INFO", handlers=[handler], force=True)
    for loud in ("apscheduler", "alembic"):
        logging.getLogger(loud).setLevel(logging.WARNING)
    return handler


if __name__ == "__main__":
    sys.exit(main())
