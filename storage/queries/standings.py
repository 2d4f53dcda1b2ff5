"""The sums that boards and curves are read from: they grow with every label.

A label adds to them in its own transaction, so that they hold each label exactly once.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.orm import Session

from storage.engine.upsert import Change, insert_or_add
from storage.queries.label_sums import (
    daily_label_sums,
    daily_score_sums,
    guess_sums,
    rows_of,
    standing_sums,
)
from storage.queries.scored_labels import ScoredLabel
from storage.tables import CommunityGuesses, DailyLabel, DailyScore, Standing
from storage.types import ForecasterKind


def add_label(session: Session, label: ScoredLabel, season: str) -> None:
    """Add one label to all sums. Needs the label's own write session.

    Labels must be added in the order of ``written_at``.
    """
    changes: dict[str, Change] = {
        "streak": _streak,
        "best_streak": _best_streak,
        "updated_at": _updated_at,
    }
    insert_or_add(session, Standing, rows_of(Standing, standing_sums(label, season)), **changes)
    guesses = rows_of(CommunityGuesses, guess_sums(label, season))
    insert_or_add(session, CommunityGuesses, guesses)
    insert_or_add(session, DailyScore, rows_of(DailyScore, daily_score_sums(label)))
    insert_or_add(session, DailyLabel, rows_of(DailyLabel, daily_label_sums(label)))


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
