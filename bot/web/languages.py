"""In which language the board speaks to a visitor: the one they chose, else their browser's.

Programs are answered in English.
"""

import re
from collections.abc import Iterator

from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from bot.texts.language import LANGUAGES, Language, language_of, speaking
from bot.web.responses import see_other

COOKIE = "language"
_YEAR = 365 * 24 * 3600
_FOR_PROGRAMS = re.compile(
    r"/api/.*|/communities/\d+/\w+\.atom|/(?:me|posts/\d+)\.json|/metrics|/livez|/healthz", re.ASCII
)
_WISH = re.compile(
    r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*"
)
#: Of a header that names hundreds of languages, the rest is not read.
_MOST_WISHES = 20


@web.middleware
async def speak(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer in the visitor's language."""
    spoken = language_for(request)
    with speaking(spoken):
        response = await handler(request)
    if response.content_type == "text/html" and not response.prepared:
        response.headers.setdefault("Content-Language", spoken)
    return response


def language_for(request: web.BaseRequest) -> Language:
    """The language to answer a request in."""
    if _FOR_PROGRAMS.fullmatch(request.path):
        return "en"
    chosen = request.cookies.get(COOKIE)
    for each in LANGUAGES:
        if each == chosen:
            return each
    return preferred(request.headers.get("Accept-Language", ""))


def preferred(header: str) -> Language:
    """The language that an ``Accept-Language`` header wants most; English if none is here."""
    wishes = sorted(_wishes(header), key=lambda wish: -wish[0])
    return next((spoken for wanted, spoken in wishes if wanted > 0), "en")


def _wishes(header: str) -> Iterator[tuple[float, Language]]:
    for part in header.split(",")[:_MOST_WISHES]:
        found = _WISH.fullmatch(part)
        if found and (spoken := language_of(found[1])):
            yield float(found[2] or 1), spoken


async def handle_choice(request: web.Request) -> web.Response:
    """GET /language/{language}: remember the choice, and go back to where it was made."""
    response = see_other(_back(request))
    response.set_cookie(
        COOKIE,
        request.match_info["language"],
        max_age=_YEAR,
        httponly=True,
        secure=request.scheme == "https",
        samesite="Lax",
        path="/",
    )
    return response


def _back(request: web.Request) -> str:
    # The header names a page of ours, or nothing is made of it.
    try:
        page = URL(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    if page.host is None or page.authority != request.host:
        return "/"
    path = page.raw_path_qs
    return (
        path if path.startswith("/") and not path.startswith(("//", "/\\", "/language/")) else "/"
    )
