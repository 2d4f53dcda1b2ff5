"""What is done on Reddit again and again, and when next after a failure."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.leases import LeaseLost
from bot.notices import NoticeKind, note
from bot.platform import PlatformUnavailable
from bot.reddit.errors import CredentialsRefused, NotAllowed, NotThere
from bot.runtime.clock import Clock
from storage.engine.database import Database

log = logging.getLogger(__name__)

#: A subreddit that is closed to us is tried again after this long.
CLOSED_WAIT = timedelta(hours=1)


class Schedule:
    """Keeps apart what is due: one thing that fails does not keep another from its turn."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        #: For each thing, when its next turn was set, and when it is.
        self._due: dict[str, tuple[datetime, datetime]] = {}
        #: What was found closed: admins hear of it once.
        self._closed: set[str] = set()
        #: Why Reddit does not accept who we are; None: it does. It stays until we sign in again:
        #: work that had nothing to ask of Reddit proves nothing.
        self.refusal: CredentialsRefused | None = None

    async def run_due(
        self, what: str, every: timedelta, work: Callable[[], Awaitable[object]]
    ) -> None:
        """Do something if its time has come.

        Args:
            what: its name, for the log and for admins.
            every: how long after one turn the next begins.
            work: does it; a platform that is away or closed only puts the next turn off.
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
                log.error("Reddit is stopped: %s", error)  # noqa: TRY400 - it says all
            self.refusal = error
        except PlatformUnavailable as error:
            log.info("%s cannot be looked at now (%s).", what, error)
            self._due[what] = now, now + (error.retry_after or every)
        except (NotAllowed, NotThere) as error:
            self._due[what] = now, now + CLOSED_WAIT
            await self._note_closed(what, error)
        except Exception:
            log.exception("%s could not be looked at; it is tried again.", what)

    def begin_anew(self) -> None:
        """Everything is due: we sign in with other credentials, or once more with the same."""
        self.refusal = None
        self._due.clear()

    async def _note_closed(self, what: str, error: Exception) -> None:
        if what not in self._closed:
            self._closed.add(what)
            text = f"{what} cannot be read: {error} It is tried again every hour."
            log.warning("%s", text)
            await note(self._database, NoticeKind.REDDIT, text, now=self._clock())
