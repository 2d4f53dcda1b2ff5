"""Every community that a visitor may see: the list of them, one of them, and looking for posts."""

from datetime import timedelta
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy.orm import Session

from bot.people.nicknames import nickname
from bot.reports.version_stats import VersionStats, read_versions
from bot.texts.translate import mark
from bot.web.browse import SORTS, Browse, read_browse
from bot.web.community_summary import read_summaries
from bot.web.feed import Feed, FeedPage
from bot.web.refusals import Refusal
from bot.web.services import COMMUNITY, Services
from bot.web.visitors import read_viewer, viewer_of, visitor_of
from models.attributes.genre import GENRE_NAMES
from storage.tables import Community
from storage.types import PlatformName

NO_COMMUNITY = mark("There is no such community, or it is not shown to you.")
#: Days that a community's page tells of.
_DAYS = 30


class CommunityPages:
    """Answers browsers that ask for communities."""

    def __init__(self, services: Services, feed: Feed) -> None:
        self._services = services
        self._feed = feed

    def routes(self) -> list[web.RouteDef]:
        """Every route of these pages."""
        one = r"/communities/{id:\d{1,18}}"
        return [
            web.get("/communities", self.handle_list),
            web.get(one, self.handle_page),
            web.get("/search", self.handle_search),
        ]

    async def handle_list(self, request: web.Request) -> web.Response:
        """GET /communities."""
        found = await read_summaries(self._services, visitor_of(request))
        return aiohttp_jinja2.render_template("communities.html", request, {"communities": found})

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /communities/{id}: its posts, as they are asked for (`bot.web.browse`)."""
        visitor = visitor_of(request)
        community = await find_shown_community(self._services, request)
        browse = read_browse(request.query)
        page = await self._feed.browse(visitor, browse, [community])
        versions: list[VersionStats] = []
        if browse.is_plain and browse.after is None:
            since = self._services.clock().date() - timedelta(days=_DAYS - 1)
            async with self._services.database.read() as session:
                versions, _ = await read_versions(session, community.id, since)
        return aiohttp_jinja2.render_template(
            "community.html",
            request,
            {
                "community": community,
                "versions": versions,
                "days": _DAYS,
                "admin": visitor.is_admin,
                "horizon": timedelta(seconds=community.horizon_seconds),
                "is_public": self._services.visibility.is_public(community),
                "is_board": is_board(community),
                **_browsed(request, browse, page),
            },
        )

    async def handle_search(self, request: web.Request) -> web.Response:
        """GET /search?q=…: posts of every community that may be shown, by their words."""
        visitor = visitor_of(request)
        browse = read_browse(request.query)
        async with self._services.database.read() as session:
            viewer = await viewer_of(session, visitor)
            communities = await self._services.visibility.communities(session, viewer)
        page = await self._feed.browse(visitor, browse, communities)
        asked = bool(browse.words or browse.by)
        return aiohttp_jinja2.render_template(
            "search.html", request, {"asked": asked, **_browsed(request, browse, page)}
        )


async def find_shown_community(services: Services, request: web.Request) -> Community:
    """The community that an address names.

    Raises:
        Refusal: (404) there is none that the visitor may see.
    """
    visitor, community_id = visitor_of(request), int(request.match_info["id"])

    def find(session: Session) -> Community | None:
        return services.visibility.find(session, read_viewer(session, visitor), community_id)

    found = await services.database.run_read(find)
    if found is None:
        raise Refusal(404, NO_COMMUNITY)
    return found


def _browsed(request: web.Request, browse: Browse, page: FeedPage) -> dict[str, Any]:
    """What the page of some posts needs."""
    return {
        "browse": browse,
        "page": page,
        "path": request.path,
        "sorts": SORTS,
        "genres": GENRE_NAMES,
        "nickname": nickname,
        "back": request.path + browse.query(),
        "next": None if page.after is None else request.path + browse.query(after=page.after),
    }


def is_board(community: Community) -> bool:
    """Whether it is the community of the board itself, whose settings are the program's."""
    return community.platform is PlatformName.WEB and community.source_id == COMMUNITY
