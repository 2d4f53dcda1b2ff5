import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.gathered import MOST
from storage.engine.shared_read import SharedRead
from storage.tables import Author
from tests.fixtures.rows import row

UNREADABLE = 99


class Names:
    """Reads the hashes of people by their ids, and notes what was read together."""

    def __init__(self) -> None:
        self.read: list[list[int]] = []

    def __call__(self, ids: Sequence[int], session: Session) -> dict[int, str | None]:
        self.read.append(sorted(ids))
        if UNREADABLE in ids:
            raise LookupError("no such number")
        found = session.execute(select(Author.id, Author.hash).where(Author.id.in_(ids)))
        return dict.fromkeys(ids) | {each.id: each.hash for each in found}


async def test_who_asks_while_others_read_is_read_for_together(database: Database) -> None:
    names = Names()
    shared = SharedRead(database, names)
    asked = [0, *range(1, MOST + 1), 1, 1, 2]
    assert await asyncio.gather(*(shared.ask(number) for number in asked)) == [None] * len(asked)
    # Nobody read when the first one asked; as many go together as may, each once.
    assert names.read == [[0], [*range(1, MOST + 1)], [1, 2]]


async def test_an_answer_holds_all_that_was_written_before_it_was_asked_for(
    database: Database,
) -> None:
    shared = SharedRead(database, Names())
    for number in range(1, 4):
        waiting = [asyncio.create_task(shared.ask(number)) for _ in range(3)]
        await asyncio.sleep(0)
        async with database.write() as session:
            session.add(row(Author, id=number, hash=f"{number}".zfill(64)))
        assert await shared.ask(number) == f"{number}".zfill(64)
        await asyncio.gather(*waiting)


async def test_what_cannot_be_read_fails_for_who_asked_for_it_alone(database: Database) -> None:
    names = Names()
    shared = SharedRead(database, names)
    answers = await asyncio.gather(
        *(shared.ask(number) for number in (12, UNREADABLE, 14)), return_exceptions=True
    )
    assert [str(each) for each in answers] == ["None", "no such number", "None"]
    assert names.read == [[12], [14, UNREADABLE], [UNREADABLE], [14]]


async def test_who_reads_for_others_and_is_cancelled_leaves_them_to_the_next(
    database: Database,
) -> None:
    async with database.write() as session:
        session.add(row(Author, id=2, hash="2".zfill(64)))
    names = Names()
    shared = SharedRead(database, names)
    tasks = [asyncio.create_task(shared.ask(number)) for number in (1, 2, 3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[2].cancel()
    async with asyncio.timeout(30):
        assert await tasks[1] == "2".zfill(64)
    for task in (tasks[0], tasks[2]):
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not shared._waiting
