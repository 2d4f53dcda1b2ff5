"""Rows that grow with every post and that nobody needs after a stated time."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, CursorResult, Delete, Select, delete, func, select
from sqlalchemy.orm import Session, aliased

from bot.operations.findings import Finding, State
from bot.runtime.clock import Clock
from bot.serving.number_format import number
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.scopes import ITS_ROWS
from storage.tables import Label, ModelVersion, Nowcast, Post, Prediction, Snapshot
from storage.types import PostState

log = logging.getLogger(__name__)

#: Posts whose rows are deleted in one transaction: others write between two of them.
BATCH = 500


@dataclass(frozen=True, slots=True)
class _Kind:
    """Rows that are deleted, post by post.

    Attributes:
        name: what they are.
        posts: ids of posts that have such rows older than a moment.
        deletes: what deletes them, of some posts.
    """

    name: str
    posts: Callable[[datetime], Select[int]]
    deletes: Callable[[list[int]], tuple[Delete, ...]]


class OldRows:
    """Deletes early readings of old posts, and old forecasts of versions that are gone.

    Args:
        readings_days: how long after its label a post keeps its early readings and second looks,
            days; 0: for ever. The last reading stays.
        forecasts_days: how long the forecasts of dropped model versions are kept once they were
            scored, days; 0: for ever.
    """

    def __init__(
        self, database: Database, *, readings_days: float, forecasts_days: float, clock: Clock
    ) -> None:
        self._database = database
        self._kept = ((_READINGS, readings_days), (_FORECASTS, forecasts_days))
        self._clock = clock

    async def sweep(self) -> int:
        """Delete what is too old; return how many rows that were."""
        return sum([await self._delete(kind, days) for kind, days in self._kept if days])

    async def _delete(self, kind: _Kind, days: float) -> int:
        old = kind.posts(self._clock() - timedelta(days=days)).limit(BATCH)
        count = 0
        while ids := await self._database.run_read(lambda session: session.scalars(old).all()):
            deleted = partial(_run, statements=kind.deletes([*ids]))
            count += await self._database.run_write(deleted, alone_in=ITS_ROWS)
        if count:
            log.info("Deleted %s %s that are older than %g days.", count, kind.name, days)
        return count


def _run(session: Session, statements: tuple[Delete, ...]) -> int:
    count = 0
    for each in statements:
        result = session.execute(each)
        assert isinstance(result, CursorResult)  # noqa: S101 - what a DELETE gives
        count += result.rowcount
    return count


def _posts_with_early_readings(before: datetime) -> Select[int]:
    return (
        select(Snapshot.post_id)
        .join(Label, Label.post_id == Snapshot.post_id)
        .where(Label.matured_at < before)
        .group_by(Snapshot.post_id)
        .having(func.count() > 1)
        .order_by(Snapshot.post_id)
    )


def _without_early_readings(post_ids: list[int]) -> tuple[Delete, ...]:
    others = aliased(Snapshot)
    last = (
        select(func.max(others.reading)).where(others.post_id == Snapshot.post_id).scalar_subquery()
    )
    return (
        delete(Nowcast).where(Nowcast.post_id.in_(post_ids)),
        delete(Snapshot)
        .where(Snapshot.post_id.in_(post_ids), Snapshot.reading < last)
        .execution_options(synchronize_session=False),
    )


def _posts_of_dropped_versions(before: datetime) -> Select[int]:
    return (
        select(Prediction.post_id)
        # Whose outcome is still to be shown shows it beside its forecast.
        .join(Post, (Post.id == Prediction.post_id) & (Post.state != PostState.SETTLING))
        .where(_is_of_dropped_version(), Prediction.scored_at < before)
        .order_by(Prediction.post_id)
    )


def _without_dropped_versions(post_ids: list[int]) -> tuple[Delete, ...]:
    return (
        delete(Prediction)
        .where(
            Prediction.post_id.in_(post_ids),
            _is_of_dropped_version(),
            Prediction.scored_at.is_not(None),
        )
        .execution_options(synchronize_session=False),
    )


def _is_of_dropped_version() -> ColumnElement[bool]:
    dropped = select(ModelVersion.id).where(ModelVersion.dropped_at.is_not(None))
    return Prediction.model_version_id.in_(dropped)


_READINGS = _Kind("early readings", _posts_with_early_readings, _without_early_readings)
_FORECASTS = _Kind(
    "forecasts of dropped versions", _posts_of_dropped_versions, _without_dropped_versions
)


def old_rows_finding(session: Session, settings: Settings) -> Finding:
    """Doctor's line on what grows: how much there is, and for how long it is kept."""
    parts = []
    for what, table, days in (
        ("Readings", Snapshot, settings.readings_days),
        ("Forecasts", Prediction, settings.forecasts_days),
    ):
        count = session.scalar(select(func.count()).select_from(table)) or 0
        kept = f"are kept for {days:g} days" if days else "are kept for ever"
        of_what = "early ones" if table is Snapshot else "those of dropped versions"
        parts.append(f"{what}: {number(count)}; {of_what} {kept}.")
    return Finding("old rows", State.WELL, " ".join(parts))
