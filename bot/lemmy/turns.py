"""What is done on Lemmy again and again, and when next after a failure."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.leases import LeaseLost
from bot.lemmy.errors import CredentialsRefused, LemmyRefusal
from bot.platform import PlatformUnavailable
from bot.runtime.clock import Clock

log = logging.getLogger(__name__)

#: What the instance refuses is tried again after this long.
_REFUSED_WAIT = timedelta(hours=1)


class Turns:
    """Keeps apart what is due: one thing that fails does not keep another from its turn."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        #: For each thing, when its next turn was set, and when it is.
        self._due: dict[str, tuple[datetime, datetime]] = {}
        #: Why the instance does not accept who we are; it stays until we sign in again.
        self.refusal: CredentialsRefused | None = None

    async def run_due(
        self, what: str, every: timedelta, work: Callable[[], Awaitable[object]]
    ) -> None:
        """Do something if its time has come; a failure only puts its next turn off."""
        now = self._clock()
        set_at, due_at = self._due.get(what, (now, now))
        # A turn that was set in the future: our clock was put back since.
        if set_at <= now < due_at:
            return
        self._due[what] = now, now + every
        try:
            await work()
        except LeaseLost:
            # Another process has its turn; who called leaves it to that one.
            raise
        except CredentialsRefused as error:
            self._due[what] = now, now + (error.retry_after or every)
            if self.refusal is None:
                log.error("Lemmy is stopped: %s", error)  # noqa: TRY400 - it says all
            self.refusal = error
        except PlatformUnavailable as error:
            log.info("%s cannot be looked at now (%s).", what, error)
            self._due[what] = now, now + (error.retry_after or every)
        except LemmyRefusal as refusal:
            log.warning("%s cannot be read (%s); tried again every hour.", what, refusal)
            self._due[what] = now, now + _REFUSED_WAIT
        except Exception:
            log.exception("%s could not be looked at; it is tried again.", what)

    def begin_anew(self) -> None:
        """Everything is due: we sign in with other credentials, or once more with the same."""
        self.refusal = None
        self._due.clear()
