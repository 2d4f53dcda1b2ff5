"""What a community is set to, for the admin to change."""

from collections.abc import Mapping

import aiohttp_jinja2
from aiohttp import web

from bot.audit import Action
from bot.communities import change_community
from bot.community_settings import SettingRefused
from bot.servers import change_server, find_server, set_own_head
from bot.texts.translate import mark
from bot.web.bodies import read_fields
from bot.web.changes import note_change
from bot.web.community_form import (
    as_form,
    own_as_form,
    read_changes,
    read_on_site,
    read_own,
)
from bot.web.community_pages import find_shown_community, is_board
from bot.web.history_form import begin_from_form, read_history_form
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.visitors import require_admin
from storage.tables import Community, Server
from storage.types import PlatformName, ReplyMode

_MODES = {
    ReplyMode.REPLY.value: mark("a reply"),
    ReplyMode.REACT.value: mark("a reaction only"),
    ReplyMode.SILENT.value: mark("nothing"),
}


class CommunitySettingsPages:
    """Answers the admin, and nobody else."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of these pages."""
        path = r"/communities/{id:\d{1,18}}/settings"
        return [
            web.get(path, self.handle_page),
            web.post(path, self.handle_change),
            web.post(r"/communities/{id:\d{1,18}}/import", self.handle_import),
        ]

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /communities/{id}/settings."""
        require_admin(request)
        community = await find_shown_community(self._services, request)
        form = as_form(community) | await self._read_own(community)
        return await self._page(request, community, form)

    async def handle_import(self, request: web.Request) -> web.StreamResponse:
        """POST /communities/{id}/import with ``days``; see `begin_from_form`."""
        return await begin_from_form(self._services, request)

    async def handle_change(self, request: web.Request) -> web.StreamResponse:
        """POST /communities/{id}/settings: all of them, or none where one is refused."""
        require_admin(request)
        community = await find_shown_community(self._services, request)
        form = await read_fields(request)
        own = await self._read_own(community)
        try:
            on_site = read_on_site(form)
            if is_board(community):
                # Its other settings are those of the program, and bound by no limits.
                async with self._services.database.write() as session:
                    (await session.get_one(Community, community.id)).on_site = on_site
            else:
                changes = read_changes(form)
                changes["on_site"] = on_site
                await change_community(self._services.database, community.id, **changes)
        except SettingRefused as refusal:
            return await self._page(request, community, form, refusal=str(refusal))
        if (wanted := read_own(form)) != own:
            await self._change_own(community, wanted)
        now, before = await find_shown_community(self._services, request), as_form(community)
        changed = {
            name: each
            for name, each in (as_form(now) | wanted).items()
            if (before | own).get(name) != each
        }
        await note_change(self._services, request, Action.SETTINGS, community.id, **changed)
        return see_other(f"/communities/{community.id}")

    async def _read_own(self, community: Community) -> dict[str, str]:
        """The field of the form that is set for the community's whole server."""
        async with self._services.database.read() as session:
            server = await find_server(session, community.platform, community.server_or_self)
        return own_as_form(server)

    async def _change_own(self, community: Community, wanted: Mapping[str, str]) -> None:
        def change(server: Server) -> None:
            set_own_head(server, is_on=wanted["own_head"] == "yes")

        await change_server(
            self._services.database, community.platform, community.server_or_self, change
        )

    async def _page(
        self,
        request: web.Request,
        community: Community,
        form: Mapping[str, str],
        *,
        refusal: str | None = None,
    ) -> web.Response:
        async with self._services.database.read() as session:
            history = await read_history_form(session, community)
        return aiohttp_jinja2.render_template(
            "community_settings.html",
            request,
            {
                "community": community,
                "is_board": is_board(community),
                "form": form,
                "refusal": refusal,
                "modes": _MODES,
                "history": history,
                # A server on Discord has a language of its own.
                "written_to": community.platform is not PlatformName.DISCORD,
            },
            status=200 if refusal is None else 400,
        )
