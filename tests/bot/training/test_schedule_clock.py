"""A run that began by a wrong clock does not hide new labels until its time comes."""

from datetime import timedelta

from bot.training.schedule import new_labels
from storage.engine.database import Database
from storage.tables import Author, Community, Label, Post, TrainingRun
from storage.types import RunState
from tests.fixtures.rows import MOMENT, row


async def test_runs_of_later_than_now_do_not_count(database: Database) -> None:
    year = timedelta(days=365)
    async with database.write() as session:
        session.add_all([row(Community), row(Author)])
        await session.flush()
        session.add(row(Post))
        await session.flush()
        session.add(row(Label, written_at=MOMENT))
        for number, started_at in enumerate((MOMENT - year, MOMENT + year), start=1):
            session.add(
                row(
                    TrainingRun,
                    id=number,
                    started_at=started_at,
                    finished_at=started_at,
                    state=RunState.REFUSED,
                    reason="no",
                )
            )
            await session.flush()
    async with database.read() as session:
        assert await new_labels(session, now=MOMENT + timedelta(minutes=1)) == 1
        assert await new_labels(session) == 0
