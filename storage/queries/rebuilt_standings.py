"""The sums of `storage.queries.standings`, worked out anew from labels, predictions and guesses."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, delete, insert, or_, select
from sqlalchemy.orm import Session

from storage.queries.label_sums import (
    Key,
    Sums,
    add_standing,
    add_sums,
    daily_label_sums,
    daily_score_sums,
    rows_of,
    standing_sums,
    summed_guesses,
)
from storage.queries.scored_labels import Result, ScoredLabel, was_spoken
from storage.tables import (
    Base,
    CommunityGuesses,
    DailyLabel,
    DailyScore,
    Guess,
    Label,
    Post,
    Prediction,
    Reply,
    Standing,
)
from storage.types import ForecasterKind, PostOrigin

#: Labels that are read at a time.
_CHUNK = 2000

SeasonOf: TypeAlias = Callable[[datetime], str]


class RebuiltStandings:
    """Sums in memory, worked out anew, and up to which label they go.

    `ingest` may be called any number of times; `store` once, in the write session of the last one.

    Attributes:
        count: labels that were ingested.

    Args:
        season_of: the season of a moment, as ``2026-11``.
    """

    def __init__(self, season_of: SeasonOf) -> None:
        self._season_of = season_of
        self._standings: dict[Key, Sums] = {}
        self._daily_scores: dict[Key, Sums] = {}
        self._daily_labels: dict[Key, Sums] = {}
        self._last: tuple[datetime, int] | None = None
        self.count = 0

    def ingest(self, session: Session) -> None:
        """Add every label that was written after the last one."""
        while chunk := _labels_after(session, self._last):
            results = _results(session, [row.post_id for row in chunk])
            for row in chunk:
                found = results[row.post_id]
                live = row.origin is PostOrigin.LIVE
                if found or live:
                    self._add(
                        ScoredLabel(
                            community_id=row.community_id,
                            score=row.score,
                            matured_at=row.matured_at,
                            written_at=row.written_at,
                            live=live,
                            spoken=was_spoken(row.silent, row),
                            results=found,
                        )
                    )
            self._last = chunk[-1].written_at, chunk[-1].post_id

    def _add(self, label: ScoredLabel) -> None:
        self.count += 1
        for key, sums in standing_sums(label, self._season_of(label.matured_at)).items():
            add_standing(self._standings, key, sums)
        for key, sums in daily_score_sums(label).items():
            add_sums(self._daily_scores, key, sums)
        for key, sums in daily_label_sums(label).items():
            add_sums(self._daily_labels, key, sums)

    def store(self, session: Session) -> None:
        """Replace the stored sums. Needs the write session that the last labels were read in."""
        # Who was forgotten since they were read stays forgotten.
        scored = select(Guess.author_id).where(Guess.base_rate.is_not(None)).distinct()
        people = set(session.scalars(scored))
        standings = {
            (season, community, kind, who): sums
            for (season, community, kind, who), sums in self._standings.items()
            if kind is ForecasterKind.MODEL or who in people
        }
        tables: tuple[tuple[type[Base], dict[Key, Sums]], ...] = (
            (Standing, standings),
            (CommunityGuesses, summed_guesses(standings)),
            (DailyScore, self._daily_scores),
            (DailyLabel, self._daily_labels),
        )
        for table, rows in tables:
            session.execute(delete(table))
            if rows:
                session.execute(insert(table), rows_of(table, rows))


def _labels_after(
    session: Session, last: tuple[datetime, int] | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """The next labels, in the order in which they were written."""
    query = (
        select(
            Label.post_id, Label.community_id, Label.score, Label.matured_at, Label.written_at,
            Post.origin, Post.silent, Reply.state, Reply.skip_code,
        )
        .join(Post, Post.id == Label.post_id)
        .outerjoin(Reply, Reply.post_id == Label.post_id)
        .order_by(Label.written_at, Label.post_id)
        .limit(_CHUNK)
    )  # fmt: skip
    if last is not None:
        written_at, post_id = last
        # The first part says nothing new, but it is what the index is searched by.
        query = query.where(
            Label.written_at >= written_at,
            or_(Label.written_at > written_at, Label.post_id > post_id),
        )
    return session.execute(query).all()


def _results(session: Session, post_ids: Sequence[int]) -> Mapping[int, Sequence[Result]]:
    """What was scored on each post: models and people, each in the order of their rows."""
    found: defaultdict[int, list[Result]] = defaultdict(list)
    predictions = session.execute(
        select(
            Prediction.post_id, Prediction.model_version_id, Prediction.points,
            Prediction.base_rate, Prediction.log_score, Prediction.rps, Prediction.brier,
            Prediction.base_log_score, Prediction.base_rps,
        )
        .where(Prediction.post_id.in_(post_ids), Prediction.base_rate.is_not(None))
        .order_by(Prediction.id)
    )  # fmt: skip
    for row in predictions:
        found[row.post_id].append(
            Result(
                kind=ForecasterKind.MODEL,
                forecaster_id=row.model_version_id,
                points=row.points,
                base_rate=row.base_rate,
                log=row.log_score,
                rps=row.rps,
                brier=row.brier,
                base_log=row.base_log_score,
                base_rps=row.base_rps,
            )
        )
    guesses = session.execute(
        select(Guess.post_id, Guess.author_id, Guess.points, Guess.base_rate, Guess.blind)
        .where(Guess.post_id.in_(post_ids), Guess.base_rate.is_not(None))
        .order_by(Guess.id)
    )
    for guess in guesses:
        found[guess.post_id].append(
            Result(
                kind=ForecasterKind.PERSON,
                forecaster_id=guess.author_id,
                points=guess.points,
                base_rate=guess.base_rate,
                blind=guess.blind,
            )
        )
    return found
