"""Whether a running Peoria can do its work: what the board's /healthz asks."""

import asyncio
import time
from collections.abc import Sequence

from bot.operations.checks import (
    ChampionFiles,
    database_trouble,
    database_write,
    disk,
    due_work,
    last_run,
    not_running,
)
from bot.operations.findings import Finding, State
from bot.operations.heartbeat import Heartbeat, role_findings
from bot.operations.object_store_check import ObjectStoreCheck
from bot.operations.scheduled_backup import backups_finding
from bot.runtime.clock import Clock
from bot.runtime.pulse import Pulse
from bot.service_states import ServiceStates
from bot.settings import Settings
from storage.engine.database import Database
from storage.engine.faults import DATABASE_ERRORS

#: Whoever asks, the checks are made no more often than this, seconds.
_FRESH = 2.0


class Readiness:
    """The checks of a running process, made when somebody asks.

    Args:
        settings: name the folders.
        database: is written to.
        services: the parts of this process.
        pulse: the ticks of this process.
        heartbeat: this process's row.
        clock: tells the time.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        services: ServiceStates,
        pulse: Pulse,
        heartbeat: Heartbeat,
        *,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._database = database
        self._services = services
        self._pulse = pulse
        self._heartbeat = heartbeat
        self._clock = clock
        self._champion = ChampionFiles(settings)
        self._object_store = ObjectStoreCheck(settings)
        self._one_at_a_time = asyncio.Lock()
        self._found: tuple[float, Sequence[Finding]] | None = None

    async def look(self) -> Sequence[Finding]:
        """Every part that is not well; answers of the last two seconds are given again."""
        async with self._one_at_a_time:
            if self._found is None or time.monotonic() - self._found[0] > _FRESH:
                found = [each for each in await self._check() if each.state is not State.WELL]
                self._found = time.monotonic(), found
            return self._found[1]

    async def _check(self) -> list[Finding]:
        now = self._clock()
        found = [
            await asyncio.to_thread(disk, self._settings),
            *await asyncio.to_thread(self._object_store.look),
            *self._ticks(),
            *(
                not_running(name, each.state, each.changed_at, each.error, now)
                for name, each in self._services.not_running.items()
            ),
        ]
        cannot_write = await database_write(self._heartbeat)
        if cannot_write is not None:
            return [cannot_write, *found]
        try:
            return [
                *found,
                await self._champion.look(self._database),
                await self._database.run_read(lambda session: due_work(session, now)),
                await self._database.run_read(last_run),
                *await self._database.run_read(lambda session: role_findings(session, now)),
                await asyncio.to_thread(backups_finding, self._settings, now),
            ]
        except DATABASE_ERRORS as error:
            return [database_trouble(error), *found]

    def _ticks(self) -> list[Finding]:
        silent = self._pulse.silent()
        if not silent:
            return []
        named = ", ".join(f"{job} for {seconds:,.0f} s" for job, seconds in silent.items())
        return [
            Finding(
                "ticks",
                State.TROUBLE,
                f"Jobs have not come to an end: {named}. Start Peoria again, and report its log.",
            )
        ]
