"""Which other sites' scripts may use the API from a visitor's browser: none, unless it is set."""

from collections.abc import Sequence

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.web.api.problems import is_api

_EXPOSED = (
    "ETag, Link, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"
)
_FOR_AN_HOUR = "3600"


def allow_origins(origins: Sequence[str]) -> Middleware:
    """A middleware that lets scripts of some sites read what the API answers.

    Args:
        origins: such as https://example.org.
    """
    allowed = {each.rstrip("/").lower() for each in origins}

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin", "")
        if not is_api(request) or origin.lower() not in allowed:
            return await handler(request)
        headers = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Cross-Origin-Resource-Policy": "cross-origin",
        }
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response: web.StreamResponse = web.Response(
                status=204,
                headers={
                    "Access-Control-Allow-Methods": "GET, HEAD, POST",
                    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-None-Match",
                    "Access-Control-Max-Age": _FOR_AN_HOUR,
                },
            )
        else:
            response = await handler(request)
        response.headers.update(headers)
        response.headers.add("Vary", "Origin")
        return response

    return middleware
