"""Who is signed in: a signed cookie says which account, and of which generation of sessions."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.people.accounts import person_id
from bot.settings import Settings
from bot.texts.translate import mark
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.signatures import Signer
from storage.engine.scopes import ITS_ROWS
from storage.queries.ended_sessions import end_session, has_ended
from storage.tables import Account
from storage.types import PlatformName

COOKIE = "account"
#: How long a session lasts.
SESSION = timedelta(days=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT = re.compile(r"(\d{1,18})\.(\d{1,9})\.(\d{1,17})\.[0-9a-f]{32}", re.ASCII)

NEEDED = mark(
    "This board takes part with people who have an account: make one, or sign"
    " in, on the page /account. Reading needs none."
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An account that a request comes from.

    Attributes:
        account_id: which one.
        person_id: the platform's id of its person, a secret.
        person: its keyed hash.
        since: when the person came first.
    """

    account_id: int
    person_id: str
    person: str
    since: datetime


@dataclass(frozen=True, slots=True)
class AccountSession:
    """What a cookie says.

    Attributes:
        text: all of it, by which the session is known.
        generation: of the account's sessions; those of another are no good.
    """

    text: str
    account_id: int
    generation: int
    ends_at: datetime


class AccountSessions:
    """Begins sessions, and knows them again."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._signer = Signer(services.people_key, "account session")

    def begin(self, request: web.Request, response: web.StreamResponse, account: Account) -> None:
        """Sign whoever gets ``response`` in."""
        ends = (self._services.clock() + SESSION - _EPOCH) // timedelta(microseconds=1)
        text = f"{account.id}.{account.generation}.{ends}.{secrets.token_hex(16)}"
        response.set_cookie(
            COOKIE,
            self._signer.sign(text),
            max_age=int(SESSION.total_seconds()),
            httponly=True,
            secure=request.scheme == "https",
            samesite="Strict",
            path="/",
        )

    async def end(self, request: web.Request, response: web.StreamResponse) -> None:
        """Sign the browser that sent a request out; copies of its cookie are no good any more."""
        read = self.session(request)
        if read is not None:
            now = self._services.clock()
            await self._services.database.run_write(
                partial(end_session, text=read.text, ends_at=read.ends_at, now=now),
                alone_in=ITS_ROWS,
            )
        response.del_cookie(COOKIE, path="/")

    def claims(self, request: web.Request) -> bool:
        """Whether a request has a cookie that may be one of ours: the database has to be asked."""
        return self.session(request) is not None

    async def find(self, request: web.Request) -> SignedIn | None:
        """The account that sent a request; None: nobody is signed in, or the session has ended."""
        read = self.session(request)
        if read is None:
            return None

        def find(session: Session) -> Account | None:
            if has_ended(session, read.text):
                return None
            found: Account | None = session.scalar(
                select(Account).filter_by(id=read.account_id, generation=read.generation)
            )
            return found

        account = await self._services.database.run_read(find)
        if account is None:
            return None
        return SignedIn(
            account.id,
            person_id(self._services.people_key, PlatformName.WEB, account.handle),
            account.person,
            account.since,
        )

    def session(self, request: web.Request) -> AccountSession | None:
        """The session that a request claims, which may have been ended since; None: none."""
        if self._services.settings.accounts == "off":
            return None
        found = _TEXT.fullmatch(self._signer.read(request.cookies.get(COOKIE, "")) or "")
        if found is None:
            return None
        ends_at = _EPOCH + timedelta(microseconds=int(found[3]))
        if self._services.clock() >= ends_at:
            return None
        return AccountSession(found[0], int(found[1]), int(found[2]), ends_at)


def require_account(settings: Settings, account_id: int | None) -> None:
    """Refuse who has no account where taking part needs one.

    Raises:
        Refusal: (403) they are not signed in.
    """
    if settings.accounts == "required" and account_id is None:
        raise Refusal(403, NEEDED)
