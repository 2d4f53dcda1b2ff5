"""Which of the communities that a visitor may see a page is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.visibility import Viewer, Visibility
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import find_author, visitor_of
from storage.tables import Community

_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Choice:
    """A choice of communities.

    Attributes:
        of: those that may be shown, the oldest first.
        community: the one that was asked for; None: there is none yet.
    """

    of: Sequence[Community]
    community: Community | None


async def choose_community(
    request: web.Request, services: Services, session: AsyncSession
) -> Choice:
    """The community of ``?community=ID``, or the first one there is.

    Raises:
        Refusal: (404) there is none with this id that may be shown to the visitor.
    """
    author_id = await find_author(session, visitor_of(request))
    viewer = Viewer(author_id, is_admin=visitor_of(request).is_admin)
    shown = await Visibility(services.settings).communities(session, viewer)
    asked = request.query.get("community")
    if asked is None:
        return Choice(shown, shown[0] if shown else None)
    if asked.isascii() and asked.isdecimal() and len(asked) <= _MAX_DIGITS:
        for each in shown:
            if each.id == int(asked):
                return Choice(shown, each)
    raise Refusal(404, "There is no such community here.")
