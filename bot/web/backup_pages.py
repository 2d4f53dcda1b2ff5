"""Backups that Peoria made by itself, for the admin, and one more at the press of a button."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import aiohttp_jinja2
from aiohttp import web

from bot.audit import Action
from bot.web.bodies import read_fields
from bot.web.changes import note_change
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.visitors import require_admin


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A backup that is there.

    Attributes:
        name: of the file.
        made_at: when.
        megabytes: its size.
    """

    name: str
    made_at: datetime
    megabytes: float


class BackupPages:
    """Answers the admin, and nobody else."""

    def __init__(self, services: Services) -> None:
        self._services = services
        #: The one that was asked for here, until it is made.
        self._making: asyncio.Task[bool] | None = None

    def routes(self) -> list[web.RouteDef]:
        """Every route of backups."""
        return [
            web.get("/admin/backups", self.handle_page),
            web.post("/admin/backups", self.handle_make),
        ]

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /admin/backups."""
        require_admin(request)
        settings = self._services.settings
        return aiohttp_jinja2.render_template(
            "backups.html",
            request,
            {
                "backups": await asyncio.to_thread(self._found),
                "making": self._is_making,
                "folder": settings.backups_dir,
                "hours": settings.backup_hours,
                "keep": settings.backup_keep,
            },
        )

    async def handle_make(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/backups: make one now, in the background; one that fails is a notice."""
        require_admin(request)
        await read_fields(request)
        if not self._is_making:
            making = self._services.backups.back_up_now()
            self._making = self._services.tasks.start(making, "The backup that was asked for")
            await note_change(self._services, request, Action.BACKUP)
        return see_other("/admin/backups")

    @property
    def _is_making(self) -> bool:
        return self._making is not None and not self._making.done()

    def _found(self) -> list[BackupFile]:
        """The newest first; one that is deleted at this moment is left out."""
        found = []
        for path, made_at in self._services.backups.found().items():
            try:
                size = path.stat().st_size
            except FileNotFoundError:
                continue
            found.append(BackupFile(path.name, made_at, size / 2**20))
        return sorted(found, key=lambda each: each.made_at, reverse=True)
