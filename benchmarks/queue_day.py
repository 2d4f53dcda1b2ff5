"""A day of a million posts on the queue alone: PostgreSQL, in time from which waiting is left out.

    .ci/with-postgresql .venv/bin/python -m benchmarks.queue_day [--posts 1000000] [--workers 2]
        [--tick 10] [--hours 24] [--every 60] [--short] [--plot FILE.png]

The posts of the day before are there, each with the rows that it has by then, and wait for their
final scores. Then a day is played, with few posts before dawn, many in the afternoon and a burst in
the evening: workers, each a process, store the posts that arrive, and find, claim and move on
whatever is due with the bot's own functions, up to 100 in a transaction as the bot does; the rows
that follow are written by a few statements for all of them (`benchmarks.queue_day_writes`). The
bot's own work in between is left out, and so are images and embeddings, guesses and sums. Every
``--tick`` seconds of the day the workers look for work, as the bot does (``PEORIA_TICK_SECONDS``),
and when they find no more, the clock goes on to the next tick: while they work it goes as it does,
so that lags are those of a whole day.

Printed for each hour: how long what was taken had been due, how busy the workers were, sizes, and
what the queries for due work cost; before and after: which indexes they go through, too.
The last line is JSON; the exit status is 1 where a query takes longer than 50 ms (p95) or reads a
table through (with 100,000 posts and more), or where something is left undone.
"""

import argparse
import asyncio
import json
import multiprocessing as mp
import re
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from benchmarks.discord_process import load
from benchmarks.queue_day_plot import plot
from benchmarks.queue_day_rows import START, arrivals, fill
from benchmarks.queue_day_worker import BATCH, run
from storage.engine.database import Database
from storage.queries.posts import (
    claim_posts,
    claim_replies,
    due_posts,
    posts_to_advance,
    replies_to_remove,
    replies_without_outcome,
)
from storage.queries.waiting_scores import communities_that_wait, replies_that_wait
from storage.types import PlatformName, PostState
from tests.fixtures import postgresql

ROUNDS, BAR_MS = 40, 50.0
#: Rounds in each hour, while the workers wait.
FEW_ROUNDS = 5
#: No more rounds than take so long, seconds.
PATIENCE = 3.0
TABLES = (
    "posts", "post_images", "predictions", "replies", "snapshots", "nowcasts", "labels",
    "post_measures",
)  # fmt: skip
_SIZES = (
    "SELECT relname, pg_table_size(relid) AS data, pg_indexes_size(relid) AS indexes, n_dead_tup"
    " AS dead, n_live_tup AS rows FROM pg_stat_user_tables WHERE relname = ANY(:tables)"
    " ORDER BY relname"
)
_READS = re.compile(
    r"(Seq Scan) on (\w+)|(?:Index(?: Only)? Scan(?: Backward)?) using (\w+)"
    r"|Bitmap Index Scan on (\w+)"
)


def main() -> int:
    """Play the day and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=1_000_000, help="of a day")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--tick", type=float, default=10.0, help="seconds")
    parser.add_argument("--hours", type=float, default=24.0, help="how much of the day is played")
    parser.add_argument("--every", type=int, default=60, help="minutes between figures")
    parser.add_argument("--short", action="store_true", help="2,000 posts, six hours, under 50 s")
    parser.add_argument("--plot", type=Path)
    asked = parser.parse_args()
    if asked.short:
        asked.posts, asked.tick, asked.hours = 2000, 300.0, 6.0
    began = time.monotonic()
    with postgresql.made_database() as url:
        found = asyncio.run(_play(url, asked))
    found |= {"seconds": round(time.monotonic() - began), "load": load()}
    if asked.plot and found["hours"]:
        plot(found["hours"], asked.plot)
    print(json.dumps(found))
    return 0 if found["holds"] else 1


async def _play(url: str, asked: argparse.Namespace) -> dict[str, Any]:
    database = Database(url)
    try:
        began = time.monotonic()
        await fill(database, asked.posts)
        print(f"filled in {time.monotonic() - began:.0f} s", flush=True)
        sizes = await _sizes(database)
        before = await _queries(database, START)
        print(json.dumps({"sizes": sizes, "queries": before}), flush=True)
        with ExitStack() as stack:
            workers = [_start(url, stack) for _ in range(asked.workers)]
            began = time.monotonic()
            hours, end = await asyncio.to_thread(
                _day, workers, asked, lambda now: asyncio.run(_look(url, now))
            )
            seconds = time.monotonic() - began
        after = await _queries(database, START + timedelta(seconds=end))
        left = await _left(database, START + timedelta(seconds=end))
    finally:
        await database.close()
    queries = [*before.values(), *after.values()]
    # A small table is read through at once, and rightly so.
    through = asked.posts >= 100_000 and any(each["reads_through"] for each in queries)
    return {
        "holds": not left and not through and all(each["p95_ms"] <= BAR_MS for each in queries),
        "posts": asked.posts, "workers": asked.workers, "tick_seconds": asked.tick,
        "hours_played": asked.hours,
        "played_in_seconds": round(seconds), "left_undone": left, "hours": hours,
        "sizes_before": sizes, "queries_before": before, "queries_after": after,
    }  # fmt: skip


def _start(url: str, stack: ExitStack) -> Connection:
    context = mp.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=run, args=(there, url))
    process.start()
    stack.callback(process.join)
    stack.callback(here.send, None)
    return here


def _day(
    workers: Sequence[Connection],
    asked: argparse.Namespace,
    look: Callable[[datetime], dict[str, Any]],
) -> tuple[list[dict[str, Any]], float]:
    """What each hour was like, and when the last tick ended, seconds since the day began."""
    places, first = arrivals(asked.posts), asked.posts + 1
    now, seen, hours = 0.0, 0, []
    hour = _Hour()
    while now < asked.hours * 3600:
        come = int(np.searchsorted(places, now, side="right"))
        numbers = range(seen, come)
        for place, worker in enumerate(workers):
            mine = numbers[place :: len(workers)]
            come_now = [first + each for each in mine], [places[each] for each in mine]
            worker.send((now, *come_now, asked.tick))
        answers = [worker.recv() for worker in workers]
        seen = come
        longest = max(each[0] for each in answers)
        for spent, taken, lags, in_vain in answers:
            hour.add(spent, taken, lags, in_vain)
        before, now = now, max(now + asked.tick, now + longest)
        every = asked.every * 60
        if now // every > before // every:
            summary = hour.summary(before // every * every, every, len(workers))
            hours.append(summary | look(START + timedelta(seconds=now)))
            print(json.dumps(hours[-1]), flush=True)
            hour = _Hour()
    return hours, now


class _Hour:
    """What the workers did in an hour of the day."""

    def __init__(self) -> None:
        self._spent = 0.0
        self._taken: defaultdict[str, int] = defaultdict(int)
        self._lags: defaultdict[str, list[float]] = defaultdict(list)
        self._in_vain = 0

    def add(
        self, spent: float, taken: dict[str, int], lags: dict[str, list[float]], in_vain: int
    ) -> None:
        self._spent += spent
        self._in_vain += in_vain
        for name, count in taken.items():
            self._taken[name] += count
        for name, found in lags.items():
            self._lags[name] += found

    def summary(self, began: float, seconds: float, workers: int) -> dict[str, Any]:
        return {
            "hour": round(began / 3600, 2), "busy_share": round(self._spent / workers / seconds, 4),
            "taken": dict(self._taken), "batches_in_vain": self._in_vain,
            "lag_s": {
                name: {
                    "p50": round(statistics.median(found), 2),
                    "p95": round(_p95(found), 2), "max": round(max(found), 2),
                }
                for name, found in sorted(self._lags.items())
            },
        }  # fmt: skip


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int((len(values) - 1) * 0.95)]


async def _look(url: str, now: datetime) -> dict[str, Any]:
    """Sizes, and what the queries cost, while nobody works."""
    database = Database(url)
    try:
        queries = await _queries(database, now, rounds=FEW_ROUNDS)
        return {
            "gb": await _sizes(database),
            "query_ms": {name: each["p50_ms"] for name, each in queries.items()},
        }
    finally:
        await database.close()


async def _sizes(database: Database) -> dict[str, Any]:
    """Gigabytes of each table and of its indexes, and rows, those that are dead too."""
    async with database.read() as session:
        rows = (await session.execute(text(_SIZES), {"tables": [*TABLES]})).all()
    return {
        row.relname: {
            "data": round(row.data / 1e9, 4), "indexes": round(row.indexes / 1e9, 4),
            "rows": row.rows, "dead": row.dead,
        }
        for row in rows
    }  # fmt: skip


async def _queries(
    database: Database, now: datetime, rounds: int = ROUNDS
) -> dict[str, dict[str, Any]]:
    """What each query for due work costs when it is asked, and how it is carried out."""
    states = [PostState.AWAITING_SCORE]
    platforms = [PlatformName.REDDIT]
    late = now + timedelta(minutes=5)
    ids = await database.run_read(lambda session: due_posts(session, states, now=late, limit=BATCH))
    asked: dict[str, Callable[[Session], Any]] = {
        "posts_to_advance": lambda session: posts_to_advance(
            session, now=now, limit=BATCH, without=(), without_communities=()
        ),
        "due_posts (scores)": lambda session: due_posts(session, states, now=late, limit=BATCH),
        "due_posts (outcomes)": lambda session: due_posts(
            session, [PostState.SETTLING], now=now, limit=BATCH
        ),
        "claim_posts": lambda session: claim_posts(session, ids, states, now=late),
        "claim_replies": lambda session: claim_replies(session, ids, now=now),
        "replies_to_remove": lambda session: replies_to_remove(session, now=now, limit=BATCH),
        "replies_without_outcome": lambda session: replies_without_outcome(
            session, platforms, now=now, limit=BATCH
        ),
        "communities_that_wait": communities_that_wait,
        "replies_that_wait": lambda session: replies_that_wait(session, platforms, now=now),
    }
    return {name: await _cost(database, ask, rounds) for name, ask in asked.items()}


async def _cost(database: Database, ask: Callable[[Session], Any], rounds: int) -> dict[str, Any]:
    """Milliseconds of a question, and what PostgreSQL goes through for it; nothing is kept."""
    taken: list[float] = []
    said: list[tuple[str, Any]] = []

    def note(_c: Any, _u: Any, statement: str, parameters: Any, _x: Any, _many: bool) -> None:
        said.append((statement, parameters))

    async with database.engine.connect() as connection:
        event.listen(database.engine.sync_engine, "before_cursor_execute", note)
        until = time.perf_counter() + PATIENCE
        for number in range(rounds + 2):
            said.clear()
            async with database.read() as session:
                began = time.perf_counter()
                await session.run_sync(ask)
                taken.append((time.perf_counter() - began) * 1000)
            if number >= 2 and time.perf_counter() > until:
                break
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
        plans = [
            "\n".join(
                row[0]
                for row in await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            )
            for statement, parameters in said
        ]
    reads = [found.groups() for plan in plans for found in _READS.finditer(plan)]
    return {
        "p50_ms": round(statistics.median(taken[2:]), 2), "p95_ms": round(_p95(taken[2:]), 2),
        "indexes": sorted({index or bitmap for _, _, index, bitmap in reads if index or bitmap}),
        "reads_through": sorted({table for _, table, _, _ in reads if table in TABLES}),
    }  # fmt: skip


async def _left(database: Database, now: datetime) -> int:
    """Posts whose step was due a minute before now and was not done."""
    query = text("SELECT count(*) FROM posts WHERE due_at < :since")
    async with database.read() as session:
        return await session.scalar(query, {"since": now - timedelta(minutes=10)}) or 0


if __name__ == "__main__":
    sys.exit(main())
