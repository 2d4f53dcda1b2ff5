"""Captions that people chose, with what they came to."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.queries.labels import by_its_measure
from storage.tables import CaptionChoice, Label


def caption_choices(
    session: Session, *, limit: int, without: Collection[int] = ()
) -> list[dict[str, Any]]:
    """The newest choices: ``offered`` and ``chosen`` as stored, and ``percentile`` of the post.

    ``percentile`` is the middle of its label's interval, 0 to 1; None where it has none, and in
    communities in ``without``, whose labels teach nobody else.
    """
    query = (
        select(
            CaptionChoice.offered,
            CaptionChoice.chosen,
            Label.percentile_low,
            Label.percentile_high,
        )
        .outerjoin(
            Label,
            (Label.post_id == CaptionChoice.post_id)
            & by_its_measure()
            & Label.community_id.not_in(without),
        )
        .order_by(CaptionChoice.id.desc())
        .limit(limit)
    )
    return [
        {
            "offered": row.offered,
            "chosen": row.chosen,
            "percentile": None
            if row.percentile_low is None
            else (row.percentile_low + row.percentile_high) / 2,
        }
        for row in session.execute(query)
    ]


def count_choices(session: Session) -> int:
    """How many choices are stored."""
    return session.scalars(select(func.count()).select_from(CaptionChoice)).one()
