"""Who is looking: a random number in a signed cookie, stored nowhere but as a keyed hash.

Who signed in with a passkey is the person of their account instead, in every browser.

A cookie is given with a page, and so many an hour to one address and one network: who wants to be
many people has to come from many places, and in good time. Nothing can be posted, voted or guessed
without one.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.people.identity import hash_person
from bot.runtime.sliding_window import SlidingWindow
from bot.settings import Settings
from bot.texts.translate import mark
from bot.visibility import Viewer
from bot.web.account_sessions import AccountSessions, SignedIn, require_account
from bot.web.client_address import household_of, network_of
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.signatures import Signer
from bot.web.turns import READING
from storage.engine.scopes import ITS_ROWS
from storage.queries.ended_sessions import has_ended
from storage.tables import Account, Author, Newcomer
from storage.types import PlatformName

COOKIE = "visitor"
_YEAR = 365 * 24 * 3600
_ID = re.compile(r"[0-9a-f]{32}")
_SIGNED = re.compile(r"([0-9a-f]{32})\.(\d{1,17})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
#: How often it is read what other processes noted, and how late after the visit they may note it.
_READ_EVERY, _LATE = timedelta(seconds=1), timedelta(seconds=30)
#: A network may be that of a town: it may bring so many times as many people as one address.
_HOUSEHOLDS_OF_A_NETWORK = 4

#: What brings its own proof, as a browser that came from elsewhere has no cookie yet; and the way
#: out, which is open to everybody.
_FOR_ALL = ("/account/recover", "/account/sign-out")

UNKNOWN = mark(
    "The board does not know you yet: open its page first, in a browser that"
    " keeps cookies, and do it there."
)
CROWDED = mark(
    "Too many new visitors came from your network within an hour. You can read"
    " everything; to take part, come back in a while."
)
NO_ADMIN = mark(
    "Only the board's admin may do this. Open the link that Peoria printed when it started, or a"
    " new one: `main.py admin-link` prints it."
)
BANNED = mark("An admin of this board has shut you out; you can read, and nothing more.")


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser.

    Attributes:
        id: 128 random bits, the platform's id of the person; a secret of theirs.
        hash: what is stored instead, 64 hexadecimal digits.
        since: when the board gave them their cookie.
        household: the addresses that they can take at will, see `household_of`.
        is_new: whether they are seen for the first time.
        is_admin: whether they look after the board.
        account_id: the account that they are signed in to; None: none.
        browser: the keyed hash of the browser's own cookie; empty: it has none yet.
    """

    id: str = field(repr=False)
    hash: str
    since: datetime
    household: str = field(default="", repr=False)
    is_new: bool = False
    is_admin: bool = False
    account_id: int | None = None
    browser: str = ""


_VISITOR = web.RequestKey("visitor", Visitor)


def visitor_of(request: web.Request) -> Visitor:
    """The visitor who sent ``request``."""
    return request[_VISITOR]


def require_admin(request: web.Request) -> None:
    """Refuse what an admin did not send.

    Raises:
        Refusal: (403) it was somebody else.
    """
    if not visitor_of(request).is_admin:
        raise Refusal(403, NO_ADMIN)


async def find_author(session: AsyncSession, visitor: Visitor) -> int | None:
    """The visitor's author id, if they ever posted or voted."""
    return (await session.run_sync(read_viewer, visitor)).author_id


async def viewer_of(session: AsyncSession, visitor: Visitor) -> Viewer:
    """Who the visitor is to the question of what may be shown."""
    return await session.run_sync(read_viewer, visitor)


def read_viewer(session: Session, visitor: Visitor) -> Viewer:
    """The same, of a plain session."""
    query = select(Author.id).filter_by(platform=PlatformName.WEB, hash=visitor.hash)
    return Viewer(session.scalar(query), visitor.is_admin)


class Newcomers:
    """How many cookies are given: so many an hour, to one household and to one network.

    They are counted in memory, and noted in the database for an hour, as keyed hashes: a restart
    does not begin anew, and what other processes note is counted here within a second.

    Args:
        services: what the board works with.
        most: for a household.
    """

    def __init__(self, services: Services, most: int) -> None:
        self._services = services
        self._households: SlidingWindow[str] = SlidingWindow(
            services.clock, most=most, within=_HOUR
        )
        self._networks: SlidingWindow[str] = SlidingWindow(
            services.clock, most=most * _HOUSEHOLDS_OF_A_NETWORK, within=_HOUR
        )
        self._reading = asyncio.Lock()
        self._writer = secrets.token_hex(16)
        #: When it was read last, and the rows of then that may be met again.
        self._read_at: datetime | None = None
        self._counted: set[int] = set()

    async def refresh(self) -> None:
        """Count those whom other processes noted, an earlier one of this board among them."""
        now = self._services.clock()
        if self._read_at is not None and self._read_at <= now < self._read_at + _READ_EVERY:
            return
        async with self._reading:
            before = self._read_at
            if before is not None and before <= now < before + _READ_EVERY:
                return
            # A process may note later what it gave earlier.
            since = now - _HOUR if before is None else before - _LATE
            query = (
                select(Newcomer.id, Newcomer.household, Newcomer.network, Newcomer.came_at)
                .where(
                    Newcomer.came_at > since,
                    Newcomer.came_at <= now,
                    Newcomer.writer != self._writer,
                )
                .order_by(Newcomer.came_at)
            )
            rows = await self._services.database.run_read(
                lambda session: session.execute(query).all()
            )
            for number, household, network, came_at in rows:
                if number not in self._counted:
                    at = came_at if before is None else now
                    self._households.add(household, at)
                    self._networks.add(network, at)
            self._counted = {row.id for row in rows}
            self._read_at = now

    def has_room(self, address: str | None) -> bool:
        """Whether one more may come from an address."""
        household, network = self._keys(address)
        return not (self._households.wait(household) or self._networks.wait(network))

    def add(self, address: str | None) -> None:
        """Count one more; it is noted in the background."""
        household, network = self._keys(address)
        self._households.add(household)
        self._networks.add(network)
        self._services.tasks.start(self._note(household, network), "Noting a new visitor")

    async def _note(self, household: str, network: str) -> None:
        now = self._services.clock()

        def note(session: Session) -> None:
            session.execute(delete(Newcomer).where(Newcomer.came_at <= now - _HOUR))
            session.add(
                Newcomer(household=household, network=network, came_at=now, writer=self._writer)
            )

        await self._services.database.run_write(note, alone_in=ITS_ROWS)

    def _keys(self, address: str | None) -> tuple[str, str]:
        """What stands for an address and its network; only this board can tell which these are."""
        key = self._services.people_key
        return (
            hash_person(key, PlatformName.WEB, f"household {household_of(address)}"),
            hash_person(key, PlatformName.WEB, f"network {network_of(address)}"),
        )


def members_only(settings: Settings) -> Callable[[Handler], Handler]:
    """Makes a handler refuse who has no account, where taking part needs one."""

    def wrap(handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            require_account(settings, visitor_of(request).account_id)
            return await handler(request)

        return handle

    return wrap


def recognise(services: Services) -> Middleware:
    """A middleware that knows each visitor by their cookie, and gives new ones theirs."""
    recognition = _Recognition(services)

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await recognition.answer(request, handler)

    return middleware


class _Recognition:
    """Knows visitors by their cookies."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._signer = Signer(services.people_key, "visitor")
        self._accounts = AccountSessions(services)
        self._newcomers = Newcomers(services, services.settings.web_newcomers_an_hour)

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request whose visitor is known by then."""
        cookie = request.cookies.get(COOKIE, "")
        known = self._read(request, cookie)
        unsigned = known is None and _ID.fullmatch(cookie) is not None
        if unsigned:
            # Of before they were signed: good for those who were here, and nobody else has it.
            earlier = self._visitor(request, cookie, _EPOCH)
            known = earlier if await self._author(earlier) is not None else None
        if known is None:
            await self._newcomers.refresh()
        account = await self._account(request)
        is_change = request.method not in ("GET", "HEAD")
        if is_change and known is not None and account is None and await self._carried(known):
            # Their time here is the account's: each cookie would otherwise make many old people.
            known = replace(known, since=self._services.clock())
        visitor = known or self._newcomer(request)
        person = replace(
            visitor,
            is_admin=await self._is_admin(request),
            browser="" if known is None else known.hash,
        )
        if account is not None:
            person = replace(
                person,
                id=account.person_id,
                hash=account.person,
                since=account.since,
                is_new=False,
                account_id=account.account_id,
            )
        if is_change and request.path not in _FOR_ALL:
            await self._let_take_part(request, None if person.is_new else person)
        request[_VISITOR] = person
        response = await handler(request)
        if _may_keep_cookie(request, response):
            if known is None and self._newcomers.has_room(request.remote):
                self._newcomers.add(request.remote)
                self._give(request, response, visitor)
            elif known is not None and unsigned:
                self._give(request, response, visitor)
        return response

    async def _is_admin(self, request: web.Request) -> bool:
        claimed = self._services.admins.session(request)
        if claimed is None:
            return False
        return not await self._services.database.run_read(partial(has_ended, text=claimed.text))

    async def _account(self, request: web.Request) -> SignedIn | None:
        """The account that they are signed in to, read in turn with all that is read."""
        if not self._accounts.claims(request):
            return None
        async with request.config_dict[READING].take():
            return await self._accounts.find(request)

    async def _let_take_part(self, request: web.Request, known: Visitor | None) -> None:
        if known is None:
            crowded = not self._newcomers.has_room(request.remote)
            raise Refusal(403, CROWDED if crowded else UNKNOWN)
        author = await self._author(known)
        if author is not None and author.banned_at is not None:
            raise Refusal(403, BANNED)

    def _read(self, request: web.Request, cookie: str) -> Visitor | None:
        found = _SIGNED.fullmatch(self._signer.read(cookie) or "")
        if found is None:
            return None
        return self._visitor(request, found[1], _EPOCH + timedelta(microseconds=int(found[2])))

    def _newcomer(self, request: web.Request) -> Visitor:
        visitor = self._visitor(request, secrets.token_hex(16), self._services.clock())
        return replace(visitor, is_new=True)

    def _visitor(self, request: web.Request, visitor_id: str, since: datetime) -> Visitor:
        person = hash_person(self._services.people_key, PlatformName.WEB, visitor_id)
        return Visitor(visitor_id, person, since, household_of(request.remote))

    async def _carried(self, visitor: Visitor) -> bool:
        """Whether an account was made of what a browser did: it was given its cookie just then."""
        if self._services.settings.accounts == "off" or visitor.since == _EPOCH:
            return False

        def find(session: Session) -> bool:
            query = select(Account.id).filter_by(since=visitor.since).limit(1)
            return session.scalar(query) is not None

        return await self._services.database.run_read(find)

    async def _author(self, visitor: Visitor) -> Author | None:
        def find(session: Session) -> Author | None:
            found: Author | None = session.scalar(
                select(Author).filter_by(platform=PlatformName.WEB, hash=visitor.hash)
            )
            return found

        return await self._services.database.run_read(find)

    def _give(self, request: web.Request, response: web.StreamResponse, visitor: Visitor) -> None:
        since = (visitor.since - _EPOCH) // timedelta(microseconds=1)
        response.set_cookie(
            COOKIE,
            self._signer.sign(f"{visitor.id}.{since}"),
            max_age=_YEAR,
            httponly=True,
            secure=request.scheme == "https",
            samesite="Strict",
            path="/",
        )


def _may_keep_cookie(request: web.Request, response: web.StreamResponse) -> bool:
    # A browser that follows a link from another site holds a Strict cookie back. Giving it a new
    # one then would make a regular a stranger.
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return False
    return (
        request.method == "GET" and response.status == 200 and response.content_type == "text/html"
    )
