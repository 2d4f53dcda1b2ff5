"""One owner at a time, whoever dies and whatever the clocks say."""

import asyncio
import os
import signal
import sys

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import TimeoutError as NoConnection

import bot.leases
from bot.leases import TERM, Lease, LeaseLost, has_living_owner, is_dead
from bot.runtime.subprocesses import ROOT
from storage.engine.database import Database
from storage.engine.guard import unguarded
from storage.engine.scopes import ITS_ROWS
from storage.tables import InstallationFact
from storage.tables import Lease as Row

ELSEWHERE = "0123456789abcdef 1 1.0 abc"


class Moments:
    """A monotonic clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> Moments:
    moments = Moments()
    monkeypatch.setattr(bot.leases, "steady", moments)
    return moments


async def set_owner(database: Database, owner: str, *, ends_in: float) -> None:
    async with database.write() as session:
        now = await session.run_sync(bot.leases._now)
        await session.execute(update(Row).values(owner=owner, expires=now + ends_in))


async def test_one_of_two_has_it_until_it_is_released(database: Database) -> None:
    other = Database(database.url)
    first, second = Lease(database, "reddit"), Lease(other, "reddit")
    assert await first.hold()
    assert not await second.hold()
    assert second.is_elsewhere
    assert not first.is_elsewhere
    assert await Lease(other, "discord").hold(), "another name is another lease"
    await first.release()
    assert await second.hold()
    assert not await first.hold()
    await second.release()
    await other.close()


async def test_of_many_at_the_same_moment_one_gets_it(database: Database) -> None:
    others = [Database(database.url) for _ in range(4)]
    leases = [Lease(each, "reddit") for each in others]
    assert sum(await asyncio.gather(*(each.hold() for each in leases))) == 1
    for each in leases:
        await each.release()
    for other in others:
        await other.close()


async def test_a_dead_owner_elsewhere_is_followed_within_seconds(
    database: Database, moments: Moments
) -> None:
    lease = Lease(database, "reddit")
    assert await lease.hold()
    await set_owner(database, ELSEWHERE, ends_in=-1)
    moments.now += 60
    assert not await lease.hold(), "its end is seen for the first time: it may be a moved clock"
    moments.now += 11
    assert await lease.hold()
    await lease.release()


async def test_a_clock_of_the_database_that_was_put_back_holds_nobody_up_for_long(
    database: Database, moments: Moments
) -> None:
    lease = Lease(database, "reddit")
    assert await lease.hold()
    await set_owner(database, ELSEWHERE, ends_in=3600)
    moments.now += 60
    assert not await lease.hold()
    moments.now += TERM + 6
    assert await lease.hold()
    await lease.release()


async def test_nobody_loses_a_lease_that_is_renewed(database: Database, moments: Moments) -> None:
    lease = Lease(database, "reddit")
    assert await lease.hold()
    moments.now += 60
    for _ in range(10):
        # Its clock is an hour behind: every renewal looks as if it had ended long ago.
        await set_owner(database, ELSEWHERE, ends_in=-3600 + moments.now)
        assert not await lease.hold()
        moments.now += 5
    await lease.release()


async def test_an_owner_that_cannot_renew_stops_before_the_lease_ends(
    database: Database, moments: Moments
) -> None:
    lease = Lease(database, "reddit")
    assert await lease.hold()
    moments.now += TERM - 4
    assert lease.held
    moments.now += 2
    assert not lease.held
    async with database.read() as session:
        assert await session.run_sync(has_living_owner, "reddit")
    await lease.release()


async def test_who_is_dead(database: Database) -> None:
    lease = Lease(database, "reddit")
    assert await lease.hold()
    async with database.read() as session:
        owner = (await session.scalars(select(Row.owner))).one()
        assert await session.run_sync(has_living_owner, "none") is None
    place, pid, started, word = owner.split(" ")
    assert pid == str(os.getpid())
    assert is_dead(owner) is False
    assert is_dead(f"{place} {pid} {started} other") is True
    assert is_dead(f"{place} {2**22 + 7} {started} {word}") is True
    assert is_dead(f"elsewhere {pid} {started} {word}") is None
    await lease.release()
    assert is_dead(owner) is True


async def number(database: Database, name: str) -> int:
    async with database.read() as session:
        return (await session.scalars(select(Row.fence).filter_by(name=name))).one()


async def write(database: Database) -> None:
    """Write something, in both ways that there are."""
    await database.run_write(lambda session: session.add(InstallationFact(name="x", value="1")))
    async with database.write() as session:
        await session.execute(delete(InstallationFact).filter_by(name="x"))


async def test_every_owner_gets_a_larger_number(database: Database) -> None:
    numbers = []
    for _ in range(3):
        lease = Lease(database, "reddit")
        assert await lease.hold()
        assert lease.fence == await number(database, "reddit")
        numbers.append(lease.fence)
        await lease.release()
    assert numbers == sorted(set(numbers))


async def test_what_an_earlier_owner_still_writes_is_refused(
    database: Database, moments: Moments
) -> None:
    lease = Lease(database, "reddit")
    assert await lease.hold()
    with lease.guarding():
        await write(database)
        started = asyncio.Event()

        async def go_on_later() -> None:
            await started.wait()
            await write(database)

        task = asyncio.create_task(go_on_later())
    # Another process takes it, and this one does not know yet: it thinks that it has it.
    async with database.write() as session:
        await session.execute(update(Row).values(owner=ELSEWHERE, fence=Row.fence + 1))
    assert lease.held
    started.set()
    with pytest.raises(LeaseLost, match="reddit"):
        await task
    with lease.guarding():
        with pytest.raises(LeaseLost):
            await database.run_write(lambda session: session.add(InstallationFact(name="y")))
        with unguarded():
            await write(database)
    await write(database)
    await lease.release()


async def test_what_was_begun_before_it_was_lost_stays_refused_when_it_is_ours_again(
    database: Database, moments: Moments
) -> None:
    lease = Lease(database, "reddit")
    assert await lease.hold()
    with lease.guarding():
        async with database.write() as session:
            with unguarded():
                await session.execute(update(Row).values(owner=ELSEWHERE, expires=0, fence=7))
        moments.now += TERM
        assert await lease.hold()
        assert lease.fence == 8
        with pytest.raises(LeaseLost):
            await write(database)
    with lease.guarding():
        await write(database)
    await lease.release()


async def test_an_owner_of_what_is_excluded_writes_nothing_any_more(
    database: Database, moments: Moments
) -> None:
    part = Lease(database, "discord 0/2")
    assert await part.hold()
    with part.guarding():
        async with database.write() as session:
            await session.execute(update(Row).values(expires=1.0, owner=Row.owner + "x"))
        whole = Lease(database, "discord", excludes=lambda name: name == "discord 0/2")
        assert await whole.hold(), "the owner of the part is dead"
        with pytest.raises(LeaseLost):
            await write(database)
    await part.release()
    await whole.release()


async def test_a_long_write_by_right_of_a_lease_keeps_others_from_it_and_not_its_owner(
    database: Database,
) -> None:
    if database.url.startswith("sqlite"):
        pytest.skip("there, writers take turns")
    elsewhere = Database(database.url)
    lease, other = Lease(database, "discord"), Lease(elsewhere, "discord")
    assert await lease.hold()
    with lease.guarding():
        async with database.write(alone_in=ITS_ROWS), asyncio.timeout(30):
            with unguarded():
                assert await database.run_write(lease._holder.extend, alone_in=ITS_ROWS)
                taking = asyncio.create_task(
                    elsewhere.run_write(other._lock, alone_in=ITS_ROWS), name="taking"
                )
            done, _ = await asyncio.wait({taking}, timeout=0.3)
            assert not done
    assert await taking is not None
    await lease.release()
    await elsewhere.close()


async def test_who_writes_alone_for_long_ends_no_lease(database: Database) -> None:
    if database.url.startswith("sqlite"):
        pytest.skip("there, writers take turns")
    elsewhere = Database(database.url)
    lease = Lease(database, "reddit", term=0.4)
    assert await lease.hold()
    async with elsewhere.write(), asyncio.timeout(30):
        until = lease._until
        while lease._until <= until:  # noqa: ASYNC110 - it renews by itself
            await asyncio.sleep(0.01)
    await lease.release()
    await elsewhere.close()


async def test_many_who_read_for_long_end_no_lease(database: Database) -> None:
    if database.url.startswith("sqlite"):
        pytest.skip("there, nobody waits for a connection")
    few = Database(f"{database.url}?connections=2")
    lease = Lease(few, "reddit", term=0.4)
    assert await lease.hold()
    async with few.read() as one, few.read() as other, asyncio.timeout(25):
        for reader in (one, other):
            await reader.execute(select(1))
        until = lease._until
        while lease._until <= until:  # noqa: ASYNC110 - it renews by itself
            await asyncio.sleep(0.01)
    await lease.release()
    await few.close()


async def test_a_process_that_was_paused_writes_nothing_when_it_goes_on(
    database: Database,
) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.lease_owner", database.url, "jobs",
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert owner.stdout
    assert owner.stdin
    try:
        assert await owner.stdout.readline() == b"written\n"
        owner.send_signal(signal.SIGSTOP)
        mine = Lease(database, "jobs", term=3.0)
        async with asyncio.timeout(30):
            while not await mine.hold():  # noqa: ASYNC110 - its term has to end
                await asyncio.sleep(0.1)
        with mine.guarding():
            await write(database)
        owner.send_signal(signal.SIGCONT)
        owner.stdin.write(b"go on\n")
        assert await owner.stdout.readline() == b"refused\n"
    finally:
        owner.kill()
        await owner.wait()
    await mine.release()


@pytest.mark.parametrize("refusal", [ConnectionRefusedError("no"), NoConnection("none is free")])
async def test_a_database_that_refuses_connections_for_a_while_ends_no_renewing(
    database: Database, monkeypatch: pytest.MonkeyPatch, refusal: Exception
) -> None:
    lease = Lease(database, "reddit", term=0.2)
    assert await lease.hold()
    write, refusals = database.run_write, []

    async def refuse(*_: object, **__: object) -> None:
        refusals.append(refusal)
        raise refusal

    monkeypatch.setattr(database, "run_write", refuse)
    async with asyncio.timeout(30):
        while len(refusals) < 2:  # noqa: ASYNC110 - it renews by itself
            await asyncio.sleep(0.01)
    assert lease._holder._renewing is not None
    assert not lease._holder._renewing.done()
    monkeypatch.setattr(database, "run_write", write)
    await lease.release()
