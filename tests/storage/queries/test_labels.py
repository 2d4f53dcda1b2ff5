"""The windows that new labels are ranked in."""

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.queries.labels import Windows, window_before
from storage.tables import Community, Label, Post
from storage.types import Bucket, Measure, PlatformName, PostOrigin, PostState

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTES = 600
LIMIT = 20


def label_each_minute(session: Session) -> None:
    session.add(
        Community(id=5, platform=PlatformName.REDDIT, source_id="a", name="r/a", created_at=START)
    )
    session.flush()
    session.add_all(
        Post(
            id=number, community_id=5, platform=PlatformName.REDDIT, source_id=f"t3_{number}",
            origin=PostOrigin.IMPORTED, title="", posted_at=START, seen_at=START,
            state=PostState.LABELLED, silent=False,
        )
        for number in range(1, MINUTES)
    )  # fmt: skip
    session.flush()
    session.add_all(
        Label(
            post_id=number, community_id=5, score=float(number), percentile_low=0.1,
            percentile_high=0.2, bucket=Bucket.LOW, matured_at=_at(number), written_at=START,
        )
        for number in range(1, MINUTES)
    )  # fmt: skip


def _at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


async def test_one_that_is_late_has_its_own_window_and_what_lies_between_is_not_read(
    database: Database,
) -> None:
    await database.run_write(label_each_minute)

    def compare(session: Session) -> None:
        community = session.get_one(Community, 5)
        moments = [_at(minute) for minute in (500, 30.5, 505.5, 5, 590)]
        windows = Windows(session, community, moments, limit=LIMIT)
        for moment in moments:
            alone = window_before(session, 5, measure=Measure.SCORE, matured_by=moment, limit=LIMIT)
            assert [row.score for row in windows.before(moment)] == [row.score for row in alone]
        assert len(windows._rows) < (len(moments) + 1) * LIMIT
        # What is about to be written counts in all that come after it.
        windows.add(_at(31), 10_000, 0.5, Bucket.LOW)
        assert [row.score for row in windows.before(_at(30.5))][:2] == [30, 29]
        assert 0.5 not in [row.score for row in windows.before(_at(500))]

    await database.run_read(compare)
