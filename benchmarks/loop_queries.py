"""Leaderboards, stats and due work with a million posts in the database, on SQLite and PostgreSQL.

    python benchmarks/loop_queries.py [--posts 1000000] [--only sqlite|postgresql] [--keep FOLDER]

The tables are filled with made-up rows, in bulk and in SQL: posts over a year in fifty communities,
each with a label, a prediction and a reply, the newest still waiting for theirs; twenty thousand
people with standings in every season; the daily sums. Then every query of the loop is asked through
the functions that the bot itself calls. Bar: 50 ms each.

SQLite is measured as the bot finds it, without ANALYZE. PostgreSQL is a cluster of our own on a
loopback port, run by the user postgres (its programs are looked for where Debian puts them); it is
analysed, as its autovacuum would do. With --keep the databases stay in FOLDER, and the next run
brings their tables up to date and asks again, instead of filling them anew.
"""

# ruff: noqa: S608, C901 - the SQL is made of the numbers of this file alone

import argparse
import asyncio
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import TextClause, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bot.league.leaderboard import BoardName, list_seasons, read_board  # noqa: E402
from bot.notices import waiting_notices  # noqa: E402
from bot.reports.monitoring import champion_health, community_health  # noqa: E402
from bot.reports.stats import read_stats  # noqa: E402
from bot.training.retention import with_unscored_predictions  # noqa: E402
from bot.training.schedule import new_labels  # noqa: E402
from models.percentiles import WINDOW  # noqa: E402
from models.records import records_of  # noqa: E402
from storage.engine.database import Database  # noqa: E402
from storage.engine.migrate import upgrade  # noqa: E402
from storage.queries.communities import recent_scores  # noqa: E402
from storage.queries.posts import due_posts, replies_to_remove, replies_without_outcome  # noqa: E402
from storage.tables import Post  # noqa: E402
from storage.types import PlatformName, PostState  # noqa: E402

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = 360
COMMUNITIES, PEOPLE, VERSIONS = 50, 20_000, 12
#: Posts that are not labelled yet; half of them are due.
WAITING = 2000
ROUNDS = 40
BAR_MS = 50

Question = Callable[[AsyncSession], Awaitable[Any]]


def statements(posts: int, dialect: str) -> Iterator[str]:
    """The SQL that fills the tables."""
    sqlite = dialect == "sqlite"
    end = int(NOW.timestamp())
    step = DAYS * 86400 / posts
    hour, day = 3600, 86400

    def series(n: int) -> str:
        if sqlite:
            return (
                "(WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i <"
                f" {n}) SELECT i FROM s)"
            )
        return f"(SELECT i FROM generate_series(1::bigint, {n}) AS g(i))"

    def at(seconds: str) -> str:
        if sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%S.000000', {seconds}, 'unixepoch')"
        return f"to_timestamp({seconds})"

    def date(seconds: str) -> str:
        if sqlite:
            return f"strftime('%Y-%m-%d', {seconds}, 'unixepoch')"
        return f"(to_timestamp({seconds}) AT TIME ZONE 'UTC')::date"

    def month(back: str) -> str:
        if sqlite:
            return f"strftime('%Y-%m', '2026-11-01', '-' || ({back}) || ' months')"
        return f"to_char(DATE '2026-11-01' - ({back}) * INTERVAL '1 month', 'YYYY-MM')"

    true, false = ("1", "0") if sqlite else ("true", "false")
    # Newest last; the newest is a minute old.
    posted = f"({end} - 60 - CAST(({posts} - i) * {step!r} AS INTEGER))"
    waits = f"i > {posts - WAITING}"
    score = "((i * 7919) % 97)"
    yield (
        "INSERT INTO communities (id, platform, source_id, name, horizon_seconds, created_at)"
        f" SELECT i, 'reddit', 'c' || i, 'r/c' || i, {day}, {at(str(end - DAYS * day))}"
        f" FROM {series(COMMUNITIES)} s"
    )
    yield (
        "INSERT INTO authors (id, platform, hash) SELECT i, 'reddit',"
        f" substr('{'0' * 64}', 1, 64 - length(CAST(i AS TEXT))) || i FROM {series(PEOPLE)} s"
    )
    yield (
        "INSERT INTO images (id, sha256, format, bytes, width, height, phash, stored_at) VALUES"
        f" (1, '{'b' * 64}', 'PNG', 1, 1, 1, '{'0' * 16}', {at(str(end))})"
    )
    yield (
        "INSERT INTO model_versions (id, name, backbone, is_champion, created_at, promoted_at,"
        f" labels, metrics) SELECT i, 'v' || i, '{'c' * 64}', i = {VERSIONS}, {at(str(end))},"
        f" {at(str(end))}, 1, '{{}}' FROM {series(VERSIONS)} s"
    )
    yield (
        "INSERT INTO posts (id, community_id, platform, source_id, author_id, origin, title,"
        " posted_at, seen_at, predicted_at, state, due_at, tries, silent)"
        f" SELECT i, i % {COMMUNITIES} + 1, 'reddit', 'p' || i, i % {PEOPLE} + 1, 'live',"
        f" 'Title ' || i, {at(posted)}, {at(posted)}, {at(posted)},"
        f" CASE WHEN {waits} THEN 'awaiting_score' ELSE 'settling' END,"
        f" CASE WHEN {waits} THEN {at(f'({end} + ((i % 4) - 1) * {hour})')} END, 0,"
        f" CASE WHEN i % 10 = 0 THEN {true} ELSE {false} END FROM {series(posts)} s"
    )
    yield (
        "INSERT INTO labels (post_id, community_id, score, percentile_low, percentile_high, bucket,"
        f" matured_at, written_at) SELECT i, i % {COMMUNITIES} + 1, {score}, {score} / 100.0,"
        f" {score} / 100.0 + 0.02, CASE {score} / 33 WHEN 0 THEN 'low' WHEN 1 THEN 'medium' ELSE"
        f" 'high' END, {at(f'({posted} + {hour})')}, {at(f'({posted} + {hour})')}"
        f" FROM {series(posts - WAITING)} s"
    )
    scored = f"NOT ({waits})"
    yield (
        "INSERT INTO predictions (id, post_id, model_version_id, image_id, made_at, bins, p_low,"
        " p_medium, p_high, quantiles, latency_ms, scored_at, log_score, rps, brier, points,"
        f" base_rate, base_rps, base_log_score) SELECT i, i, i / ({posts} / {VERSIONS} + 1) + 1, 1,"
        f" {at(posted)}, '[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]', 0.3, 0.3, 0.4,"
        f" 'community', 3.0, CASE WHEN {scored} THEN {at(f'({posted} + {hour})')} END,"
        f" CASE WHEN {scored} THEN 2.2 END, CASE WHEN {scored} THEN 0.15 END,"
        f" CASE WHEN {scored} THEN 0.6 END, CASE WHEN {scored} THEN -1.0 END,"
        f" CASE WHEN {scored} THEN 0.33 END, CASE WHEN {scored} THEN 0.16 END,"
        f" CASE WHEN {scored} THEN 2.3 END FROM {series(posts)} s"
    )
    yield (
        "INSERT INTO replies (post_id, state, source_id, recorded_at) SELECT i,"
        f" CASE WHEN {waits} THEN 'sent' ELSE 'settled' END, 'r' || i, {at(posted)}"
        f" FROM {series(posts)} s"
    )
    points = "(((i * 7919) % 1999) - 999) / 10.0"
    for where in ("0", f"i % {COMMUNITIES} + 1", f"(i + 17) % {COMMUNITIES} + 1"):
        for season in ("'all'", month("m.i - 1")):
            months = f" CROSS JOIN {series(12)} m" if season != "'all'" else ""
            yield (
                "INSERT INTO standings (season, community_id, kind, forecaster_id, n, hits,"
                " expected_hits, points, points_squared, blind_n, blind_hits, blind_expected_hits,"
                " blind_points, streak, best_streak, log_sum, rps_sum, base_rps_sum, brier_sum,"
                f" updated_at, bot_hits, bot_points) SELECT {season},"
                f" {where.replace('i', 's.i', 1)}, 'person', s.i,"
                f" s.i % 60 + 1, 1, 0.3, {points.replace('(i', '(s.i')}, 9.0, 1, 1, 0.3, 1.0, 1, 2,"
                f" 0, 0, 0, 0, {at(str(end))}, 0, 0 FROM {series(PEOPLE)} s{months}"
            )
    yield (
        "INSERT INTO standings (season, community_id, kind, forecaster_id, n, hits, expected_hits,"
        " points, points_squared, blind_n, blind_hits, blind_expected_hits, blind_points, streak,"
        " best_streak, log_sum, rps_sum, base_rps_sum, brier_sum, updated_at, bot_hits, bot_points)"
        f" SELECT 'all', s.i - 1, 'model', m.i, 100, 40, 33, 5, 90, 0, 0, 0, 0, 1, 5, 220, 15, 16,"
        f" 60, {at(str(end))}, 0, 0 FROM {series(COMMUNITIES + 1)} s"
        f" CROSS JOIN {series(VERSIONS)} m"
    )
    labels = posts // (DAYS * COMMUNITIES) or 1
    yield (
        "INSERT INTO daily_scores (day, community_id, model_version_id, n, hits, expected_hits,"
        " rps_sum, base_rps_sum, gain_squared_sum, log_sum, base_log_sum, brier_sum)"
        f" SELECT {date(f'({end} - s.i * {day})')}, m.i, {VERSIONS} - s.i / ({DAYS} / {VERSIONS} +"
        f" 1), {labels}, {labels} / 3, {labels} / 3.0, {labels} * 0.15, {labels} * 0.16, {labels} *"
        f" 0.002, {labels} * 2.2, {labels} * 2.3, {labels} * 0.6"
        f" FROM {series(DAYS)} s CROSS JOIN {series(COMMUNITIES)} m"
    )
    yield (
        "INSERT INTO daily_labels (day, community_id, n, spoken_n, spoken_sum, spoken_squared,"
        f" silent_n, silent_sum, silent_squared) SELECT {date(f'({end} - s.i * {day})')}, m.i,"
        f" {labels} + 6, {labels}, {labels} * 3.0, {labels} * 10.0, 6, 18, 60"
        f" FROM {series(DAYS)} s CROSS JOIN {series(COMMUNITIES)} m"
    )
    yield (
        "INSERT INTO notices (id, kind, text, made_at, delivered_at) SELECT i, 'training', 'News',"
        f" {at(f'({end} - i * {hour})')}, CASE WHEN i > 3 THEN {at(str(end))} END"
        f" FROM {series(5000)} s"
    )
    yield (
        "INSERT INTO training_runs (id, state, asked_by, started_at, finished_at, reason,"
        " model_version_id) SELECT i, 'kept', 'schedule',"
        f" {at(f'({end} - i * {day})')}, {at(f'({end} - i * {day})')}, 'x', 1"
        f" FROM {series(DAYS)} s"
    )


async def fill(database: Database, posts: int) -> None:
    """Make the tables and fill them; those of a kept database are only brought up to date."""
    await upgrade(database)
    dialect = database.engine.dialect.name
    async with database.read() as session:
        kept = await session.scalar(select(func.max(Post.id)))
    if kept not in (None, posts):
        raise SystemExit(f"The database that was kept has {kept} posts, not {posts}.")
    for statement in statements(posts, dialect) if kept is None else ():
        async with database.write() as session:
            await session.execute(_as_it_is(statement))
    if dialect == "postgresql":
        async with database.engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await plain.execute(text("VACUUM ANALYZE"))


def _as_it_is(statement: str) -> TextClause:
    """SQL in which colons are colons."""
    return text(statement.replace(":", r"\:"))


def questions() -> dict[str, Question]:
    """Everything that is asked of the tables while the loop turns and people look."""

    def board(name: BoardName, **rest: Any) -> Question:
        asked = {
            "season": "all", "community_id": None, "offset": 0, "limit": 25, "min_guesses": 10,
            "me": None, **rest,
        }  # fmt: skip
        return lambda session: read_board(session, name, **asked)

    def due(*states: PostState) -> Question:
        return lambda session: session.run_sync(due_posts, states, now=NOW, limit=100)

    def stats(community: int | None, days: int) -> Question:
        return lambda session: read_stats(session, community_id=community, days=days, now=NOW)

    return {
        "leaderboard: forecasters, all time": board(BoardName.FORECASTERS, me=777),
        "leaderboard: forecasters, month, community": board(
            BoardName.FORECASTERS, season="2026-10", community_id=7, me=777
        ),
        "leaderboard: forecasters, page 41": board(BoardName.FORECASTERS, offset=1000),
        "leaderboard: models": board(BoardName.MODELS),
        "leaderboard: channels": board(BoardName.CHANNELS),
        "leaderboard: posts, all time": board(BoardName.POSTS),
        "leaderboard: posts, month": board(BoardName.POSTS, season="2026-10"),
        "leaderboard: posts, month, community": board(
            BoardName.POSTS, season="2026-10", community_id=7
        ),
        "leaderboard: seasons": list_seasons,
        "stats: everywhere, 30 days": stats(None, 30),
        "stats: everywhere, 360 days": stats(None, 360),
        "stats: one community, 360 days": stats(7, 360),
        "due: predictions": due(PostState.SEEN, PostState.PREDICTED),
        "due: readings": due(PostState.AWAITING_SCORE),
        "due: results to show": due(PostState.SETTLING),
        "due: replies to remove": lambda session: session.run_sync(
            replies_to_remove, now=NOW, limit=100
        ),
        "due: replies without result": lambda session: session.run_sync(
            replies_without_outcome, [*PlatformName], now=NOW, limit=100
        ),
        "due: notices": waiting_notices,
        "due: training": new_labels,
        "due: versions to keep": with_unscored_predictions,
        "a new post: records": lambda session: session.run_sync(
            records_of,
            post_id=10**9,
            # Where this author posted.
            community_id=27,
            author_id=777,
            moment=NOW,
            horizon_seconds=24 * 3600,
        ),
        "a new post: recent scores": lambda session: session.run_sync(
            recent_scores, 7, before=NOW, limit=WINDOW
        ),
        "monitoring: champion": lambda session: champion_health(session, NOW),
        "monitoring: every community": lambda session: community_health(session, NOW),
    }


async def measure(url: str, posts: int) -> None:
    """Fill one database and print how long everything takes."""
    database = Database(url)
    name = database.engine.dialect.name
    try:
        started = time.perf_counter()
        await fill(database, posts)
        print(f"\n### {name}: {posts:,} posts, filled in {time.perf_counter() - started:.0f} s\n")
        print("| question | p50 ms | p95 ms | fastest ms | CPU ms | |\n|---|---|---|---|---|---|")
        for question, ask in questions().items():
            taken, cpu = await timed(database, ask)
            p95 = sorted(taken)[int(len(taken) * 0.95) - 1]
            verdict = "" if p95 <= BAR_MS else f"over {BAR_MS}"
            print(
                f"| {question} | {statistics.median(taken):.1f} | {p95:.1f} | {min(taken):.1f} |"
                f" {statistics.median(cpu):.1f} | {verdict} |",
                flush=True,
            )
    finally:
        await database.close()


async def timed(database: Database, ask: Question) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds of each round, and the processor's in this process (for SQLite: all of them).

    The first two are left out: a running bot has asked before.
    """
    taken, cpu = [], []
    for _ in range(ROUNDS + 2):
        async with database.read() as session:
            started, worked = time.perf_counter(), time.process_time()
            await ask(session)
            taken.append((time.perf_counter() - started) * 1000)
            cpu.append((time.process_time() - worked) * 1000)
    return taken[2:], cpu[2:]


@contextmanager
def own_postgresql(folder: Path) -> Iterator[str]:
    """A cluster of our own in ``folder``, on a free loopback port; its URL."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        raise SystemExit("There is no PostgreSQL: apt-get install postgresql")
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    data = folder / "cluster"
    is_new = not data.exists()
    data.mkdir(parents=True, exist_ok=True)
    if as_postgres:
        shutil.chown(folder, "postgres")
        shutil.chown(data, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def call(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_postgres, str(programs[-1] / program), *arguments],
            check=True, stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip

    if is_new:
        call("initdb", "-D", str(data), "-U", "peoria", "--auth=trust", "-E", "UTF8", "--locale=C")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=512MB"
    call("pg_ctl", "-D", str(data), "-l", str(folder / "log"), "-o", options, "-w", "start")
    try:
        yield f"postgresql+asyncpg://peoria@127.0.0.1:{port}/postgres"
    finally:
        call("pg_ctl", "-D", str(data), "-m", "fast", "stop")


def main() -> None:
    """Measure both databases."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--only", choices=["sqlite", "postgresql"])
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    asked = parser.parse_args()
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load"
        f" {', '.join(f'{load:.1f}' for load in os.getloadavg())}"
    )
    with ExitStack() as stack:
        folder = asked.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="peoria-queries-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        if asked.only != "postgresql":
            asyncio.run(measure(f"sqlite+aiosqlite:///{folder / 'peoria.db'}", asked.posts))
        if asked.only != "sqlite":
            url = stack.enter_context(own_postgresql(folder.resolve() / "postgresql"))
            asyncio.run(measure(url, asked.posts))
    print(f"\nLoad at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
