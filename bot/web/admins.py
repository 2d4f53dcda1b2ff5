"""Who looks after the board: whoever opened a link that works once, as long as their session lasts.

Peoria prints such a link when it starts, and `main.py admin-link` prints another one. The link is
changed for a signed cookie; nobody has a password.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiohttp import web

from bot.runtime.clock import now
from bot.texts.translate import mark
from bot.web.refusals import Refusal
from bot.web.signatures import Signer

COOKIE = "admin"
#: How long a session lasts.
SESSION = timedelta(days=30)
#: How long a link works that was asked for and not used.
ASKED_LINK = timedelta(minutes=15)

USED_LINK = mark(
    "This link was used already, or is too old, or is of before Peoria's last start. `main.py"
    " admin-link` prints a new one."
)


@dataclass(frozen=True, slots=True)
class _Link:
    """What is in a link: a word of its own, when it was made, and how long it works."""

    word: str
    made_at: datetime
    ends_at: datetime

    @property
    def text(self) -> str:
        return f"{self.word}.{_number(self.made_at)}.{_number(self.ends_at)}"


@dataclass(frozen=True, slots=True)
class AdminSession:
    """What an admin's cookie says, and when it is over by itself."""

    text: str
    ends_at: datetime


class Admins:
    """Links that make somebody the admin, and the sessions that come of them.

    Args:
        people_key: what links and sessions are signed with.
    """

    def __init__(self, people_key: bytes) -> None:
        self._links = Signer(people_key, "admin link")
        self._sessions = Signer(people_key, "admin session")
        #: Links of before are refused: which of them were used is forgotten.
        self._started_at = now()
        self._used: dict[str, datetime] = {}
        #: Tokens of links that this process gave. They are short: a log may break a long line.
        self._given: set[str] = set()

    def link(self, url: str) -> str:
        """A new link to the board at ``url``, which works once, as long as this process runs."""
        token = secrets.token_urlsafe(16)
        self._given.add(token)
        return f"{url}admin?token={token}"

    def signed_link(self, url: str) -> str:
        """The same of another process, which works once within `ASKED_LINK`."""
        made_at = now()
        link = _Link(secrets.token_hex(16), made_at, made_at + ASKED_LINK)
        return f"{url}admin?token={self._links.sign(link.text)}"

    def redeem(self, token: str) -> None:
        """Use up a link's token.

        Raises:
            Refusal: (403) it was used before, is too old, or was never given.
        """
        if token in self._given:
            self._given.remove(token)
            return
        link = _read_link(self._links.read(token))
        if (
            link is None
            or link.made_at < self._started_at
            or link.ends_at < now()
            or link.word in self._used
        ):
            raise Refusal(403, USED_LINK)
        self._used = {word: at for word, at in self._used.items() if at > now()}
        self._used[link.word] = link.ends_at

    def begin_session(self, request: web.Request, response: web.StreamResponse) -> None:
        """Make whoever gets ``response`` an admin."""
        text = f"{secrets.token_hex(16)}.{_number(now() + SESSION)}"
        response.set_cookie(
            COOKIE,
            self._sessions.sign(text),
            max_age=int(SESSION.total_seconds()),
            httponly=True,
            secure=request.scheme == "https",
            samesite="Strict",
            path="/",
        )

    def session(self, request: web.Request) -> AdminSession | None:
        """The session that a request claims, which may have been ended since; None: none."""
        text = self._sessions.read(request.cookies.get(COOKIE, "")) or ""
        ends_at = _moment(text.rpartition(".")[2])
        return None if ends_at is None or now() >= ends_at else AdminSession(text, ends_at)


def _number(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)


def _moment(text: str) -> datetime | None:
    if not (text.isascii() and text.isdigit() and len(text) < 18):
        return None
    return datetime.fromtimestamp(int(text) / 1_000_000, UTC)


def _read_link(text: str | None) -> _Link | None:
    parts = (text or "").split(".")
    if len(parts) != 3:
        return None
    made_at, ends_at = _moment(parts[1]), _moment(parts[2])
    return None if made_at is None or ends_at is None else _Link(parts[0], made_at, ends_at)
