"""What the workers of `benchmarks.queue_day` write: the rows of many posts in one statement.

The rows are those that the bot writes. It writes each by itself, with work in between that is not
what this benchmark is about; a day of a million posts has 14 million rows.
"""

# ruff: noqa: S608 - the SQL is made of the constants of this program alone

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.queue_day_rows import (
    COMMUNITIES,
    DAY,
    PEOPLE,
    PREDICTED,
    PREDICTION,
    SCORED,
)

_IDS = "FROM unnest(CAST(:ids AS bigint[])) id"
_POSTS = text(
    "INSERT INTO posts (community_id, platform, source_id, author_id, origin, title, link,"
    " posted_at, seen_at, state, due_at, tries, silent, guessing_closed_at)"
    f" SELECT i % {COMMUNITIES} + 1, 'reddit', 'p' || i, i % {PEOPLE} + 1, 'live',"
    " 'What somebody wrote above picture ' || i,"
    " 'https://www.reddit.com/r/c/comments/p' || i, at, at, 'seen', at, 0, false,"
    " at + interval '1 hour'"
    " FROM unnest(CAST(:numbers AS bigint[]), CAST(:at AS timestamptz[])) new (i, at) RETURNING id"
)
_IMAGES = text(
    "INSERT INTO post_images (post_id, position, source)"
    f" SELECT id, 0, 'https://i.redd.it/' || id || '.png' {_IDS}"
)
_PREDICTIONS = text(
    f"INSERT INTO predictions (post_id, made_at, {PREDICTION}) SELECT id, :now, {PREDICTED} {_IDS}"
)
_REPLIES = text(
    "INSERT INTO replies (post_id, state, source_id, recorded_at, sent_at)"
    f" SELECT id, 'sent', 'r' || id, :now, :now {_IDS}"
)
_READ = (
    "FROM unnest(CAST(:ids AS bigint[]), CAST(:readings AS integer[]), CAST(:ages AS float8[]))"
    " read (id, reading, age)"
)
_SNAPSHOTS = text(
    "INSERT INTO snapshots (post_id, reading, age_seconds, taken_at, score, comments,"
    f" upvote_ratio) SELECT id, reading, age, :now, id % 97, 3, 0.9 {_READ}"
)
_NOWCASTS = text(
    "INSERT INTO nowcasts (post_id, reading, made_at, score_p10, score_median, score_p90)"
    f" SELECT id, reading, :now, 1, id % 97 + 2, 200 {_READ}"
    f" WHERE reading BETWEEN 3600 AND {DAY - 1}"
)
_LABELS = text(
    "INSERT INTO labels (post_id, community_id, score, measure, percentile_low, percentile_high,"
    " others, bucket, matured_at, rps, log_score, written_at)"
    " SELECT id, community_id, id % 97, 'score', low, low + 0.02, 500,"
    " (ARRAY['low', 'medium', 'high'])[1 + floor(low * 3)::integer],"
    " posted_at + interval '1 day', 0.15, 2.2, :now"
    " FROM (SELECT id, community_id, posted_at, id * 7919 % 980 / 1000.0 AS low FROM posts"
    " WHERE id = ANY(CAST(:ids AS bigint[]))) final"
)
_MEASURES = text(
    "INSERT INTO post_measures (post_id, community_id, taken_at, score, comments, upvote_ratio,"
    " guesses) SELECT id, community_id, :now, id % 97, 3, 0.9, 0 FROM posts"
    " WHERE id = ANY(CAST(:ids AS bigint[]))"
)
_SCORED = text(
    f"UPDATE predictions SET {SCORED}, scored_at = :now WHERE post_id = ANY(CAST(:ids AS bigint[]))"
)


def store_posts(session: Session, numbers: Sequence[int], at: Sequence[datetime]) -> None:
    """Store posts as they are when they are seen.

    Args:
        session: a write session.
        numbers: of the posts, each once in all days.
        at: when each was posted, aware.
    """
    ids = session.scalars(_POSTS, {"numbers": [*numbers], "at": [*at]}).all()
    session.execute(_IMAGES, {"ids": [*ids]})


def store_predictions(session: Session, ids: Sequence[int], now: datetime) -> None:
    """Store the predictions of posts and the replies to them."""
    for statement in (_PREDICTIONS, _REPLIES):
        session.execute(statement, {"ids": [*ids], "now": now})


def store_scores(
    session: Session, read: Sequence[tuple[int, int, float]], final: Sequence[int], now: datetime
) -> None:
    """Store scores that were read, what they lead one to expect, and the labels of those due.

    Args:
        session: a write session.
        read: id, reading (seconds) and age (seconds) of each post.
        final: ids of those whose score is final, of those that were read.
        now: aware.
    """
    if read:
        ids, readings, ages = (list(each) for each in zip(*read, strict=True))
        of_all = {"ids": ids, "readings": readings, "ages": ages, "now": now}
        for statement in (_SNAPSHOTS, _NOWCASTS):
            session.execute(statement, of_all)
    if final:
        for statement in (_LABELS, _MEASURES, _SCORED):
            session.execute(statement, {"ids": [*final], "now": now})
