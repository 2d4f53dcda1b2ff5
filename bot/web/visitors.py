"""Who is looking: a random number in a cookie, stored nowhere but as a keyed hash."""

import re
import secrets
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.people.identity import hash_person
from storage.tables import Author
from storage.types import PlatformName

COOKIE = "visitor"
_YEAR = 365 * 24 * 3600
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Visitor:
    """One browser.

    Attributes:
        id: 128 random bits, the platform's id of the person; a secret of theirs.
        hash: what is stored instead, 64 hexadecimal digits.
    """

    id: str = field(repr=False)
    hash: str


_VISITOR = web.RequestKey("visitor", Visitor)


def visitor_of(request: web.Request) -> Visitor:
    """The visitor who sent ``request``."""
    return request[_VISITOR]


async def find_author(session: AsyncSession, visitor: Visitor) -> int | None:
    """The visitor's author id, if they ever posted or voted."""
    author_id: int | None = await session.scalar(
        select(Author.id).filter_by(platform=PlatformName.WEB, hash=visitor.hash)
    )
    return author_id


def recognise(people_key: bytes) -> Middleware:
    """A middleware that knows each visitor by their cookie, and gives new ones theirs."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = request.cookies.get(COOKIE, "")
        is_new = _ID.fullmatch(known) is None
        visitor_id = secrets.token_hex(16) if is_new else known
        request[_VISITOR] = Visitor(
            visitor_id, hash_person(people_key, PlatformName.WEB, visitor_id)
        )
        response = await handler(request)
        if is_new and _may_keep_cookie(request, response):
            response.set_cookie(
                COOKIE, visitor_id, max_age=_YEAR, httponly=True, samesite="Strict", path="/"
            )
        return response

    return middleware


def _may_keep_cookie(request: web.Request, response: web.StreamResponse) -> bool:
    # A browser that follows a link from another site holds a Strict cookie back. Giving it a new
    # one then would make a regular a stranger.
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        return False
    return request.method == "POST" or response.content_type == "text/html"
