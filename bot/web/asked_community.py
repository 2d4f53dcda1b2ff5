"""The community that a page is asked about."""

from aiohttp import web

from bot.web.cards import read_id
from bot.web.community_pages import NO_COMMUNITY
from bot.web.refusals import Refusal
from bot.web.services import COMMUNITY, Services
from bot.web.visitors import viewer_of, visitor_of
from storage.queries.communities import find_community
from storage.tables import Community
from storage.types import PlatformName


async def asked_community(services: Services, request: web.Request) -> Community | None:
    """The community in ``?community=5``, or without it that of the board.

    None: nothing was posted to the board yet.

    Raises:
        Refusal: (404) there is none that the visitor may see.
    """
    asked = request.query.get("community")
    async with services.database.read() as session:
        if asked is None:
            return await session.run_sync(find_community, PlatformName.WEB, COMMUNITY)
        community_id = read_id(asked)
        viewer = await viewer_of(session, visitor_of(request))
        found = (
            None
            if community_id is None
            else await services.visibility.community(session, viewer, community_id)
        )
    if found is None:
        raise Refusal(404, NO_COMMUNITY)
    return found


def in_address(request: web.Request, community: Community | None) -> str:
    """What names the community in the addresses of a page, ready to be put behind others."""
    named = community is not None and "community" in request.query
    return f"&community={community.id}" if community is not None and named else ""
