"""What every request passes: the right host, the right origin, and headers that keep it so."""

import logging
import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp_jinja2
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.runtime.log_context import about
from bot.texts.translate import gettext as _
from bot.texts.translate import mark, retell
from bot.web.api.problems import is_api, problem_answer
from bot.web.connections import SERVER
from bot.web.refusals import Refusal
from bot.web.responses import wants_json
from bot.web.turns import RETRY_AFTER, Overloaded
from storage.engine.faults import may_pass, storage_fault

log = logging.getLogger(__name__)

#: Of every answer.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # For browsers that do not know frame-ancestors.
    "X-Frame-Options": "DENY",
    # Nothing goes to other sites. With no-referrer, browsers would also hide our own origin from
    # us when a form is posted, which is what posts are checked by.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Server": SERVER,
}
#: Browsers that once came by TLS never come without it again, for half a year.
_ONLY_TLS = "max-age=15552000"

_SENTENCES = {
    404: mark("There is nothing here; it may have been deleted."),
    405: mark("That cannot be done here."),
    413: mark("The request is too large."),
}
_WENT_WRONG = mark("Something went wrong here. Peoria's log has the details; try again.")
#: When to try again where nothing can be stored, seconds.
_LATER = 60


@web.middleware
async def note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Have lines of the log and spans say which request they are of."""
    resource = request.match_info.route.resource
    route = "other" if resource is None else resource.canonical
    with about(f"{request.method} {route}", request=secrets.token_hex(4), route=route):
        return await handler(request)


@web.middleware
async def answer_refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into a sentence, and add the headers that every answer has."""
    try:
        response = await handler(request)
    except Refusal as refusal:
        response = refused(request, refusal)
    except web.HTTPException as error:
        sentence = _SENTENCES.get(
            error.status, _("That did not work ({reason}).").format(reason=error.reason)
        )
        response = refused(request, Refusal(error.status, sentence))
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    except ConnectionResetError:
        # The visitor went away in the middle of a request; nobody reads an answer.
        raise
    except Exception as error:
        log.exception("A request to the board failed: %s %s", request.method, request.rel_url.path)
        response = refused(request, _failed(error))
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.scheme == "https":
        response.headers.setdefault("Strict-Transport-Security", _ONLY_TLS)
    return response


def images_from(source: str) -> Middleware:
    """Let browsers show images of another origin, too.

    Args:
        source: the origin, as https://pictures.example.org.
    """

    @web.middleware
    async def allow(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        policy = response.headers.get("Content-Security-Policy", "")
        response.headers["Content-Security-Policy"] = policy.replace(
            "img-src 'self'", f"img-src 'self' {source}"
        )
        return response

    return allow


def _failed(error: Exception) -> Refusal:
    """What a visitor is told of an error that nobody refused."""
    fault = storage_fault(error)
    if fault is None:
        if may_pass(error):
            return Refusal(503, Overloaded().sentence, retry_after=RETRY_AFTER)
        return Refusal(500, _WENT_WRONG)
    sentence = _("This could not be stored or read: {what}. Try again later.").format(
        what=fault.what
    )
    return Refusal(507 if fault.no_room else 503, sentence, retry_after=_LATER)


def refused(request: web.Request, refusal: Refusal) -> web.Response:
    """The answer to a request that is not granted."""
    response: web.Response
    if is_api(request):
        response = problem_answer(refusal)
    elif isinstance(refusal, Overloaded):
        # Drawing a page would take longer than what there is no time for.
        response = web.Response(status=refusal.status, text=f"{retell(refusal.sentence)}\n")
    elif wants_json(request):
        response = web.json_response({"error": retell(refusal.sentence)}, status=refusal.status)
    else:
        response = aiohttp_jinja2.render_template(
            "error.html", request, {"sentence": refusal.sentence}, status=refusal.status
        )
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def for_pages(middleware: Middleware) -> Middleware:
    """A middleware that is only for people's browsers: programs send tokens, and no cookies."""

    @web.middleware
    async def maybe(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_api(request):
            return await handler(request)
        return await middleware(request, handler)

    return maybe


def only_hosts(allowed: Sequence[str]) -> Middleware:
    """Refuse requests under a host name that is not ours.

    A web site whose name was made to point at this machine could otherwise read the board
    through a visitor's browser.
    """
    names = {_host_name(name) for name in allowed}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if _host_name(request.host) not in names:
            raise Refusal(
                421,
                "The board does not answer to this host name. If it should, add the name to"
                " PEORIA_WEB_ALLOWED_HOSTS and start Peoria again.",
            )
        return await handler(request)

    return middleware


def _host_name(host: str) -> str:
    """``host`` without its port, lower-case; IPv6 addresses without brackets."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    # A bare IPv6 address has many colons, a port only one.
    return host.partition(":")[0] if host.count(":") == 1 else host


@web.middleware
async def only_own_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse posts that another site's page makes a visitor's browser send."""
    if request.method not in ("GET", "HEAD") and not _is_own(request):
        raise Refusal(
            403,
            "This did not come from a page of the board. Open the board and do it there; a program"
            " must send the header Origin with the board's own address.",
        )
    return await handler(request)


def _is_own(request: web.Request) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = urlsplit(request.headers.get("Origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc.lower() == request.host.lower()
