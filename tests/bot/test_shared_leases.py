"""Each thing has one owner, all have about as many, and nothing stays without one."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import select, update

import bot.leases
import bot.shared_leases
from bot.leases import LeaseLost, rights_are_held
from bot.runtime.subprocesses import ROOT
from bot.shared_leases import LEFT_ALONE, Division, SharedLeases
from storage.engine.database import Database
from storage.engine.guard import unguarded
from storage.tables import InstallationFact
from storage.tables import Lease as Row
from tests.bot.test_leases import ELSEWHERE, Moments

KIND = "reddit r/"
FOUR = ("Aww", "cats", "memes", "pics")
Join = Callable[[], SharedLeases]


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> Moments:
    moments = Moments()
    monkeypatch.setattr(bot.leases, "steady", moments)
    monkeypatch.setattr(bot.shared_leases, "steady", moments)
    return moments


@pytest.fixture
async def join(database: Database) -> AsyncIterator[Join]:
    """Another process, which takes part once it shares."""
    joined: list[SharedLeases] = []

    def join() -> SharedLeases:
        joined.append(SharedLeases(database, KIND))
        return joined[-1]

    yield join
    for each in joined:
        await each.release()


async def test_two_have_half_each_and_one_has_all_when_the_other_is_gone(
    join: Join, moments: Moments
) -> None:
    first, second = join(), join()
    assert first.division(rest=True) is None
    await first.share(FOUR)
    assert first.held == {"aww", "cats", "memes", "pics"}
    # However long the first look at them takes.
    moments.now += LEFT_ALONE + 1
    await second.share(FOUR)
    assert not second.held
    await first.share(FOUR)
    await second.share(FOUR)
    assert (len(first.held), len(second.held)) == (2, 2)
    assert not first.held & second.held
    # Who has the account has what nobody shares out as well; both agree on what is whose.
    one, two = first.division(rest=True), second.division(rest=False)
    assert one
    assert two
    assert [(one.has(name), two.has(name)) for name in (*FOUR, "elsewhere")] == [
        *((name.lower() in first.held, name.lower() in second.held) for name in FOUR),
        (True, False),
    ]
    await first.share(FOUR)
    await second.share(FOUR)
    assert (len(first.held), len(second.held)) == (2, 2)
    await first.release()
    await second.share(FOUR)
    assert len(second.held) == 4
    # What is not watched any more is nobody's.
    await second.share(FOUR[:1])
    assert second.held == {"aww"}


async def test_what_goes_on_is_not_let_go_of_and_nothing_more_is_begun(
    join: Join, moments: Moments
) -> None:
    first, second = join(), join()
    await first.share(FOUR)
    lease = first.lease("PICS")
    assert lease
    with lease.guarding():
        await second.share(FOUR)
        await first.share(FOUR)
        assert first.held == {"aww", "cats"}
        assert lease.held
        assert rights_are_held()
        await second.share(FOUR)
        assert second.held == {"memes"}
    await first.share(FOUR)
    await second.share(FOUR)
    assert second.held == {"memes", "pics"}


async def test_what_the_others_leave_alone_is_taken_and_kept(join: Join, moments: Moments) -> None:
    first, second = join(), join()
    await first.share(("aww", "cats"))
    await second.share(())
    await first.share(("aww", "cats"))
    assert first.held == {"aww"}
    moments.now += 2
    await first.share(("aww", "cats"))
    assert first.held == {"aww"}
    moments.now += LEFT_ALONE
    for _ in range(2):
        await first.share(("aww", "cats"))
        assert first.held == {"aww", "cats"}


async def test_one_that_is_lost_refuses_what_is_written_by_right_of_several(
    join: Join, database: Database, moments: Moments
) -> None:
    first = join()
    await first.share(FOUR)
    leases = [lease for name in FOUR if (lease := first.lease(name))]
    with bot.leases.guarding(leases):
        await database.run_write(lambda session: session.add(InstallationFact(name="x", value="1")))
        with unguarded():
            async with database.write() as session:
                await session.execute(
                    update(Row).filter_by(name=f"{KIND}cats").values(owner=ELSEWHERE, fence=9)
                )
        with pytest.raises(LeaseLost, match="cats"):
            await database.run_write(lambda _: None)
        moments.now += 60
        assert not rights_are_held()
    # A process elsewhere that renews nothing is followed.
    await first.share(FOUR)
    assert "cats" not in first.held
    moments.now += 13
    await first.share(FOUR)
    assert "cats" in first.held


def test_what_is_whose_whatever_the_spelling() -> None:
    assert Division(rest=True, named=frozenset({"aww"})).has("pics")
    assert not Division(rest=True, named=frozenset({"aww"})).has("AWW")
    assert Division(rest=False, named=frozenset({"aww"})).has("Aww")
    assert not Division(rest=False, named=frozenset()).has("aww")


class _Sharers:
    """Processes that take their share, as `tests.fakes.lease_sharer` does, and what each has."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self.processes: list[asyncio.subprocess.Process] = []
        self.held: list[set[str]] = []

    async def start(self) -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.fakes.lease_sharer", self._url, *FOUR,
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.processes.append(process)
        self.held.append(set())
        self._tasks.append(asyncio.create_task(self._listen(len(self.held) - 1)))

    async def _listen(self, number: int) -> None:
        output = self.processes[number].stdout
        assert output
        async for line in output:
            async with self._changed:
                self.held[number] = {*line.decode().split()}
                self._changed.notify_all()

    async def until(self, *counts: int) -> None:
        """Return when the living have so many each, and none has what another has."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: (
                    tuple(map(len, self.held)) == counts
                    and len(set[str]().union(*self.held)) == sum(counts)
                )
            )

    async def end(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
            await process.wait()
        await asyncio.gather(*self._tasks)


async def test_processes_that_are_killed_or_paused_are_followed(database: Database) -> None:
    sharers = _Sharers(database.url)
    try:
        async with asyncio.timeout(300):
            await sharers.start()
            await sharers.start()
            await sharers.until(2, 2)
            first = sharers.processes[0]
            first.send_signal(signal.SIGSTOP)
            # What it said last stands until it goes on.
            sharers.held[0] = set()
            await sharers.until(0, 4)
            first.send_signal(signal.SIGCONT)
            await sharers.until(2, 2)
            first.kill()
            await first.wait()
            sharers.held[0] = set()
            await sharers.until(0, 4)
    finally:
        await sharers.end()
    async with database.read() as session:
        names = await session.scalars(select(Row.name).order_by(Row.name))
        assert [*names] == [
            f"{KIND}aww", f"{KIND}cats", f"{KIND}memes", f"{KIND}pics",
            f"{KIND}process 1", f"{KIND}process 2",
        ]  # fmt: skip
