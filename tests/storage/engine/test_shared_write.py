import asyncio
from collections.abc import Callable, Hashable, Sequence

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.engine.database import Database
from storage.engine.guard import guarded
from storage.engine.scopes import Scope
from storage.engine.shared_write import MOST, SharedWrite
from storage.tables import Author
from tests.fixtures.rows import row

WRONG = 99


def scope_of(number: int) -> Scope:
    return Scope("n", f"{number % 3}")


class Hashes:
    """Stores people by their numbers, says how many are there, and notes what came together."""

    def __init__(
        self, database: Database, line: Callable[[int], Hashable] = lambda _: None
    ) -> None:
        self.written: list[list[int]] = []
        self._database = database
        self.shared = SharedWrite(
            database, self._write, alone_in=lambda n: [scope_of(n)], line=line
        )

    def _write(self, numbers: Sequence[int], session: Session) -> list[int]:
        self.written.append([*numbers])
        for number in numbers:
            session.add(row(Author, id=number, hash=f"{number}".zfill(64)))
        session.flush()
        if WRONG in numbers:
            raise LookupError("not this one")
        return [number * 10 for number in numbers]

    async def stored(self) -> list[int]:
        async with self._database.read() as session:
            return [*await session.scalars(select(Author.id).order_by(Author.id))]


@pytest.fixture
def hashes(database: Database) -> Hashes:
    return Hashes(database)


async def test_those_who_come_while_others_write_are_written_together(hashes: Hashes) -> None:
    first = asyncio.create_task(hashes.shared.write(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    numbers = [*range(2, MOST + 4)]
    assert await asyncio.gather(*map(hashes.shared.write, numbers)) == [n * 10 for n in numbers]
    assert await first == 10
    # Nobody wrote when the first one came; as many go together as may, in their order.
    assert hashes.written == [[1], numbers[:MOST], numbers[MOST:]]
    assert await hashes.stored() == [1, *numbers]


async def test_what_is_wrong_with_one_takes_no_other_along(hashes: Hashes) -> None:
    answers = await asyncio.gather(*map(hashes.shared.write, (1, WRONG, 4)), return_exceptions=True)
    assert [str(each) for each in answers] == ["10", "not this one", "40"]
    assert await hashes.stored() == [1, 4]
    assert hashes.written[0] == [1, WRONG, 4]


async def test_a_line_that_waits_holds_up_no_other_where_writers_write_side_by_side(
    database: Database,
) -> None:
    hashes = Hashes(database, line=lambda n: n % 3)
    async with database.write(alone_in=[scope_of(3)]):
        tasks = [asyncio.create_task(hashes.shared.write(number)) for number in (3, 1, 6, 4)]
        if not database.takes_turns:
            assert [await tasks[1], await tasks[3]] == [10, 40]
            assert hashes.written == [[1, 4]]
    assert await asyncio.gather(*tasks) == [30, 10, 60, 40]
    assert hashes.written == ([[3, 1, 6, 4]] if database.takes_turns else [[1, 4], [3, 6]])


async def test_together_go_those_that_the_same_guards_hold_for(hashes: Hashes) -> None:
    lost = False

    def fence(_: Session) -> None:
        if lost:
            raise PermissionError("it is another process's")

    first = asyncio.create_task(hashes.shared.write(1))
    with guarded(fence):
        guards = [asyncio.create_task(hashes.shared.write(number)) for number in (2, 4)]
    free = [asyncio.create_task(hashes.shared.write(number)) for number in (3, 5)]
    lost = True
    answers = await asyncio.gather(first, *guards, *free, return_exceptions=True)
    assert [str(each) for each in answers] == [
        "10", "it is another process's", "it is another process's", "30", "50",
    ]  # fmt: skip
    assert hashes.written == [[1, 3, 5]]
    assert await hashes.stored() == [1, 3, 5]


async def test_who_is_cancelled_is_not_written_or_leaves_the_write_to_the_others(
    database: Database, hashes: Hashes
) -> None:
    async with database.write():
        tasks = [asyncio.create_task(hashes.shared.write(number)) for number in (1, 2, 5)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks += [asyncio.create_task(hashes.shared.write(number)) for number in (3, 4)]
        await asyncio.sleep(0)
        # The first ones' write waits for its turn; the others wait for that.
        tasks[0].cancel()
        tasks[4].cancel()
        await asyncio.wait({tasks[4]})
        assert not tasks[0].done()
    assert await asyncio.gather(*tasks[1:4]) == [20, 50, 30]
    for task in (tasks[0], tasks[4]):
        with pytest.raises(asyncio.CancelledError):
            await task
    # The first one's was under way: it ended before its task did.
    assert await hashes.stored() == [1, 2, 3, 5]
    assert hashes.written == [[1, 2, 5], [3]]


async def test_nobody_waits_for_a_write_that_nobody_wants_any_more(
    database: Database, hashes: Hashes
) -> None:
    async with database.write():
        tasks = [asyncio.create_task(hashes.shared.write(number)) for number in (1, 2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        async with asyncio.timeout(30):
            await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
    assert await hashes.shared.write(3) == 30
    assert await hashes.stored() == [3]
    assert hashes.written == [[3]]


async def test_after_a_fault_only_those_are_tried_who_still_wait(
    database: Database, hashes: Hashes
) -> None:
    async with database.write():
        tasks = [asyncio.create_task(hashes.shared.write(number)) for number in (1, WRONG, 4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        tasks[2].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(each) for each in answers] == ["10", "not this one", ""]
    assert await hashes.stored() == [1]
