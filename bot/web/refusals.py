"""Saying no: one sentence with a status, as a page or as JSON."""

from aiohttp import web


class Refusal(Exception):
    """A request that is not granted; the message is a sentence for the person.

    Args:
        status: the HTTP status, 400 to 599.
        sentence: what is wrong and what to do.
        retry_after: seconds after which the same request may be granted.
    """

    def __init__(self, status: int, sentence: str, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.retry_after = retry_after


def wants_json(request: web.Request) -> bool:
    """Whether the answer should be JSON: asked for by the page's scripts and by programs."""
    accept = request.headers.get("Accept", "")
    return request.path.endswith(".json") or (
        "application/json" in accept and "text/html" not in accept
    )


def see_other(location: str) -> web.Response:
    """Send a browser that posted a form on to ``location``, a path on this board."""
    return web.Response(status=303, headers={"Location": location})
