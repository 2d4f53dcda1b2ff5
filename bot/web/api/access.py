"""Who is let in: tokens, what they are for, and how often each may ask."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from aiohttp import web
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.people.identity import hash_person
from bot.runtime.sliding_window import SlidingWindow
from bot.web.api.tokens import Scope, find_token, is_use_to_note
from bot.web.client_address import household_of
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import BANNED, Visitor
from storage.engine.scopes import ITS_ROWS
from storage.tables import ApiToken, Author
from storage.types import PlatformName

NOT_SENT = (
    "Send a token: Authorization: Bearer peoria_…; whoever runs this Peoria makes one with"
    " `main.py token create`."
)
NOT_GOOD = "This token is not good: it was revoked, has ended, or never was one."
_MINUTE = timedelta(minutes=1)
#: Requests without a good token from one household in a minute.
_STRANGERS_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Admitted:
    """Whoever was let in.

    Attributes:
        visitor: as the board knows people.
        token: None: none was needed.
        headers: what the answer tells of limits.
    """

    visitor: Visitor
    token: ApiToken | None
    headers: Mapping[str, str] = field(default_factory=dict)


class Limited(Refusal):
    """Too many requests within a minute (429)."""

    def __init__(self, what: str, most: int, wait: timedelta) -> None:
        seconds = max(math.ceil(wait.total_seconds()), 1)
        super().__init__(
            429, f"At most {most} {what} in a minute; try again in {seconds} s.",
            retry_after=seconds,
        )  # fmt: skip


class Access:
    """Lets requests in, or says why not."""

    def __init__(self, services: Services) -> None:
        settings = services.settings
        self._services = services
        self._most = settings.api_requests_a_minute
        self._most_costly = settings.api_pictures_a_minute
        self._all: SlidingWindow[str] = SlidingWindow(
            services.clock, most=self._most, within=_MINUTE
        )
        self._costly: SlidingWindow[str] = SlidingWindow(
            services.clock, most=self._most_costly, within=_MINUTE
        )
        self._strangers: SlidingWindow[str] = SlidingWindow(
            services.clock, most=_STRANGERS_A_MINUTE, within=_MINUTE
        )

    async def admit(
        self, request: web.Request, scope: Scope | None, *, costly: bool = False
    ) -> Admitted:
        """Let a request in.

        Args:
            request: with its token.
            scope: what the token must be for; None: none is needed.
            costly: whether it computes or stores.

        Raises:
            Refusal: no good token (401), not for this or shut out (403), too often (429).
        """
        household = household_of(request.remote)
        if scope is None:
            self._count(self._strangers, household, "requests", _STRANGERS_A_MINUTE)
            return Admitted(self._visitor(request, f"stranger {household}"), None)
        text = _bearer(request)
        wait = self._strangers.wait(household)
        if wait:
            raise Limited("requests without a good token", _STRANGERS_A_MINUTE, wait)
        token = await self._find(text) if text else None
        if token is None:
            self._strangers.add(household)
            raise Refusal(401, NOT_GOOD if text else NOT_SENT)
        key = str(token.id)
        self._count(self._all, key, "requests", self._most)
        if scope.value not in token.scopes:
            raise Refusal(
                403, f"This token is not for that: it needs the scope {scope.value}, and has"
                f" {', '.join(token.scopes)}.",
            )  # fmt: skip
        if costly:
            self._count(self._costly, key, "pictures", self._most_costly)
        visitor = self._visitor(request, f"token {token.id}", token)
        if scope in (Scope.POST, Scope.GUESS, Scope.VOTE):
            await self._refuse_banned(visitor)
        return Admitted(visitor, token, self._headers(key))

    def _count(self, window: SlidingWindow[str], key: str, what: str, most: int) -> None:
        wait = window.wait(key)
        if wait:
            raise Limited(what, most, wait)
        window.add(key)

    def _headers(self, key: str) -> dict[str, str]:
        left, reset = self._all.room(key)
        return {
            "RateLimit-Limit": str(self._most),
            "RateLimit-Remaining": str(left),
            "RateLimit-Reset": str(math.ceil(reset.total_seconds())),
        }

    async def _find(self, text: str) -> ApiToken | None:
        now = self._services.clock()
        token = await self._services.database.run_read(partial(find_token, text=text, now=now))
        if token is not None and is_use_to_note(token, now):
            used = update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now)
            await self._services.database.run_write(
                lambda session: session.execute(used), alone_in=ITS_ROWS
            )
        return token

    def _visitor(self, request: web.Request, person: str, token: ApiToken | None = None) -> Visitor:
        return Visitor(
            person,
            hash_person(self._services.people_key, PlatformName.WEB, person),
            token.created_at if token else self._services.clock(),
            household_of(request.remote),
        )

    async def _refuse_banned(self, visitor: Visitor) -> None:
        def is_banned(session: Session) -> bool:
            query = select(Author.banned_at).filter_by(platform=PlatformName.WEB, hash=visitor.hash)
            return session.scalar(query) is not None

        if await self._services.database.run_read(is_banned):
            raise Refusal(403, BANNED)


def _bearer(request: web.Request) -> str:
    """The token of a request; empty: it has none."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
