"""Many labels at once, for rules that count them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from storage.engine.database import Database
from storage.tables import Label, Post, Snapshot
from storage.types import PlatformName, PostState
from tests.fixtures.rows import MOMENT, row


async def store(database: Database, *rows: Any) -> None:
    """Rows in an order in which they can be stored, each after the one before."""
    async with database.write() as session:
        for each in rows:
            session.add(each)
            await session.flush()


async def add_labels(
    database: Database,
    scores: Sequence[float],
    *,
    first: int = 1000,
    newer: int = 0,
    community: int = 1,
    platform: PlatformName = PlatformName.REDDIT,
    matured_at: datetime = MOMENT - timedelta(days=1),
    apart: timedelta = timedelta(seconds=1),
    reading: int | None = None,
    **label: Any,
) -> None:
    """Labels of posts from ``first`` on, the newest first.

    Args:
        database: where they are stored.
        scores: of the labels.
        first: id of the newest post.
        newer: so many of them are there already: these are older, and have the ids after theirs.
        community: where the posts are.
        platform: the community's.
        matured_at: of the newest label.
        apart: between one label and the next older one.
        reading: the early reading that each post had, met in time; None: none.
        label: other values of the labels.
    """
    numbers = range(first + newer, first + newer + len(scores))
    async with database.write() as session:
        session.add_all(
            row(
                Post, id=number, source_id=f"old{number}", community_id=community,
                platform=platform, author_id=None, state=PostState.LABELLED, predicted_at=MOMENT,
                due_at=None,
            )
            for number in numbers
        )  # fmt: skip
        await session.flush()
        for place, (number, score) in enumerate(zip(numbers, scores, strict=True), start=newer):
            matured = matured_at - apart * place
            values = {"matured_at": matured, "written_at": matured, **label}
            session.add(row(Label, post_id=number, community_id=community, score=score, **values))
            if reading is not None:
                session.add(
                    row(Snapshot, post_id=number, reading=reading, age_seconds=reading, score=1.0)
                )
