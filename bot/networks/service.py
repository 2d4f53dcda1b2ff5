"""What looks after a network: one process at a time, again and again, until it is stopped."""

import asyncio
import logging
from contextlib import AbstractContextManager
from typing import Protocol

from bot.leases import PLATFORM_TERM, Lease, LeaseLost
from bot.networks.turns import Turns
from bot.platform import PlatformUnavailable
from bot.runtime.another_try import until_another_try
from bot.runtime.supervisor import keep_running, tell
from bot.service_states import Report
from storage.engine.database import Database
from storage.engine.faults import may_pass

log = logging.getLogger(__name__)

#: Seconds between two checks whether something is due.
_TICK_SECONDS = 1.0


class Worked(Protocol):
    """What is to be done on a network, and who does it there."""

    def credentials(self) -> object:
        """What we would sign in with now; None: what is set is not whole."""

    @property
    def credentials_used(self) -> object:
        """Those of the latest try to sign in."""

    def sign_in_anew(self) -> None:
        """Take the credentials of now, and begin everything anew."""

    async def do_what_is_due(self) -> None:
        """Do what is due by the clock."""


class NetworkService:
    """Has a network looked after while this process has the right to it.

    Nothing happens on its own but through `tick`; once begun, a task calls it every second.

    Args:
        name: of the lease.
        title: what people call the network.
    """

    def __init__(
        self,
        name: str,
        title: str,
        worked: Worked,
        turns: Turns,
        report: Report,
        database: Database,
    ) -> None:
        self._title = title
        self._elsewhere = f"Another process looks after {title}; this one waits until it ends."
        self._worked = worked
        self._turns = turns
        self._report = report
        self._lease = Lease(database, name, term=PLATFORM_TERM)
        self._task: asyncio.Task[Exception] | None = None

    @property
    def on_duty(self) -> bool:
        """Whether the network is this process's: of several on one database, one has it."""
        return not self._lease.is_elsewhere

    def guarding(self) -> AbstractContextManager[None]:
        """A block in which nothing is written once the network is another process's."""
        return self._lease.guarding()

    def check_duty(self) -> None:
        """Do nothing if the network is this process's.

        Raises:
            PlatformUnavailable: another process looks after it.
        """
        if not self.on_duty:
            raise PlatformUnavailable(f"another process looks after {self._title} now")

    async def hold(self) -> bool:
        """Take the right to the network, or keep it; return whether it is ours."""
        return await self._lease.hold()

    async def begin(self) -> None:
        """Look after the network from now on."""
        if not await self.hold():
            log.info(self._elsewhere)
        self._task = asyncio.create_task(
            keep_running(self._title, self._run, report=self._report, away=may_pass),
            name=self._title.lower(),
        )

    async def end(self) -> None:
        """Stop; a request that is under way is not waited for."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
            await tell(self._title, self._report.closed())
        await self.let_go()

    async def let_go(self) -> None:
        """Let other processes have the network."""
        await self._lease.release()

    async def tick(self) -> None:
        """Do what is due; nothing while another process looks after the network."""
        if not await self.hold():
            return
        with self._lease.guarding():
            try:
                await self._worked.do_what_is_due()
            except LeaseLost as error:
                log.warning(
                    "What was under way on %s is left to another process: %s.", self._title, error
                )

    async def _run(self) -> None:
        while True:
            await self.tick()
            refusal = self._turns.refusal
            if refusal is None:
                await self._report.running()
                await asyncio.sleep(_TICK_SECONDS)
                continue
            await self._report.stopped(str(refusal))
            # Another process may have better credentials.
            await self.let_go()
            await until_another_try(self._worked.credentials, self._worked.credentials_used)
            log.info("%s is tried again.", self._title)
            self._worked.sign_in_anew()
