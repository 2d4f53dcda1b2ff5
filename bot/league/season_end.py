"""Who won a season in some communities."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from storage.tables import Author, Standing
from storage.types import ForecasterKind


@dataclass(frozen=True, slots=True)
class SeasonPlace:
    """Somebody's place in a season.

    Attributes:
        author_id: of the person.
        person: their keyed hash.
        sealed: their sealed id; None: it is not kept.
        points: what their guesses earned.
        hits: how many of them were right.
        n: guesses that were scored.
    """

    author_id: int
    person: str
    sealed: str | None
    points: float
    hits: int
    n: int


def best_of_season(
    session: Session,
    community_ids: Collection[int],
    season: str,
    *,
    min_guesses: int,
    limit: int,
) -> Sequence[SeasonPlace]:
    """The people with the most points in a season, the best first; who opted out is left out.

    Args:
        community_ids: whose posts count.
        season: a month, such as ``2026-11``.
        min_guesses: who has fewer has no place.
    """
    points, n = func.sum(Standing.points), func.sum(Standing.n)
    query = (
        select(Author.id, Author.hash, Author.sealed_id, points, func.sum(Standing.hits), n)
        .join(Author, Author.id == Standing.forecaster_id)
        .where(
            Standing.kind == ForecasterKind.PERSON,
            Standing.season == season,
            Standing.community_id.in_(community_ids),
            Author.opted_out_at.is_(None),
        )
        .group_by(Author.id, Author.hash, Author.sealed_id)
        .having(n >= min_guesses, points > 0)
        .order_by(desc(points), n, Author.id)
        .limit(limit)
    )
    return [
        SeasonPlace(row[0], row[1], row[2], float(row[3]), int(row[4]), int(row[5]))
        for row in session.execute(query)
    ]
