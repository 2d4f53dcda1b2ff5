"""How the parts of a running Peoria are doing, in the tables and for the admins."""

from datetime import UTC
from unittest.mock import patch

import pytest
from sqlalchemy import select

from bot.operations.doctor import examine
from bot.operations.findings import State
from bot.runtime.processes import this_process
from bot.service_states import ServiceStates
from bot.settings import Settings
from storage.engine.database import Database
from storage.queries.services import all_services
from storage.tables import Notice, Service
from storage.types import ServiceState
from tests.fakes.clock import FakeClock


async def services(database: Database) -> list[Service]:
    return list(await database.run_read(all_services))


async def notices(database: Database) -> list[str]:
    async with database.read() as session:
        return list(await session.scalars(select(Notice.text).order_by(Notice.id)))


@pytest.fixture
def states(database: Database, clock: FakeClock) -> ServiceStates:
    return ServiceStates(database, clock=clock)


async def test_a_fault_is_noted_told_once_and_its_end_is_told(
    states: ServiceStates, database: Database, clock: FakeClock
) -> None:
    report = states.report("discord", "Discord")
    await report.running()
    assert states.not_running == {}
    for _ in range(5):
        clock.forward(5)
        await report.waiting("KeyError: 'type'", expected=False)
    (service,) = await services(database)
    assert service.state is ServiceState.WAITING
    assert service.error == "KeyError: 'type'"
    assert states.not_running.keys() == {"discord"}
    assert states.not_running["discord"][:2] == (ServiceState.WAITING, "KeyError: 'type'")
    (notice,) = await notices(database)
    assert "KeyError; the log says more" in notice
    assert "'type'" not in notice, "what an error says is for the log"
    await report.running()
    (service,) = await services(database)
    assert service.state is ServiceState.RUNNING
    assert service.error == "KeyError: 'type'", "the last fault stays on record"
    assert (await notices(database))[1:] == ["Discord runs again."]


async def test_a_short_outage_is_told_to_nobody(states: ServiceStates, database: Database) -> None:
    report = states.report("discord", "Discord")
    await report.waiting("ConnectionError", expected=True)
    await report.running()
    assert await notices(database) == []


async def test_a_secret_in_an_error_is_not_kept(states: ServiceStates, database: Database) -> None:
    await states.report("job a", "The job a").stopped("no postgresql://peoria:hunter2@db/peoria")
    (service,) = await services(database)
    assert "hunter2" not in (service.error or "")
    assert "hunter2" not in (await notices(database))[0]


async def test_a_clock_that_is_wrong_is_told_and_doctor_says_so(
    states: ServiceStates, database: Database, settings: Settings, clock: FakeClock
) -> None:
    report = states.report("discord", "Discord")
    await report.running()
    for ahead in (0.4, 3600.0, 3601.0):
        await report.clock_ahead(ahead)
    (notice,) = await notices(database)
    assert "3,600 s behind Discord's" in notice
    await report.stopped("Discord does not accept the token")
    if database.url == settings.url:
        findings = await examine(settings, clock().astimezone(UTC))
        by_part = {each.part: each for each in findings}
        assert by_part["clock"].state is State.LOOK
        assert by_part["discord"].state is State.TROUBLE
        assert "does not accept the token" in by_part["discord"].sentence
    await report.clock_ahead(1.0)
    assert len(await notices(database)) == 3


async def test_what_was_stopped_on_purpose_is_forgotten(
    states: ServiceStates, database: Database
) -> None:
    report = states.report("discord", "Discord")
    await report.running()
    await report.closed()
    assert await services(database) == []


async def test_what_could_not_be_noted_is_noted_the_next_time(
    states: ServiceStates, database: Database
) -> None:
    report = states.report("job a", "The job a")
    with (
        patch.object(Database, "run_write", side_effect=OSError("away")),
        pytest.raises(OSError, match="away"),
    ):
        await report.waiting("OSError: away", expected=True)
    await report.waiting("OSError: away", expected=True)
    (service,) = await services(database)
    assert service.state is ServiceState.WAITING


async def test_each_process_has_its_own_row_and_those_of_the_dead_go(
    states: ServiceStates, database: Database, settings: Settings, clock: FakeClock
) -> None:
    place, pid, _ = this_process().split(" ")
    killed = ServiceStates(database, clock=clock, process=f"{place} {pid} 1.0")
    elsewhere = ServiceStates(database, clock=clock, process="elsewhere 7 1.0")
    for each in (states, killed, elsewhere):
        await each.report("reddit", "Reddit").running()
    await elsewhere.report("reddit", "Reddit").waiting("away", expected=True)
    await killed.report("reddit", "Reddit").waiting("killed meanwhile", expected=True)
    assert [each.state for each in await services(database)].count(ServiceState.WAITING) == 2
    if database.url == settings.url:
        findings = {each.part: each for each in await examine(settings, clock().astimezone(UTC))}
        assert "away" in findings["reddit, process 7"].sentence
        assert not any("killed" in each.sentence for each in findings.values())
    clock.forward(300)
    await states.note_alive()
    assert {each.process for each in await services(database)} == {
        this_process(),
        "elsewhere 7 1.0",
    }
    clock.forward(301)
    await states.note_alive()
    (service,) = await services(database)
    assert (service.process, service.alive_at) == (this_process(), clock())
