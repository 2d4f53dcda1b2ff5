"""The import of a community's past, as its page of settings shows and begins it."""

from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.audit import Action
from bot.networks.network import ASKED
from bot.posts.history_imports import MOST_DAYS, begin_import, newest_import
from bot.serving.number_format import number
from bot.texts.translate import gettext as _
from bot.texts.translate import retell
from bot.web.bodies import read_fields
from bot.web.changes import note_change
from bot.web.community_pages import find_shown_community
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.visitors import require_admin
from bot.written_networks import NETWORKS
from storage.tables import Community
from storage.types import PlatformName

#: Platforms whose past is imported from here; a channel of Discord is imported by `/import` there,
#: where the progress is shown.
_IMPORTED = frozenset({PlatformName.REDDIT, *NETWORKS})
_DAYS = 30


@dataclass(frozen=True, slots=True)
class HistoryForm:
    """What is shown of imports.

    Attributes:
        state: of the one that is under way, or of the last one, a sentence; None: there was none.
        days, most: what is proposed, and how far back one goes at most.
    """

    state: str | None
    days: int = _DAYS
    most: int = MOST_DAYS


async def read_history_form(session: AsyncSession, community: Community) -> HistoryForm | None:
    """The form of a community; None: its past is not imported from here."""
    if community.platform not in _IMPORTED or not community.watched:
        return None
    if community.platform in NETWORKS and community.source_id == ASKED:
        return None
    last = await newest_import(session, community.id)
    if last is None:
        return HistoryForm(None)
    said = (
        _("The import of posts since {since} is under way, {n} stored so far.")
        if last.ended_at is None
        else _("The import of posts since {since} has ended, {n} were stored.")
    )
    stored = number(last.counts.get("stored", 0))
    state = said.format(since=f"{last.since:%Y-%m-%d}", n=stored)
    return HistoryForm(f"{state} {retell(last.fault)}" if last.fault else state)


async def begin_from_form(services: Services, request: web.Request) -> web.StreamResponse:
    """POST /communities/{id}/import with ``days``: begin one, unless one is under way."""
    require_admin(request)
    community = await find_shown_community(services, request)
    text = (await read_fields(request)).get("days", "").strip()
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= days <= MOST_DAYS:
        most = number(MOST_DAYS)
        raise Refusal(400, _("Send a number of days from 1 to {most}.").format(most=most))
    async with services.database.read() as session:
        form = await read_history_form(session, community)
    if form is None:
        raise Refusal(409, "Its past cannot be imported from here.")
    now = services.clock()
    since = now - timedelta(days=days)
    if await begin_import(services.database, community.id, since=since, shown_in={}, now=now):
        await note_change(services, request, Action.IMPORT, community.id, days=days)
    return see_other(f"/communities/{community.id}/settings")
