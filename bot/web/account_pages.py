"""The account of a visitor: made, signed in to and looked after with passkeys."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy import select
from sqlalchemy.orm import Session
from yarl import URL

from bot.people.accounts import (
    AccountRefused,
    NewPasskey,
    add_passkey,
    clean_name,
    count_signature,
    end_sessions,
    new_handle,
    open_account,
    passkeys_of,
    person_id,
    remove_passkey,
    rename_passkey,
    use_recovery,
)
from bot.people.identity import hash_person
from bot.people.nicknames import nickname
from bot.texts.translate import mark
from bot.web.account_sessions import AccountSessions
from bot.web.bodies import read_fields
from bot.web.health import is_from_this_machine
from bot.web.passkey_challenges import Challenge, drop_old, put_challenge, take_challenge
from bot.web.passkeys import (
    UNKNOWN_KEY,
    RelyingParty,
    check_creation,
    check_signature,
    creation_options,
    credential_id_in,
    relying_party,
    request_options,
)
from bot.web.rate_limit import RateLimit
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.turns import WRITING
from bot.web.visitors import Visitor, visitor_of
from storage.engine.scopes import EVERYTHING, ITS_ROWS, Scopes, person_scope
from storage.tables import Account, Passkey
from storage.types import PlatformName

#: What one address may do in ten minutes, and new accounts in an hour.
_ASKS, _ASKS_WITHIN = 60, timedelta(minutes=10)
_NEW, _NEW_WITHIN = 10, timedelta(hours=1)

OFF = mark("This board has no accounts: its settings say so.")
NO_PLACE = mark(
    "Passkeys need https, or the name localhost: open the board under such an"
    " address. An address of digits has none."
)
NO_BROWSER = mark("Open this page first, in a browser that keeps cookies, and do it there.")
SIGN_IN_FIRST = mark("Sign in first.")
USED_LINK = mark(
    "This link was used already, or is too old; the board's admin can make another one."
)

_FIELDS = web.RequestKey("fields", dict[str, str])

T = TypeVar("T")


class AccountPages:
    """Answers visitors about their accounts."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sessions = AccountSessions(services)
        self._asks = RateLimit(
            services.clock, _ASKS, _ASKS_WITHIN, what=mark("requests for passkeys")
        )
        self._new = RateLimit(services.clock, _NEW, _NEW_WITHIN, what=mark("new accounts"))

    def routes(self) -> list[web.RouteDef]:
        """Every route of accounts."""
        passkey = r"/account/passkeys/{id:\d{1,15}}"
        answers: dict[str, Handler] = {
            "/account/passkeys/ask": self.handle_ask_to_make,
            "/account/passkeys": self.handle_make,
            "/account/sign-in/ask": self.handle_ask_to_sign_in,
            "/account/sign-in": self.handle_sign_in,
            "/account/sign-out": self.handle_sign_out,
            passkey + "/rename": self.handle_rename,
            passkey + "/remove": self.handle_remove,
            "/account/recover": self.handle_recover,
        }
        return [
            web.get("/account", self._where_on(self.handle_page)),
            web.get("/account/recover", self._where_on(self.handle_recovery_page)),
            *(web.post(path, self._where_on(each)) for path, each in answers.items()),
        ]

    def _where_on(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            if self._services.settings.accounts == "off":
                raise Refusal(404, OFF)
            if request.method == "GET":
                return await handler(request)
            self._asks.take(visitor_of(request).household)
            # Before a place among the writers is taken: a form may come slowly.
            request[_FIELDS] = await read_fields(request)
            async with request.config_dict[WRITING].take():
                return await handler(request)

        return handle

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /account."""
        visitor = visitor_of(request)
        passkeys = (
            await self._services.database.run_read(
                partial(passkeys_of, account_id=visitor.account_id)
            )
            if visitor.account_id is not None
            else ()
        )
        return aiohttp_jinja2.render_template(
            "account.html",
            request,
            {
                "name": nickname(visitor.hash),
                "signed_in": visitor.account_id is not None,
                "passkeys": passkeys,
                "required": self._services.settings.accounts == "required",
                "no_place": None if self._board(request) else NO_PLACE,
                "by_name": _by_name(request),
            },
        )

    async def handle_ask_to_make(self, request: web.Request) -> web.Response:
        """POST /account/passkeys/ask: what the browser makes a new passkey of."""
        visitor, board = visitor_of(request), self._needed_board(request)
        now = self._services.clock()
        account_id = visitor.account_id

        def ask(session: Session) -> dict[str, Any]:
            account = None if account_id is None else session.get(Account, account_id)
            if account_id is not None and account is None:
                raise Refusal(403, SIGN_IN_FIRST)
            handle = new_handle() if account is None else account.handle
            challenge = Challenge(secrets.token_bytes(32), None if account else handle)
            drop_old(session, now)
            put_challenge(session, _browser(visitor), _purpose(account_id), challenge, now)
            known = [] if account is None else passkeys_of(session, account.id)
            return creation_options(
                board,
                challenge=challenge.bytes,
                handle=handle,
                person=f"{nickname(self._person(handle))} ({board.name})",
                known=[each.credential_id for each in known],
            )

        return web.json_response(await self._write_alone(visitor, ask))

    async def handle_make(self, request: web.Request) -> web.Response:
        """POST /account/passkeys with ``credential`` and ``name``: a new account, or one key more.

        What this browser did before is the account's from now on.
        """
        visitor, board = visitor_of(request), self._needed_board(request)
        services, now = self._services, self._services.clock()
        fields = request[_FIELDS]
        name = _refusing(partial(clean_name, fields.get("name", "")))
        challenge = await self._take(visitor, _purpose(visitor.account_id))
        made = check_creation(board, challenge.bytes, fields.get("credential", ""))
        passkey = NewPasskey(made.id, made.public_key, made.counter, name)
        response = web.json_response({"to": "/account"})
        if visitor.account_id is not None:
            await self._write(
                partial(add_passkey, account_id=visitor.account_id, passkey=passkey, now=now)
            )
            return response
        if challenge.handle is None:
            raise RuntimeError("a new account was asked for without its handle")
        self._new.take(visitor.household)
        account = await self._write(
            partial(
                open_account,
                passkey=passkey,
                key=services.people_key,
                platform=PlatformName.WEB,
                handle=challenge.handle,
                before=visitor.hash,
                since=visitor.since,
                now=now,
            )
        )
        self._sessions.begin(request, response, account)
        return response

    async def handle_ask_to_sign_in(self, request: web.Request) -> web.Response:
        """POST /account/sign-in/ask: what the browser has a passkey sign."""
        visitor, board = visitor_of(request), self._needed_board(request)
        now = self._services.clock()
        challenge = Challenge(secrets.token_bytes(32), None)

        def put(session: Session) -> None:
            drop_old(session, now)
            put_challenge(session, _browser(visitor), _SIGN_IN, challenge, now)

        await self._write_alone(visitor, put)
        return web.json_response(request_options(board, challenge=challenge.bytes))

    async def handle_sign_in(self, request: web.Request) -> web.Response:
        """POST /account/sign-in with ``credential``."""
        visitor, board = visitor_of(request), self._needed_board(request)
        sent = request[_FIELDS].get("credential", "")
        challenge = await self._take(visitor, _SIGN_IN)
        credential_id = credential_id_in(sent)

        def find(session: Session) -> tuple[Passkey, Account] | None:
            row = session.execute(
                select(Passkey, Account)
                .join(Account, Account.id == Passkey.account_id)
                .where(Passkey.credential_id == credential_id)
            ).one_or_none()
            return None if row is None else (row[0], row[1])

        found = await self._services.database.run_read(find)
        if found is None:
            raise Refusal(400, UNKNOWN_KEY)
        passkey, account = found
        counter = check_signature(board, challenge.bytes, sent, passkey, account.handle)
        counted = await self._services.database.run_write(
            partial(count_signature, passkey_id=passkey.id, counter=counter), alone_in=ITS_ROWS
        )
        if not counted:
            raise Refusal(400, UNKNOWN_KEY)
        response = web.json_response({"to": "/account"})
        self._sessions.begin(request, response, account)
        return response

    async def handle_sign_out(self, request: web.Request) -> web.StreamResponse:
        """POST /account/sign-out, with ``everywhere`` yes: from all browsers."""
        account_id = visitor_of(request).account_id
        if account_id is not None and request[_FIELDS].get("everywhere") == "yes":
            await self._write(partial(end_sessions, account_id=account_id), alone_in=ITS_ROWS)
        response = see_other("/account")
        await self._sessions.end(request, response)
        return response

    async def handle_rename(self, request: web.Request) -> web.StreamResponse:
        """POST /account/passkeys/{id}/rename with ``name``."""
        account_id, passkey_id = _own(request)
        name = request[_FIELDS].get("name", "")
        await self._write(
            partial(rename_passkey, account_id=account_id, passkey_id=passkey_id, name=name)
        )
        return see_other("/account")

    async def handle_remove(self, request: web.Request) -> web.StreamResponse:
        """POST /account/passkeys/{id}/remove: other browsers have to sign in again."""
        account_id, passkey_id = _own(request)

        def remove(session: Session) -> Account:
            remove_passkey(session, account_id, passkey_id)
            session.flush()
            return session.get_one(Account, account_id, populate_existing=True)

        account = await self._write(remove)
        response = see_other("/account")
        self._sessions.begin(request, response, account)
        return response

    async def handle_recovery_page(self, request: web.Request) -> web.Response:
        """GET /account/recover with ``token``: asks first, as programs open links, too."""
        return aiohttp_jinja2.render_template(
            "account_recover.html", request, {"token": request.query.get("token", "")}
        )

    async def handle_recover(self, request: web.Request) -> web.StreamResponse:
        """POST /account/recover with ``token``: sign in without a passkey, once."""
        token = request[_FIELDS].get("token", "")
        account = await self._write(
            partial(use_recovery, token=token, now=self._services.clock()), alone_in=ITS_ROWS
        )
        if account is None:
            raise Refusal(403, USED_LINK)
        response = see_other("/account")
        self._sessions.begin(request, response, account)
        return response

    async def _take(self, visitor: Visitor, purpose: str) -> Challenge:
        taken = await self._services.database.run_write(
            partial(
                take_challenge,
                browser=_browser(visitor),
                purpose=purpose,
                now=self._services.clock(),
            ),
            alone_in=ITS_ROWS,
        )
        if taken is None:
            raise Refusal(409, "It took too long, or was sent twice; begin again.")
        return taken

    async def _write_alone(self, visitor: Visitor, work: Callable[[Session], T]) -> T:
        scope = person_scope(PlatformName.WEB, _browser(visitor))
        return await self._services.database.run_write(work, alone_in=[scope])

    async def _write(self, work: Callable[[Session], T], *, alone_in: Scopes = EVERYTHING) -> T:
        try:
            return await self._services.database.run_write(work, alone_in=alone_in)
        except AccountRefused as refusal:
            raise Refusal(409, str(refusal)) from refusal

    def _person(self, handle: str) -> str:
        key = self._services.people_key
        return hash_person(key, PlatformName.WEB, person_id(key, PlatformName.WEB, handle))

    def _board(self, request: web.Request) -> RelyingParty | None:
        settings = self._services.settings
        return relying_party(settings.web_origin, settings.board_name, request)

    def _needed_board(self, request: web.Request) -> RelyingParty:
        board = self._board(request)
        if board is None:
            raise Refusal(409, NO_PLACE)
        return board


_SIGN_IN = "sign in"


def _purpose(account_id: int | None) -> str:
    return "new account" if account_id is None else f"key of {account_id}"


def _by_name(request: web.Request) -> str | None:
    """Where this machine's browser finds the page under a name that may have passkeys."""
    port = URL(f"//{request.host}").explicit_port
    return f"http://localhost:{port}/account" if is_from_this_machine(request) and port else None


def _browser(visitor: Visitor) -> str:
    if not visitor.browser:
        raise Refusal(403, NO_BROWSER)
    return visitor.browser


def _own(request: web.Request) -> tuple[int, int]:
    account_id = visitor_of(request).account_id
    if account_id is None:
        raise Refusal(403, SIGN_IN_FIRST)
    return account_id, int(request.match_info["id"])


def _refusing(work: Callable[[], T]) -> T:
    try:
        return work()
    except AccountRefused as refusal:
        raise Refusal(400, str(refusal)) from refusal
