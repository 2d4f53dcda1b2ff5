"""How the parts of a running Peoria are doing: in memory for /healthz, in the tables for doctor."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from bot.notices import NoticeKind
from bot.runtime.clock import Clock
from bot.runtime.log import hide_secrets
from bot.runtime.processes import is_gone, this_process
from bot.runtime.system_clock import TOLERANCE
from storage.engine.database import Database
from storage.engine.scopes import SERVICES
from storage.queries.services import forget_service, note_alive, note_service
from storage.tables import Notice, Service
from storage.types import ServiceState

#: An outage of what a service depends on is told to the admins after this long, seconds.
_LONG = 600.0
#: The admins hear of faults of one service no more often than this, seconds.
_QUIET = 3600.0
#: What has stopped for the same reason as before is told no more often than this, seconds.
_QUIET_WHEN_KNOWN = 86_400.0
#: A process elsewhere that was not heard of for so long is gone.
_SILENT = timedelta(minutes=10)
#: Longest error that is kept, characters.
_LONGEST = 500


@dataclass(slots=True)
class _Known:
    state: ServiceState
    changed_at: datetime
    error: str | None = None
    #: By the event loop's clock.
    since: float = 0.0
    told_at: float | None = None
    clock_is_off: bool = False


class NotRunning(NamedTuple):
    """A service that does not run: its state, its last error, and since when it is so."""

    state: ServiceState
    error: str | None
    changed_at: datetime


class ServiceStates:
    """Notes how services are doing, and writes notices to the admins where they should know.

    Args:
        database: where they are noted; several processes may share it.
        process: which of them this is; None: this one.
        clock: the time.
    """

    def __init__(self, database: Database, *, clock: Clock, process: str | None = None) -> None:
        self._database = database
        self._clock = clock
        self._process = process or this_process()
        self._known: dict[str, _Known] = {}

    def report(self, name: str, title: str) -> "Report":
        """Where a service reports to.

        Args:
            name: its key, as in the table `services`.
            title: its name in sentences.
        """
        return Report(self, name, title)

    @property
    def not_running(self) -> Mapping[str, "NotRunning"]:
        """Services of this process that do not run, and why."""
        return {
            name: NotRunning(known.state, known.error, known.changed_at)
            for name, known in self._known.items()
            if known.state is not ServiceState.RUNNING
        }

    async def change(
        self, name: str, title: str, state: ServiceState, why: str | None, *, expected: bool
    ) -> None:
        """Note a change of state; nothing is written where nothing is new."""
        now, at = self._clock(), asyncio.get_running_loop().time()
        before = self._known.get(name)
        known = _Known(state, now) if before is None else before
        self._known[name] = known
        if why is not None:
            why = hide_secrets(why)[:_LONGEST]
        changed = before is None or known.state is not state
        if changed:
            known.since, known.changed_at = at, now
        elif known.error == why and not self._is_to_be_told(
            known, at, state, why, expected=expected
        ):
            return
        known.state = state
        text = self._notice(known, title, at, state, why, expected=expected)
        known.error = why
        values: dict[str, Any] = {
            "state": state,
            "changed_at": known.changed_at,
            "alive_at": now,
        }
        if why is not None:
            values |= {"error": why, "error_at": now}
        try:
            await self._note(name, values, text)
        except BaseException:
            # It is not on record: the next report is written, whatever it says.
            self._known.pop(name, None)
            raise

    async def note_clock(self, name: str, title: str, ahead: float) -> None:
        """Note how far a platform's clock is ahead of ours (negative: behind), seconds."""
        now = self._clock()
        known = self._known.setdefault(name, _Known(ServiceState.RUNNING, now))
        is_off = abs(ahead) > TOLERANCE
        if is_off is known.clock_is_off:
            return
        known.clock_is_off = is_off
        text = f"The clock of this machine agrees with {title}'s again."
        if is_off:
            text = clock_sentence(title, ahead)
        values = {
            "clock_ahead": ahead,
            "state": known.state,
            "changed_at": known.changed_at,
            "alive_at": now,
        }
        await self._note(name, values, text)

    async def forget(self, name: str) -> None:
        """A service was stopped on purpose."""
        self._known.pop(name, None)
        await self._database.run_write(
            lambda session: forget_service(session, self._process, name), alone_in=[SERVICES]
        )

    async def note_alive(self) -> None:
        """Note that this process runs, and forget the services of processes that are gone."""
        now = self._clock()
        await self._database.run_write(
            lambda session: note_alive(
                session, self._process, now, lambda service: is_left_behind(service, now)
            ),
            alone_in=[SERVICES],
        )

    async def _note(self, name: str, values: dict[str, Any], text: str | None) -> None:
        now = self._clock()

        def note(session: Session) -> None:
            note_service(session, self._process, name, **values)
            if text is not None:
                session.add(Notice(kind=NoticeKind.SERVICE.value, text=text, made_at=now))

        await self._database.run_write(note, alone_in=[SERVICES])

    def _is_to_be_told(
        self, known: _Known, at: float, state: ServiceState, why: str | None, *, expected: bool
    ) -> bool:
        if state is ServiceState.RUNNING:
            return known.told_at is not None
        same = state is ServiceState.STOPPED and known.error == why
        quiet = _QUIET_WHEN_KNOWN if same else _QUIET
        if known.told_at is not None and at - known.told_at < quiet:
            return False
        if state is ServiceState.STOPPED or not expected:
            return True
        return known.told_at is None and at - known.since > _LONG

    def _notice(
        self,
        known: _Known,
        title: str,
        at: float,
        state: ServiceState,
        why: str | None,
        *,
        expected: bool,
    ) -> str | None:
        if not self._is_to_be_told(known, at, state, why, expected=expected):
            return None
        if state is ServiceState.RUNNING:
            known.told_at = None
            return f"{title} runs again."
        known.told_at = at
        if state is ServiceState.STOPPED:
            return f"{title} has stopped: {why}"
        if not expected and why is not None:
            # What an error says may hold what people wrote: it is for the log.
            why = f"{why.partition(':')[0]}; the log says more"
        return f"{title} does not run ({why}). It is started again and again until it does."


class Report:
    """Where one service reports how it is doing."""

    def __init__(self, states: ServiceStates, name: str, title: str) -> None:
        self._states = states
        self._name = name
        self._title = title

    async def running(self) -> None:
        """It runs."""
        await self._change(ServiceState.RUNNING, None, expected=True)

    async def waiting(self, why: str, *, expected: bool) -> None:
        """It has ended and is started again after a wait."""
        await self._change(ServiceState.WAITING, why, expected=expected)

    async def stopped(self, why: str) -> None:
        """It has ended for good."""
        await self._change(ServiceState.STOPPED, why, expected=True)

    async def clock_ahead(self, seconds: float) -> None:
        """The platform has told its time."""
        await self._states.note_clock(self._name, self._title, seconds)

    async def closed(self) -> None:
        """It was stopped on purpose."""
        await self._states.forget(self._name)

    async def _change(self, state: ServiceState, why: str | None, *, expected: bool) -> None:
        await self._states.change(self._name, self._title, state, why, expected=expected)


def is_left_behind(service: Service, now: datetime) -> bool:
    """Whether the process of a service was killed, or its machine is lost.

    Args:
        service: as it is stored.
        now: aware.
    """
    gone = is_gone(service.process)
    return now - service.alive_at > _SILENT if gone is None else gone


def clock_sentence(title: str, ahead: float) -> str:
    """What to say of a clock that differs from a platform's.

    Args:
        title: the platform.
        ahead: how far its clock is ahead of ours, seconds; negative: behind.
    """
    side = "behind" if ahead > 0 else "ahead of"
    return (
        f"The clock of this machine is {abs(ahead):,.0f} s {side} {title}'s. Set it right (turn"
        " time synchronisation on): ages of posts are counted by it."
    )
