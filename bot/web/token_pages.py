"""Tokens of the API, for the admin: made, shown once, and revoked."""

from functools import partial

import aiohttp_jinja2
from aiohttp import web

from bot.audit import Action
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from bot.web.api.tokens import (
    NewToken,
    Scope,
    TokenRefused,
    create_token,
    list_tokens,
    revoke_token,
)
from bot.web.bodies import read_fields
from bot.web.cards import read_id
from bot.web.changes import note_change
from bot.web.health import is_from_this_machine
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.visitors import require_admin

#: What each scope lets a program do.
SCOPES = {
    Scope.READ: mark("read communities, posts, predictions, labels, boards, versions"),
    Scope.PREDICT: mark("foresee pictures without posting them"),
    Scope.POST: mark("post pictures on the board"),
    Scope.GUESS: "guess",
    Scope.VOTE: "vote",
    Scope.METRICS: mark("read /metrics from another machine"),
}
#: Days that a token may last; 0: until it is revoked.
DAYS = (30, 90, 365, 0)


class TokenPages:
    """Answers the admin about tokens."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of the page."""
        return [
            web.get("/admin/tokens", self.handle_page),
            web.post("/admin/tokens", self.handle_make),
            web.post(r"/admin/tokens/{id:\d{1,15}}/revoke", self.handle_revoke),
        ]

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /admin/tokens."""
        require_admin(request)
        return await self._page(request, None)

    async def handle_make(self, request: web.Request) -> web.Response:
        """POST /admin/tokens with ``name``, ``days`` and a field for each scope."""
        require_admin(request)
        if request.scheme != "https" and not is_from_this_machine(request):
            raise Refusal(
                403, "A token is not shown where others can listen: use https, or this machine."
            )
        fields = await read_fields(request)
        days = read_id(fields.get("days", ""))
        if days not in DAYS:
            raise Refusal(
                400,
                _("A token lasts {map} days, or 0: always.").format(
                    map=", ".join(map(str, DAYS[:-1]))
                ),
            )
        try:
            made = await self._services.database.run_write(
                partial(
                    create_token,
                    name=fields.get("name", ""),
                    scopes=[each for each in Scope if fields.get(each.value) == "yes"],
                    now=self._services.clock(),
                    days=days or None,
                )
            )
        except TokenRefused as error:
            raise Refusal(400, str(error)) from error
        await note_change(
            self._services, request, Action.MAKE_TOKEN, token=made.row.id, name=made.row.name
        )
        return await self._page(request, made)

    async def handle_revoke(self, request: web.Request) -> web.StreamResponse:
        """POST /admin/tokens/{id}/revoke."""
        require_admin(request)
        token_id = int(request.match_info["id"])
        try:
            await self._services.database.run_write(
                partial(revoke_token, token_id=token_id, now=self._services.clock())
            )
        except TokenRefused as error:
            raise Refusal(404, str(error)) from error
        await note_change(self._services, request, Action.REVOKE_TOKEN, token=token_id)
        return see_other("/admin/tokens")

    async def _page(self, request: web.Request, made: NewToken | None) -> web.Response:
        tokens = await self._services.database.run_read(list_tokens)
        now = self._services.clock()
        return aiohttp_jinja2.render_template(
            "tokens.html",
            request,
            {
                "tokens": [
                    (
                        each,
                        each.revoked_at is None
                        and not (each.expires_at and each.expires_at <= now),
                    )
                    for each in tokens
                ],
                "made": made,
                "scopes": SCOPES,
                "days": DAYS,
            },
        )
