"""What is done on a network again and again, and when next after a failure."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.leases import LeaseLost
from bot.networks.errors import CredentialsRefused
from bot.platform import PlatformUnavailable
from bot.runtime.clock import Clock

log = logging.getLogger(__name__)

#: What is closed to us is tried again after this long.
CLOSED_WAIT = timedelta(hours=1)


class Turns:
    """Keeps apart what is due: one thing that fails does not keep another from its turn.

    Args:
        network: what people call it.
        closed: what says that one thing is closed to us, and the rest is not.
        tell_closed: is told once of each thing that was found closed: its name, and the error.
    """

    def __init__(
        self,
        network: str,
        closed: tuple[type[Exception], ...],
        tell_closed: Callable[[str, Exception], Awaitable[None]],
        *,
        clock: Clock,
    ) -> None:
        self._network = network
        self._closed_by = closed
        self._tell_closed = tell_closed
        self._clock = clock
        #: For each thing, when its next turn was set, and when it is.
        self._due: dict[str, tuple[datetime, datetime]] = {}
        self._closed: set[str] = set()
        #: Why the network does not accept who we are; None: it does. It stays until we sign in
        #: again: work that had nothing to ask there proves nothing.
        self.refusal: CredentialsRefused | None = None

    async def run_due(
        self, what: str, every: timedelta, work: Callable[[], Awaitable[object]]
    ) -> None:
        """Do something if its time has come.

        Args:
            what: its name, for the log and for admins.
            every: how long after one turn the next begins.
            work: does it; a network that is away or closed only puts the next turn off.
        """
        now = self._clock()
        set_at, due_at = self._due.get(what, (now, now))
        # A turn that was set in the future: our clock was put back since.
        if set_at <= now < due_at:
            return
        self._due[what] = now, now + every
        try:
            await work()
            self._closed.discard(what)
        except LeaseLost:
            # Another process has its turn; who called leaves it to that one.
            raise
        except CredentialsRefused as error:
            self._due[what] = now, now + (error.retry_after or every)
            if self.refusal is None:
                log.error("%s is stopped: %s", self._network, error)  # noqa: TRY400 - it says all
            self.refusal = error
        except PlatformUnavailable as error:
            log.info("%s cannot be looked at now (%s).", what, error)
            self._due[what] = now, now + (error.retry_after or every)
        except Exception as error:
            if not isinstance(error, self._closed_by):
                log.exception("%s could not be looked at; it is tried again.", what)
                return
            self._due[what] = now, now + CLOSED_WAIT
            if what not in self._closed:
                self._closed.add(what)
                await self._tell_closed(what, error)

    def begin_anew(self) -> None:
        """Everything is due: we sign in with other credentials, or once more with the same."""
        self.refusal = None
        self._due.clear()
