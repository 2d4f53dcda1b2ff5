"""Made-up posts for `benchmarks.queue_day`: when they arrive, and what is stored of each."""

# ruff: noqa: S608 - the SQL is made of the numbers of this file alone

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from bot.labels.readings import EARLY
from storage.engine.database import Database
from storage.engine.migrate import upgrade

DAY = 86_400
#: The day that is played begins here, half an hour before its burst; the posts of the day before
#: are there by then.
BEGINS = 17.5 * 3600
START = datetime(2026, 11, 20, tzinfo=UTC) + timedelta(seconds=BEGINS)
COMMUNITIES, PEOPLE = 500, 50_000
#: One post of so many is deleted after its first reading, and the final score of one is not told.
DELETED, MISSED = 50, 200
#: Five minutes in the evening have this many times as many posts as others have on average.
BURST, BURST_FROM, BURST_SECONDS = 10.0, 18 * 3600, 300
#: A prediction of an expert, as long as those that are stored.
_BINS = [0.1 + (n - 4.5) / 300 for n in range(10)]
_EXPERTS = str(dict.fromkeys(("base", "pooled", "untitled"), _BINS)).replace("'", '"')
_WEIGHTS = '{"base": 0.912345678901, "pooled": 0.045678901234, "untitled": 0.041975419865}'
#: What is the same in every prediction: columns, and their values.
PREDICTION = (
    "model_version_id, image_id, bins, experts, weights, share, waiting, blank, p_low, p_medium,"
    " p_high, score_p10, score_median, score_p90, quantiles, latency_ms"
)
PREDICTED = (
    f"1, 1, '{_BINS}', '{_EXPERTS}', '{_WEIGHTS}', 0.9, 3, false, 0.3, 0.3, 0.4, 1, 5, 50,"
    " 'community', 27.3"
)
#: What a prediction has more when its label is there.
SCORED = (
    "log_score = 2.2, rps = 0.15, brier = 0.6, points = -1.0, base_rate = 0.33, base_rps = 0.16,"
    " base_log_score = 2.3"
)


def arrivals(posts: int) -> NDArray[np.float64]:
    """When each of so many posts of a day arrives, seconds since its beginning, ascending [posts].

    Most come in the afternoon, few before dawn, and a burst in the evening.
    """
    seconds = (np.arange(DAY) + BEGINS) % DAY
    rate = 1 + 0.7 * np.sin(2 * np.pi * (seconds - 9 * 3600) / DAY)
    rate[(seconds >= BURST_FROM) & (seconds < BURST_FROM + BURST_SECONDS)] += BURST
    arrived = np.concatenate([[0.0], np.cumsum(rate)])
    places = (np.arange(posts) + 0.5) / posts * arrived[-1]
    found: NDArray[np.float64] = np.interp(places, arrived, np.arange(DAY + 1))
    return found


async def fill(database: Database, posts: int) -> None:
    """Make the tables, and the posts of the day before as they stand when it ends.

    All of them wait for a score, so that the day that is played begins as every day does.
    """
    await upgrade(database)
    async with database.write() as session:
        await session.execute(
            text("CREATE TABLE queue_day_arrivals (i bigint PRIMARY KEY, at timestamptz NOT NULL)")
        )
        # The day before, by the same rhythm.
        await session.execute(
            text(
                "INSERT INTO queue_day_arrivals SELECT i, CAST(:start AS timestamptz)"
                " - interval '1 day' + at * interval '1 s'"
                " FROM unnest(CAST(:at AS float8[])) WITH ORDINALITY AS found (at, i)"
            ),
            {"start": START, "at": arrivals(posts).tolist()},
        )
    for statement in _statements():
        async with database.write() as session:
            # Rows that point at others are right by the way they are made.
            await session.execute(text("SET LOCAL session_replication_role = replica"))
            await session.execute(text(statement))
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("VACUUM ANALYZE"))


def _statements() -> Iterator[str]:
    start = f"to_timestamp({START.timestamp():.0f})"
    first, *later = EARLY
    yield (
        "INSERT INTO communities (id, platform, source_id, name, horizon_seconds, created_at)"
        f" SELECT i, 'reddit', 'c' || i, 'r/c' || i, {DAY}, {start} - interval '30 days'"
        f" FROM generate_series(1, {COMMUNITIES}) i"
    )
    yield (
        "INSERT INTO authors (id, platform, hash) SELECT i, 'reddit', lpad(i::text, 64, '0')"
        f" FROM generate_series(1, {PEOPLE}) i"
    )
    yield (
        "INSERT INTO images (id, sha256, format, bytes, width, height, phash, stored_at)"
        f" VALUES (1, '{'b' * 64}', 'PNG', 1, 1, 1, '{'0' * 16}', {start})"
    )
    yield (
        "INSERT INTO model_versions (id, name, backbone, is_champion, created_at, promoted_at,"
        f" labels, metrics) VALUES (1, 'v1', '{'c' * 64}', true, {start}, {start}, 1, '{{}}')"
    )
    gone = f"i % {DELETED} = 0 AND at <= {start} - interval '{first} s'"
    due = " ".join(
        f"WHEN at > {start} - interval '{age} s' THEN at + interval '{age} s'" for age in EARLY
    )
    yield (
        "INSERT INTO posts (id, community_id, platform, source_id, author_id, origin, title, link,"
        " posted_at, seen_at, predicted_at, state, due_at, tries, silent, guessing_closed_at)"
        f" SELECT i, i % {COMMUNITIES} + 1, 'reddit', 'p' || i, i % {PEOPLE} + 1, 'live',"
        " 'What somebody wrote above picture ' || i,"
        " 'https://www.reddit.com/r/c/comments/p' || i, at, at, at,"
        f" CASE WHEN {gone} THEN 'withdrawn' ELSE 'awaiting_score' END,"
        f" CASE WHEN {gone} THEN NULL {due} ELSE at + interval '1 day' END,"
        " 0, false, at + interval '1 hour' FROM queue_day_arrivals"
    )
    yield (
        "INSERT INTO post_images (post_id, position, source, image_id)"
        " SELECT i, 0, 'https://i.redd.it/' || i || '.png', 1 FROM queue_day_arrivals"
    )
    yield (
        f"INSERT INTO predictions (post_id, made_at, {PREDICTION}) SELECT i, at, {PREDICTED}"
        " FROM queue_day_arrivals"
    )
    yield (
        "INSERT INTO replies (post_id, state, source_id, recorded_at, sent_at, post_ended)"
        f" SELECT i, CASE WHEN {gone} THEN 'settled' ELSE 'sent' END, 'r' || i, at, at, {gone}"
        " FROM queue_day_arrivals"
    )
    for age in EARLY:
        yield (
            "INSERT INTO snapshots (post_id, reading, age_seconds, taken_at, score, comments,"
            f" upvote_ratio) SELECT i, {age}, {age} + 1, at + interval '{age} s', i % 97, 3, 0.9"
            f" FROM queue_day_arrivals WHERE at <= {start} - interval '{age} s'"
            + (f" AND i % {DELETED} <> 0" if age != first else "")
        )
    for age in later:
        yield (
            "INSERT INTO nowcasts (post_id, reading, made_at, score_p10, score_median, score_p90)"
            f" SELECT i, {age}, at + interval '{age} s', 1, i % 97 + 2, 200"
            f" FROM queue_day_arrivals WHERE at <= {start} - interval '{age} s'"
            f" AND i % {DELETED} <> 0"
        )
    yield "DROP TABLE queue_day_arrivals"
    for table in ("posts", "predictions"):
        yield (
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        )
