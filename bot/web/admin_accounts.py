"""Accounts, for the admin: who lost every passkey is let in again by a link that works once."""

import re
from functools import partial
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.audit import Action
from bot.people.accounts import RECOVERY, AccountRefused, make_recovery
from bot.people.nicknames import nickname
from bot.web.bodies import read_fields
from bot.web.changes import note_change
from bot.web.health import is_from_this_machine
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import require_admin
from storage.tables import Account, Passkey

#: Newest accounts that are listed.
_LISTED = 50
_NAME = re.compile(r"(?:Person )?([0-9a-f]{1,6})", re.IGNORECASE)


class AdminAccounts:
    """Answers the admin, and nobody else."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of the page."""
        return [
            web.get("/admin/accounts", self.handle_page),
            web.post("/admin/accounts/link", self.handle_link),
        ]

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /admin/accounts with ``name``, as in "Person 3f9a12", or without."""
        require_admin(request)
        return await self._page(request, None)

    async def handle_link(self, request: web.Request) -> web.Response:
        """POST /admin/accounts/link with ``account``: a link that lets its person in, once."""
        require_admin(request)
        if request.scheme != "https" and not is_from_this_machine(request):
            raise Refusal(
                403, "A link is not shown where others can listen: use https, or this machine."
            )
        number = (await read_fields(request)).get("account", "")
        if not re.fullmatch(r"\d{1,15}", number, re.ASCII):
            raise Refusal(400, "Send the number of the account.")
        try:
            token = await self._services.database.run_write(
                partial(make_recovery, account_id=int(number), now=self._services.clock())
            )
        except AccountRefused as refusal:
            raise Refusal(404, str(refusal)) from refusal
        await note_change(self._services, request, Action.ACCOUNT_LINK, account=int(number))
        origin = self._services.settings.web_origin or f"{request.scheme}://{request.host}"
        return await self._page(request, f"{origin}/account/recover?token={token.text}")

    async def _page(self, request: web.Request, link: str | None) -> web.Response:
        name = _NAME.fullmatch(request.query.get("name", "").strip())

        def read(session: Session) -> list[tuple[Account, int]]:
            keys = select(func.count()).where(Passkey.account_id == Account.id).scalar_subquery()
            query = select(Account, keys).order_by(Account.id.desc()).limit(_LISTED)
            if name is not None:
                query = query.where(Account.person.startswith(name[1].lower(), autoescape=True))
            return [(account, count) for account, count in session.execute(query)]

        content: dict[str, Any] = {
            "accounts_found": await self._services.database.run_read(read),
            "name": request.query.get("name", ""),
            "link": link,
            "hours": round(RECOVERY.total_seconds() / 3600),
            "nickname": nickname,
        }
        return aiohttp_jinja2.render_template("admin_accounts.html", request, content)
