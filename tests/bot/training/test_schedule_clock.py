"""Which runs hide labels from the schedule: neither one that began by a wrong clock nor a server's
own."""

from datetime import timedelta

from bot.servers import request_of
from bot.training.schedule import new_labels
from storage.engine.database import Database
from storage.tables import Author, Community, Label, Post, TrainingRun
from storage.types import PlatformName, RunState
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


async def test_a_run_on_a_servers_own_labels_hides_none_from_the_schedule(
    database: Database,
) -> None:
    later = MOMENT + timedelta(hours=1)
    async with database.write() as session:
        session.add_all([row(Community), row(Author)])
        await session.flush()
        session.add(row(Post))
        await session.flush()
        session.add_all(
            [
                row(Label, written_at=MOMENT),
                row(
                    TrainingRun, id=1, started_at=later, finished_at=later, state=RunState.REFUSED,
                    reason="no", asked_by=request_of(PlatformName.DISCORD, "123456789012345678"),
                ),
            ]
        )  # fmt: skip
    async with database.read() as session:
        assert await new_labels(session, now=later + timedelta(minutes=1)) == 1
        run = await session.get_one(TrainingRun, 1)
    async with database.write() as session:
        (await session.get_one(TrainingRun, run.id)).asked_by = "schedule"
    async with database.read() as session:
        assert await new_labels(session) == 0
