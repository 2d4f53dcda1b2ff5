"""praw on a thread of its own: one request at a time, its exceptions turned into ours.

praw is neither async nor thread-safe, so one thread does everything that touches it, and only
plain data comes out.
"""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

import praw
from praw.exceptions import PRAWException, RedditAPIException
from prawcore.exceptions import (
    BadJSON,
    Conflict,
    Forbidden,
    InsufficientScope,
    InvalidToken,
    NotFound,
    PrawcoreException,
    Redirect,
    UnavailableForLegalReasons,
)

from bot.networks.errors import REFUSED_FOR, CredentialsRefused
from bot.reddit.credentials import Credentials
from bot.reddit.errors import (
    UNKNOWN_REFUSAL,
    NotAllowed,
    NotThere,
    RedditRefusal,
)
from bot.reddit.limits import Pace, asked_wait
from bot.reddit.refusal_codes import TOO_FAST
from bot.reddit.transport import AskedToWait, NoAnswer, RateHeaders, Transport, nothing_to_check
from bot.runtime.clock import Clock

T = TypeVar("T")


#: What reading an answer of another shape ends in.
_ODD = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError,
        ValueError)  # fmt: skip


class PrawThread:
    """Runs what needs praw, one piece of work after the other.

    Args:
        url, oauth_url: where Reddit is.
        seconds: longest time for one answer.
        heard: is told the time of each answer by Reddit's clock.
        before_writing: raises where nothing may be written on Reddit any more; called on the
            thread, right before each request that writes.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        url: str,
        oauth_url: str,
        clock: Clock,
        seconds: float,
        heard: Callable[[datetime], None] | None = None,
        before_writing: Callable[[], None] = nothing_to_check,
    ) -> None:
        self._heard = heard
        self._before_writing = before_writing
        self._credentials = credentials
        self._urls = (url.rstrip("/"), oauth_url.rstrip("/"))
        self._seconds = seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reddit")
        self._rate_headers = RateHeaders()
        self._reddit: praw.Reddit | None = None
        self.pace = Pace(clock)
        #: Comments have a limit of their own, hard on accounts that are new: whoever must wait
        #: with the next one may go on reading.
        self.writing = Pace(clock)
        #: Who we are was refused: why, and when. Reddit is not asked again and again.
        self._refused: tuple[CredentialsRefused, datetime] | None = None
        self._clock = clock
        self._turn = asyncio.Lock()
        #: Requests that were tried since the start.
        self.requests = 0

    async def call(self, work: Callable[[praw.Reddit], T]) -> T:
        """Do ``work`` on the thread, with the one praw client.

        Raises:
            RedditBusy: Reddit cannot be asked now; it says when to try again.
            CredentialsRefused: Reddit does not accept who we are.
            NotAllowed, NotThere, RedditRefusal: Reddit refuses this one thing.
        """
        # One after the other: each knows the wait that Reddit asked for in the answer before.
        async with self._turn:
            self.pace.check()
            self._check_refusal()
            try:
                return await self._ask(work)
            except CredentialsRefused as error:
                self._refused = error, self._clock()
                raise
            finally:
                self._pass_time_on()

    def sign_in_anew(self, credentials: Credentials) -> None:
        """Use these credentials from the next request on."""
        self._credentials = credentials
        self._reddit = None
        self._refused = None

    def _check_refusal(self) -> None:
        """Raise what Reddit refused us with, if that was a moment ago."""
        if self._refused is None:
            return
        error, at = self._refused
        if timedelta() <= self._clock() - at < REFUSED_FOR:
            raise error
        # Signing in anew: praw keeps a token that was refused.
        self._refused = self._reddit = None

    def _pass_time_on(self) -> None:
        told, self._rate_headers.answered_at = self._rate_headers.answered_at, None
        if self._heard is not None and told is not None:
            self._heard(told)

    async def _ask(self, work: Callable[[praw.Reddit], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            # The thread knows by right of what it works, as whoever asks does.
            context = contextvars.copy_context()
            result = await loop.run_in_executor(self._thread, context.run, self._work, work)
        except AskedToWait as error:
            raise self.pace.asked_to_wait(
                asked_wait("", error.wait.total_seconds() if error.wait else None), str(error)
            ) from None
        except (NoAnswer, BadJSON, Conflict) as error:
            raise self.pace.failed(str(error)) from None
        except InvalidToken:
            raise CredentialsRefused(
                "Reddit refuses the tokens that it gives us: the app's access was revoked, or the"
                " account is suspended. Look at https://www.reddit.com/prefs/apps."
            ) from None
        except InsufficientScope:
            raise NotAllowed(
                "The refresh token does not allow this; `main.py reddit check` names the scopes"
                " that it needs."
            ) from None
        except (Forbidden, UnavailableForLegalReasons):
            raise NotAllowed("Reddit does not allow it to this account.") from None
        except (NotFound, Redirect):
            raise NotThere("There is nothing of that name on Reddit.") from None
        except RedditAPIException as error:
            item = error.items[0]
            raise self.refusal([[item.error_type, item.message]], None) from None
        except (PrawcoreException, PRAWException) as error:
            raise RedditRefusal(UNKNOWN_REFUSAL, str(error)[:300]) from None
        except _ODD as error:
            # praw and prawcore take the shape of answers for granted.
            why = f"Reddit's answer makes no sense ({type(error).__name__})"
            raise self.pace.failed(why) from None
        self.pace.answered(self._rate_headers.remaining, self._rate_headers.reset)
        return result

    def _work(self, work: Callable[[praw.Reddit], T]) -> T:
        """What happens on the thread."""
        if self._reddit is None:
            self._reddit = self._open()
        self.requests += 1
        return work(self._reddit)

    def _open(self) -> praw.Reddit:
        """praw with every setting given, so that neither its files nor its variables matter."""
        secrets = self._credentials
        url, oauth_url = self._urls
        return praw.Reddit(
            "DEFAULT",
            requestor_class=Transport,
            requestor_kwargs={
                "seconds": self._seconds,
                "rate_headers": self._rate_headers,
                "before_writing": self._before_writing,
            },
            client_id=secrets.client_id,
            client_secret=secrets.client_secret,
            username=secrets.username,
            password=secrets.password,
            refresh_token=secrets.refresh_token,
            redirect_uri=None,
            user_agent=secrets.user_agent,
            reddit_url=url,
            oauth_url=oauth_url,
            check_for_async=False,
            check_for_updates=False,
        )

    def refusal(self, errors: Any, wait: object) -> Exception:
        """What to raise for the errors in an answer.

        Args:
            errors: as Reddit lists them: codes with sentences.
            wait: seconds until the next try, where Reddit says so.
        """
        first = errors[0] if isinstance(errors, list) else None
        if isinstance(first, str):
            first = errors
        code, message = UNKNOWN_REFUSAL, ""
        if isinstance(first, list) and first and isinstance(first[0], str):
            code = first[0][:80]
            message = str(first[1])[:300] if len(first) > 1 else ""
        if code in TOO_FAST:
            return self.writing.asked_to_wait(asked_wait(message, wait), "Reddit asked for a break")
        return RedditRefusal(code, message)

    def close(self) -> None:
        """Stop the thread; a request that is under way is not waited for."""
        self._thread.shutdown(wait=False, cancel_futures=True)
