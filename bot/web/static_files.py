"""The files that pages are made of: styles, scripts, the icon. They are known by name."""

import hashlib
from functools import cache
from pathlib import Path

from aiohttp import web

from bot.web.compression import Packed
from bot.web.refusals import Refusal

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@cache
def _read() -> tuple[dict[str, Packed], str]:
    """The files by name, and the digest of all; they do not change while Peoria runs."""
    files: dict[str, Packed] = {}
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _TYPES:
            body = path.read_bytes()
            digest.update(path.name.encode() + b"\0" + body + b"\0")
            files[path.name] = Packed.of(body)
    return files, digest.hexdigest()[:12]


class StaticFiles:
    """Serves what lies in the folder ``static`` when the board starts, and nothing else.

    A name is looked up, never made into a path: whatever somebody asks for stays a name.

    Pages name the files by `address`, which has a digest of all files in it: browsers keep what
    they got there for good, and a Peoria with other files has other addresses.
    """

    def __init__(self) -> None:
        self._files, self._digest = _read()

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
        name = request.match_info["name"]
        file = self._files.get(name)
        if file is None:
            raise Refusal(404, "There is nothing here; it may have been deleted.")
        # A page that was drawn by another Peoria gets what there is now, and keeps nothing of it.
        is_ours = request.match_info.get("digest") == self._digest
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if is_ours else "no-cache",
            "ETag": f'W/"{self._digest}"',
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        response = file.answer(request, _TYPES[Path(name).suffix])
        response.headers.update(headers)
        return response
