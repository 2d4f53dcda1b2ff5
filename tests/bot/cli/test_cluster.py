import asyncio
from datetime import UTC, datetime
from typing import Any

from bot.operations.batch_findings import batch_findings
from bot.operations.findings import State
from bot.runtime.processes import this_process
from storage.engine.database import Database
from storage.queries.batch_jobs import advance_job, begin_job, end_job
from storage.types import BatchState

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_passes_are_listed_cancelled_and_looked_at(peoria: Any, settings: Any) -> None:
    assert "none yet" in peoria("cluster", "jobs").out
    assert "no pass 1" in peoria("cluster", "cancel", 1).sentence

    async def store() -> list[int]:
        database = Database(settings.url)
        try:
            return [
                await database.run_write(
                    lambda session, process=process: begin_job(
                        session, work="embed", subject="[b]other", total=9, process=process, now=NOW
                    )
                )
                for process in (this_process(), f"{this_process().split(' ')[0]} 1 5.0")
            ]
        finally:
            await database.close()

    running, _ = asyncio.run(store())
    assert "0 of 9" in peoria("cluster", "jobs").out
    assert "[b]other" in peoria("cluster", "jobs").out
    assert "ends after the fragments" in peoria("cluster", "cancel", running).out
    listed = peoria("cluster", "jobs", "--json")
    assert '"state": "running"' in listed.out

    async def look() -> list[tuple[State, str]]:
        database = Database(settings.url)
        try:
            (dead,) = await database.run_read(lambda session: batch_findings(session, NOW))

            def cancelled(session: Any) -> None:
                job = begin_job(
                    session, work="embed", subject="other", total=9, process=this_process(), now=NOW
                )
                assert not advance_job(session, job, done=4, skipped=1, quarantined=0, now=NOW)
                end_job(session, job, BatchState.CANCELLED, "Somebody did.", NOW)

            await database.run_write(cancelled)
            (ended,) = await database.run_read(lambda session: batch_findings(session, NOW))
            return [(each.state, each.sentence) for each in (dead, ended)]
        finally:
            await database.close()

    dead, ended = asyncio.run(look())
    assert dead[0] is ended[0] is State.LOOK
    assert "when it was cut short" in dead[1]
    assert "4 of 9" in ended[1]
    assert "was cancelled: Somebody did." in ended[1]


def test_without_an_address_there_is_no_cluster_to_check(peoria: Any) -> None:
    assert "PEORIA_RAY_ADDRESS is not set" in peoria("cluster", "check").sentence
