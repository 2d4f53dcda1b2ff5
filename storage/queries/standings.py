"""The sums that boards and curves are read from: they grow with every label.

A label adds to them in its own transaction, so that they hold each label exactly once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.orm import Session

from storage.engine.upsert import Change, insert_or_add
from storage.queries.label_sums import (
    Key,
    Sums,
    daily_label_sums,
    daily_score_sums,
    guess_sums,
    rows_of,
    standing_sums,
)
from storage.queries.scored_labels import ScoredLabel
from storage.tables import CommunityGuesses, DailyLabel, DailyScore, Standing
from storage.tables.base import Base
from storage.types import ForecasterKind


def add_labels(session: Session, labels: Sequence[tuple[ScoredLabel, str]]) -> None:
    """Add labels, each with its season, to all sums. Needs the labels' own write session.

    They must come in the order of ``written_at``. Four statements, however many there are.
    """
    changes: dict[str, Change] = {
        "streak": _streak,
        "best_streak": _best_streak,
        "updated_at": _updated_at,
    }
    standings = _rows(Standing, (standing_sums(*each) for each in labels))
    insert_or_add(session, Standing, standings, **changes)
    guesses = _rows(CommunityGuesses, (guess_sums(*each) for each in labels))
    insert_or_add(session, CommunityGuesses, guesses)
    scores = _rows(DailyScore, (daily_score_sums(label) for label, _ in labels))
    insert_or_add(session, DailyScore, scores)
    counts = _rows(DailyLabel, (daily_label_sums(label) for label, _ in labels))
    insert_or_add(session, DailyLabel, counts)


def _rows(table: type[Base], sums: Iterable[Mapping[Key, Sums]]) -> list[dict[str, Any]]:
    return [row for each in sums for row in rows_of(table, each)]


def drop_standings(session: Session, author_id: int) -> int:
    """Drop a person's standings, and take them out of the sums; return how many there were."""
    mine = (Standing.kind == ForecasterKind.PERSON, Standing.forecaster_id == author_id)
    columns = (
        Standing.season, Standing.community_id, Standing.n, Standing.hits, Standing.expected_hits,
    )  # fmt: skip
    rows = session.execute(select(*columns).where(*mine)).all()
    sums = CommunityGuesses
    for row in rows:
        session.execute(
            update(sums)
            .where(sums.season == row.season, sums.community_id == row.community_id)
            .values(
                n=sums.n - row.n,
                hits=sums.hits - row.hits,
                expected_hits=sums.expected_hits - row.expected_hits,
            )
        )
    session.execute(delete(sums).where(sums.n <= 0))
    session.execute(delete(Standing).where(*mine))
    return len(rows)


# Streaks, in SQL; `add_standing` is the same in Python. A new row's own streak is 1 or 0.


def _streak(there: Any, new: Any) -> ColumnElement[int]:
    return case((new.streak > 0, there.streak + 1), else_=0)


def _updated_at(_: Any, new: Any) -> ColumnElement[datetime]:
    written: ColumnElement[datetime] = new.updated_at
    return written


def _best_streak(there: Any, new: Any) -> ColumnElement[int]:
    streak = _streak(there, new)
    return case((streak > there.best_streak, streak), else_=there.best_streak)
