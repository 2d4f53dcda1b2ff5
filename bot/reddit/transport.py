"""The HTTP underneath praw: prawcore neither waits nor sends again; failures are raised to us.

Answers are read up to a length and a time, and given the shape that praw takes for granted.

prawcore sends a failed request up to three times, POSTs too, and sleeps where it is asked to wait.
A comment that was accepted and not answered would be there twice, and a thread that sleeps for
ten minutes serves nobody. Here every failure is raised at once; who asked decides what then.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from prawcore import Requestor
from prawcore.const import ACCESS_TOKEN_PATH
from prawcore.exceptions import RequestException
from requests import RequestException as RequestsError

from bot.networks.errors import CredentialsRefused
from bot.reddit.limits import number, seconds
from bot.runtime.http_date import time_of_answer

#: The longest answer, bytes: a hundred posts are about one million.
LONGEST_ANSWER = 16 * 2**20
#: How much longer than the wait for its next part a whole answer may take, times.
_WHOLE = 4

_LIMIT_HEADERS = ("x-ratelimit-remaining", "x-ratelimit-used", "x-ratelimit-reset")


def nothing_to_check() -> None:
    """For who may always write."""


class NoAnswer(Exception):
    """There was no answer, or none that makes sense. What was asked may have happened."""


class AskedToWait(Exception):
    """Reddit answered 429."""

    def __init__(self, wait: timedelta | None) -> None:
        super().__init__("Reddit asked for fewer requests")
        self.wait = wait


@dataclass(slots=True)
class RateHeaders:
    """What the latest answer's headers tell: requests left, until when, and Reddit's time."""

    remaining: float | None = None
    reset: timedelta | None = None
    #: When Reddit answered, by its own clock.
    answered_at: datetime | None = None


class Transport(Requestor):
    """Sends one request once.

    Args:
        seconds: longest time for an answer.
        rate_headers: where to note the rate limit of each answer.
        before_writing: called right before each request that changes something on Reddit; what
            it raises is raised, and nothing is sent.
    """

    def __init__(
        self,
        *,
        seconds: float,
        rate_headers: RateHeaders,
        before_writing: Callable[[], None],
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self._before_writing = before_writing
        self._seconds = seconds
        self._rate_headers = rate_headers

    def request(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        """Send a request.

        Raises:
            NoAnswer: no connection, no answer in time, or an error of the server.
            AskedToWait: too many requests.
            CredentialsRefused: no token is given to us.
        """
        method = str(args[0] if args else kwargs.get("method")).upper()
        is_for_token = str(args[1] if len(args) > 1 else kwargs.get("url")).endswith(
            ACCESS_TOKEN_PATH
        )
        if method != "GET" and not is_for_token:
            self._before_writing()
        try:
            response = super().request(*args, timeout=self._seconds, stream=True, **kwargs)
        except RequestException as error:
            # Its arguments hold the token: what it says of itself is not repeated.
            cause = type(error.original_exception).__name__
            raise NoAnswer(f"no answer from Reddit ({cause})") from None
        _read(response, time.monotonic() + _WHOLE * self._seconds)
        self._note_limit(response)
        if response.status_code == 429:
            raise AskedToWait(
                seconds(response.headers.get("retry-after")) or self._rate_headers.reset
            )
        if response.status_code >= 500 or response.status_code == 408:
            raise NoAnswer(f"Reddit answered {response.status_code}")
        if is_for_token:
            _check_token(response)
        _mend(response)
        return response

    def _note_limit(self, response: Any) -> None:
        self._rate_headers.remaining = number(response.headers.get("x-ratelimit-remaining"))
        self._rate_headers.reset = seconds(response.headers.get("x-ratelimit-reset"))
        self._rate_headers.answered_at = time_of_answer(response.headers)
        for name in _LIMIT_HEADERS:
            # Where prawcore sees them, it sleeps.
            response.headers.pop(name, None)


def _read(response: Any, until: float) -> None:
    """Read the body of an answer.

    Args:
        until: by the monotonic clock, seconds: a host that sends a byte now and then holds nobody.

    Raises:
        NoAnswer: it breaks off, is too long or takes too long.
    """
    parts, length = [], 0
    try:
        for part in response.iter_content(2**16):
            parts.append(part)
            length += len(part)
            if length > LONGEST_ANSWER:
                raise NoAnswer("Reddit's answer is too long")
            if time.monotonic() > until:
                raise NoAnswer("Reddit's answer takes too long")
    except (RequestsError, OSError) as error:
        raise NoAnswer(f"Reddit's answer breaks off ({type(error).__name__})") from None
    finally:
        response.close()
    response._content = b"".join(parts)  # noqa: SLF001 - as requests itself does
    response._content_consumed = True  # noqa: SLF001


def _check_token(response: Any) -> None:
    """Whether an answer to a request for a token holds one.

    Raises:
        CredentialsRefused: it does not, and will not next time.
        NoAnswer: it makes no sense.
    """
    try:
        answer = response.json()
    except ValueError:
        answer = None
    error = answer.get("error") if isinstance(answer, dict) else None
    if response.status_code == 401:
        raise CredentialsRefused(
            "Reddit does not know this app: type its id and its secret in on the page"
            " /admin/setup, or set PEORIA_REDDIT_CLIENT_ID and PEORIA_REDDIT_CLIENT_SECRET."
        )
    if error == "invalid_grant" or response.status_code in (400, 403):
        raise CredentialsRefused(
            "Reddit does not let this account in: the password or refresh token is wrong, or was"
            " revoked. Type them in on the page /admin/setup, or set PEORIA_REDDIT_USERNAME and"
            " PEORIA_REDDIT_PASSWORD, or a new PEORIA_REDDIT_REFRESH_TOKEN."
        )
    if error is not None:
        raise CredentialsRefused(f"Reddit gives no token ({str(error)[:80]}).")
    if (
        not isinstance(answer, dict)
        or not isinstance(answer.get("access_token"), str)
        or not isinstance(answer.get("expires_in"), int | float)
        or not isinstance(answer.get("scope"), str)
    ):
        raise NoAnswer("Reddit's answer to the request for a token makes no sense")


def _mend(response: Any) -> None:
    """Give a refusal the one shape from which praw and prawcore choose their exception.

    They stumble over a 401 or 403 whose header is missing or names anything else, and over a 400
    whose body is not as they expect it.
    """
    if response.status_code == 400 and not _explains(response):
        response._content = b'{"error": 400, "message": ""}'  # noqa: SLF001
    said = response.headers.get("www-authenticate", "")
    if response.status_code == 401:
        response.headers["www-authenticate"] = 'Bearer realm="reddit", error="invalid_token"'
    elif response.status_code == 403 and "insufficient_scope" not in said:
        response.headers.pop("www-authenticate", None)


def _explains(response: Any) -> bool:
    """Whether the body of a 400 says in Reddit's way what is wrong."""
    try:
        said = json.loads(response.content)
    except (ValueError, RecursionError):
        return False
    if not isinstance(said, dict) or not isinstance(said.get("reason"), str):
        return False
    fields = said.get("fields", [""])
    return isinstance(fields, list) and len(fields) == 1
