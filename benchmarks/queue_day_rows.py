"""Made-up posts for `benchmarks.queue_day`: when they arrive, and what is stored of each."""

# ruff: noqa: S608 - the SQL is made of the numbers of this file alone

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text

from bot.labels.readings import EARLY
from storage.engine.database import Database
from storage.engine.migrate import upgrade
from storage.types import Bucket, Measure, PlatformName, PostOrigin, PostState

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
EXPERTS = dict.fromkeys(("base", "pooled", "untitled"), _BINS)
WEIGHTS = {"base": 0.912345678901, "pooled": 0.045678901234, "untitled": 0.041975419865}
#: What a prediction has more when its label is there.
SCORED = {
    "log_score": 2.2, "rps": 0.15, "brier": 0.6, "points": -1.0, "base_rate": 0.33,
    "base_rps": 0.16, "base_log_score": 2.3,
}  # fmt: skip


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
            await session.execute(text(statement.replace(":", r"\:")))
    async with database.engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(text("VACUUM ANALYZE"))


def _statements() -> Iterator[str]:
    start = f"to_timestamp({START.timestamp():.0f})"
    experts = str(EXPERTS).replace("'", '"')
    weights = str(WEIGHTS).replace("'", '"')
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
        "INSERT INTO predictions (post_id, model_version_id, image_id, made_at, bins, experts,"
        " weights, share, waiting, blank, p_low, p_medium, p_high, score_p10, score_median,"
        f" score_p90, quantiles, latency_ms) SELECT i, 1, 1, at, '{_BINS}', '{experts}',"
        f" '{weights}', 0.9, 3, false, 0.3, 0.3, 0.4, 1, 5, 50, 'community', 27.3"
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


def new_posts(numbers: Sequence[int], places: Sequence[float]) -> list[dict[str, Any]]:
    """Posts as they are stored when they are seen.

    Args:
        numbers: of the posts, each once in all days.
        places: when each arrives, seconds since the day began.
    """
    found = []
    for number, place in zip(numbers, places, strict=True):
        at = START + timedelta(seconds=float(place))
        found.append({
            "community_id": number % COMMUNITIES + 1, "platform": PlatformName.REDDIT,
            "source_id": f"p{number}", "author_id": number % PEOPLE + 1, "origin": PostOrigin.LIVE,
            "title": f"What somebody wrote above picture {number}",
            "link": f"https://www.reddit.com/r/c/comments/p{number}", "posted_at": at,
            "seen_at": at, "state": PostState.SEEN, "due_at": at, "silent": False,
            "guessing_closed_at": at + timedelta(hours=1),
        })  # fmt: skip
    return found


def prediction(post_id: int, now: datetime) -> dict[str, Any]:
    return {
        "post_id": post_id, "model_version_id": 1, "image_id": 1, "made_at": now, "bins": _BINS,
        "experts": EXPERTS, "weights": WEIGHTS, "share": 0.9, "waiting": 3, "blank": False,
        "p_low": 0.3, "p_medium": 0.3, "p_high": 0.4, "score_p10": 1.0, "score_median": 5.0,
        "score_p90": 50.0, "quantiles": "community", "latency_ms": 27.3,
    }  # fmt: skip


def label(post_id: int, community_id: int, matured_at: datetime, now: datetime) -> dict[str, Any]:
    low = random.Random(post_id).random() * 0.98
    return {
        "post_id": post_id, "community_id": community_id, "score": float(post_id % 97),
        "measure": Measure.SCORE, "percentile_low": low, "percentile_high": low + 0.02,
        "others": 500, "bucket": [*Bucket][int(low * 3)], "matured_at": matured_at,
        "rps": 0.15, "log_score": 2.2, "written_at": now,
    }  # fmt: skip
