"""Pages are sent packed to browsers that can unpack them."""

import gzip
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

_TYPES = ("text/html", "application/atom+xml")
#: Bytes of what is not worth packing: it fits into one packet.
_SMALL = 1400


@dataclass(frozen=True, slots=True)
class Packed:
    """What is sent many times: as it is, and packed once."""

    plain: bytes
    packed: bytes

    @classmethod
    def of(cls, plain: bytes) -> "Packed":
        """Pack something; the same bytes each time."""
        return cls(plain, gzip.compress(plain, compresslevel=6, mtime=0))

    def answer(self, request: web.Request, content_type: str) -> web.Response:
        """An answer with what the browser can read."""
        headers = {"Content-Type": f"{content_type}; charset=utf-8", "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self.plain, headers=headers)
        return web.Response(body=self.packed, headers={**headers, "Content-Encoding": "gzip"})


@web.middleware
async def pack_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pack what was asked for, a fifth of its size then.

    Answers to forms stay as they are: the length of a packed page tells something of what is in it,
    and one that shows a new token or a link to a lost account may also hold what somebody sent.
    """
    response = await handler(request)
    if (
        request.method in ("GET", "HEAD")
        and isinstance(response, web.Response)
        and response.content_type in _TYPES
        and (response.content_length or 0) > _SMALL
        and "Content-Encoding" not in response.headers
    ):
        response.enable_compression()
        vary = response.headers.get("Vary")
        response.headers["Vary"] = "Accept-Encoding" if not vary else f"{vary}, Accept-Encoding"
    return response
