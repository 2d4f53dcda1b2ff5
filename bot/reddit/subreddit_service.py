"""What looks after Reddit: each subreddit in one process, and the account in one of them."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from bot.leases import LeaseLost, guarding, rights_are_held
from bot.networks.service import NetworkService, Worked
from bot.networks.turns import Turns
from bot.platform import PlatformUnavailable
from bot.service_states import Report
from bot.shared_leases import Division, SharedLeases
from storage.engine.database import Database

log = logging.getLogger(__name__)


class WorkedInParts(Worked, Protocol):
    """What is to be done on Reddit: for the account, and for each subreddit."""

    async def find_subreddits(self) -> Sequence[str]:
        """Names of the subreddits that are watched now."""

    async def look_after(self, subreddit: str) -> None:
        """Do what is due by the clock in one subreddit."""


class SubredditService(NetworkService):
    """Has subreddits looked after while this process has the right to each.

    Who has the right to the account ("reddit") does the rest, which is one thing for all of Reddit:
    the inbox, messages of moderators, imports, deletions. Posts in subreddits that nobody watches,
    as people ask for by a mention, are its own as well.
    """

    def __init__(
        self,
        worked: WorkedInParts,
        turns: Turns,
        report: Report,
        database: Database,
    ) -> None:
        super().__init__("reddit", "Reddit", worked, turns, report, database)
        self._elsewhere = "Another process has Reddit's account; this one shares the subreddits."
        self._parts = worked
        self._shared = SharedLeases(database, "reddit r/")

    @property
    def division(self) -> Division | None:
        """Which subreddits are this process's; None: it did not ask yet, and has all."""
        return self._shared.division(rest=self.on_duty)

    def guarding_in(self, subreddits: Iterable[str]) -> AbstractContextManager[None]:
        """A block in which nothing is written once one of some subreddits is another process's."""
        held = self._shared.held
        leases = {self._shared.lease(name) if name.lower() in held else None for name in subreddits}
        return guarding(self._lease if each is None else each for each in leases)

    def check_duty_in(self, subreddit: str) -> None:
        """Do nothing if a subreddit is this process's.

        Raises:
            PlatformUnavailable: another process looks after it.
        """
        division = self.division
        if division is None:
            self.check_duty()
        elif not division.has(subreddit):
            raise PlatformUnavailable(f"another process looks after r/{subreddit} now")

    async def tick(self) -> None:
        """Do what is due in the subreddits of this process, and for the account if it has it."""
        has_account = await self.hold()
        subreddits = await self._parts.find_subreddits()
        await self._shared.share(subreddits)
        for name in subreddits:
            lease = self._shared.lease(name)
            if lease is None or name.lower() not in self._shared.held:
                continue
            with lease.guarding():
                try:
                    await self._parts.look_after(name)
                except LeaseLost as error:
                    log.warning("r/%s is left to another process: %s.", name, error)
        if has_account:
            await super().tick()

    async def let_go(self) -> None:
        """Let other processes have the account and the subreddits."""
        await self._shared.release()
        await super().let_go()


def check_rights() -> None:
    """Do nothing if what this task works at is this process's.

    Raises:
        PlatformUnavailable: another process does it now.
    """
    if not rights_are_held():
        raise PlatformUnavailable("another process does this on Reddit now")
