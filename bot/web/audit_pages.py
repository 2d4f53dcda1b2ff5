"""The audit log, for the admin: who changed what, on every platform and on the command line."""

from functools import partial

import aiohttp_jinja2
from aiohttp import web

from bot.audit import Action, newest_everywhere
from bot.people.nicknames import nickname
from bot.texts.translate import mark
from bot.web.cards import read_id
from bot.web.services import Services
from bot.web.visitors import require_admin

_LISTED = 50

#: What was done, in words.
WORDS = {
    Action.WATCH: mark("began to watch"),
    Action.UNWATCH: mark("ended watching"),
    Action.SETTINGS: mark("changed settings"),
    Action.POSTERS: mark("changed whose images are posts"),
    Action.IMPORT: mark("began an import"),
    Action.STOP_IMPORT: mark("ended an import"),
    Action.DIGEST: mark("set the digest"),
    Action.END_DIGEST: mark("ended the digest"),
    Action.OUTCOMES: mark("set where outcomes are told"),
    Action.END_OUTCOMES: mark("ended telling outcomes"),
    Action.RETRAIN: mark("asked for a training run"),
    Action.PROMOTE: mark("let a version serve"),
    Action.ROLLBACK: mark("went back to a version"),
    Action.MODEL_HERE: mark("chose the version that serves a server"),
    Action.MANAGERS: mark("set a server's managers"),
    Action.HIDE: mark("hid a post"),
    Action.SHOW: mark("showed a hidden post again"),
    Action.BAN: mark("shut out who posted"),
    Action.BAN_HELD: mark("shut out those who were held back"),
    Action.UNBAN: mark("let somebody in again"),
    Action.RELEASE: mark("counted what was held back"),
    Action.MAKE_TOKEN: mark("made a token of the API"),
    Action.REVOKE_TOKEN: mark("revoked a token of the API"),
    Action.CREDENTIALS: mark("typed credentials in"),
    Action.ACCOUNT_LINK: mark("made a link into an account"),
    Action.ADMIN: mark("became the admin"),
    Action.BACKUP: mark("had a backup made"),
}


class AuditPages:
    """Answers the admin, and nobody else."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of the page."""
        return [web.get("/admin/audit", self.handle_page)]

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /admin/audit with ``before``, the number of an entry, or without."""
        require_admin(request)
        before = read_id(request.query.get("before", ""))
        changes = await self._services.database.run_read(
            partial(newest_everywhere, before=before, limit=_LISTED)
        )
        return aiohttp_jinja2.render_template(
            "audit.html",
            request,
            {
                "changes": changes,
                "words": {action.value: text for action, text in WORDS.items()},
                "nickname": nickname,
                "older": changes[-1].entry.id if len(changes) == _LISTED else None,
                "days": self._services.settings.audit_days,
            },
        )
