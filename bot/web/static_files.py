"""The files that pages are made of: styles, scripts, the icon. They are known by name."""

from pathlib import Path

from aiohttp import web

from bot.web.refusals import Refusal

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class StaticFiles:
    """Serves what lies in the folder ``static`` when the board starts, and nothing else.

    A name is looked up, never made into a path: whatever somebody asks for stays a name.
    """

    def __init__(self) -> None:
        self._files = {each.name: each for each in _FOLDER.iterdir() if each.suffix in _TYPES}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """GET /static/{name}."""
        path = self._files.get(request.match_info["name"])
        if path is None:
            raise Refusal(404, "There is nothing here; it may have been deleted.")
        return web.FileResponse(
            path,
            headers={
                "Content-Type": f"{_TYPES[path.suffix]}; charset=utf-8",
                # Kept, but asked after each time: a new Peoria brings new ones under these names.
                "Cache-Control": "no-cache",
            },
        )
