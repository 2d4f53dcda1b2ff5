"""What kind of answer a request wants, and redirects after a form."""

from aiohttp import web


def wants_json(request: web.Request) -> bool:
    """Whether the answer should be JSON: asked for by the page's scripts and by programs."""
    accept = request.headers.get("Accept", "")
    return request.path.endswith(".json") or (
        "application/json" in accept and "text/html" not in accept
    )


def see_other(location: str) -> web.Response:
    """Send a browser that posted a form on to ``location``, a path on this board."""
    return web.Response(status=303, headers={"Location": location})
