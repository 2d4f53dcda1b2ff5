"""The files that pages are made of: styles, scripts, the icon. They are known by name."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from bot.web.refusals import Refusal

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class _File:
    """What is sent of one file: as it is, and packed by gzip."""

    content_type: str
    body: bytes
    packed: bytes


class StaticFiles:
    """Serves what lies in the folder ``static`` when the board starts, and nothing else.

    A name is looked up, never made into a path: whatever somebody asks for stays a name.

    Pages name the files by `address`, which has a digest of all files in it: browsers keep what
    they got there for good, and a Peoria with other files has other addresses.
    """

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        digest = hashlib.sha256()
        for path in sorted(_FOLDER.iterdir()):
            if path.suffix in _TYPES:
                body = path.read_bytes()
                digest.update(path.name.encode() + b"\0" + body + b"\0")
                content_type = f"{_TYPES[path.suffix]}; charset=utf-8"
                self._files[path.name] = _File(content_type, body, gzip.compress(body, mtime=0))
        self._digest = digest.hexdigest()[:12]

    def address(self, name: str) -> str:
        """Where pages get a file from."""
        return f"/static/{self._digest}/{name}"

    def routes(self) -> list[web.RouteDef]:
        """Every route of the files."""
        return [
            web.get("/static/{name}", self.handle),
            web.get("/static/{digest:[0-9a-f]{12}}/{name}", self.handle),
        ]

    async def handle(self, request: web.Request) -> web.Response:
        """GET /static/{name} and /static/{digest}/{name}."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise Refusal(404, "There is nothing here; it may have been deleted.")
        # A page that was drawn by another Peoria gets what there is now, and keeps nothing of it.
        is_ours = request.match_info.get("digest") == self._digest
        headers = {
            "Content-Type": file.content_type,
            "Cache-Control": "public, max-age=31536000, immutable" if is_ours else "no-cache",
            "ETag": f'W/"{self._digest}"',
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=file.body, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=file.packed, headers=headers)
