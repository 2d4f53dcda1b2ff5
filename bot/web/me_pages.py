"""What is stored about a visitor, and what they can do about it."""

from typing import Any

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy import select

from bot.league.seasons import ALL_TIME, season_of
from bot.people.consent import has_opted_out, opt_in, opt_out
from bot.people.erasure import forget_person
from bot.people.export import export_person
from bot.people.nicknames import nickname
from bot.people.own_posts import show_person
from bot.texts.translate import mark
from bot.visibility import Viewer
from bot.web.bodies import read_fields
from bot.web.person_pages import told_of
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import COMMUNITY, Services
from bot.web.visitors import Visitor, find_author, visitor_of
from storage.queries.communities import find_community
from storage.tables import Author, Standing
from storage.types import ForecasterKind, PlatformName


class MePages:
    """Answers a visitor about themselves."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /me."""
        return aiohttp_jinja2.render_template(
            "me.html", request, await self._state(visitor_of(request))
        )

    async def handle_export(self, request: web.Request) -> web.Response:
        """GET /me.json: everything that is stored about the visitor."""
        stored = await export_person(
            self._services.database, platform=PlatformName.WEB, person=visitor_of(request).hash
        )
        headers = {"Content-Disposition": 'attachment; filename="peoria-me.json"'}
        return web.json_response(stored or {}, headers=headers)

    async def handle_wish(self, request: web.Request) -> web.StreamResponse:
        """POST /me with ``wish`` opt-out, opt-in, show, hide, or forget (and ``sure``)."""
        visitor, services = visitor_of(request), self._services
        form = await read_fields(request)
        match form.get("wish"):
            case "opt-out":
                await opt_out(
                    services.database,
                    platform=PlatformName.WEB,
                    person=visitor.hash,
                    now=services.clock(),
                )
            case "opt-in":
                await opt_in(services.database, platform=PlatformName.WEB, person=visitor.hash)
            case "show" | "hide" as choice:
                await show_person(
                    services.database,
                    platform=PlatformName.WEB,
                    person=visitor.hash,
                    at=services.clock() if choice == "show" else None,
                )
            case "forget":
                if form.get("sure") != "yes":
                    raise Refusal(
                        400, "Tick that you are sure: what is forgotten cannot be brought back."
                    )
                await forget_person(
                    services.database,
                    platform=PlatformName.WEB,
                    person=visitor.hash,
                    images=services.images,
                    now=services.clock(),
                )
            case _:
                raise Refusal(400, "A wish is opt-out, opt-in, show, hide or forget.")
        return see_other("/me")

    async def _state(self, visitor: Visitor) -> dict[str, Any]:
        settings = self._services.settings
        season = season_of(self._services.clock(), settings.season_time_zone)
        standings: dict[str, Standing] = {}
        async with self._services.database.read() as session:
            author_id = await find_author(session, visitor)
            community = await session.run_sync(find_community, PlatformName.WEB, COMMUNITY)
            if author_id is not None and community is not None:
                query = select(Standing).where(
                    Standing.season.in_([season, ALL_TIME]),
                    Standing.community_id == community.id,
                    Standing.kind == ForecasterKind.PERSON,
                    Standing.forecaster_id == author_id,
                )
                standings = {each.season: each for each in await session.scalars(query)}
            opted_out = await has_opted_out(session, PlatformName.WEB, visitor.hash)
            author = None if author_id is None else await session.get_one(Author, author_id)
            told = None
            if author is not None:
                viewer = Viewer(author_id, visitor.is_admin)
                told = await session.run_sync(told_of, author, viewer, self._services.visibility)
        return {
            "name": nickname(visitor.hash),
            "known": author_id is not None,
            "signed_in": visitor.account_id is not None,
            "opted_out": opted_out,
            "told": told,
            "shown": author is not None and author.shown_at is not None,
            "standings": [
                (words, standings[key])
                for key, words in ((season, mark("This month")), (ALL_TIME, mark("All time")))
                if key in standings
            ],
        }
