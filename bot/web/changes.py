"""Writing into the audit log what the board's admin changed."""

from aiohttp import web

from bot.audit import Action, Actor
from bot.web.services import Services
from bot.web.visitors import visitor_of
from storage.types import PlatformName


async def note_change(
    services: Services,
    request: web.Request,
    action: Action,
    community_id: int | None = None,
    /,
    **details: object,
) -> None:
    """Note what whoever sent ``request`` changed, when it is done.

    Args:
        services: what the board works with.
        request: the admin's.
        action: what they did.
        community_id: what it is about; None: about all.
        details: what was changed, by name: numbers and names, never a secret or a person.
    """
    actor = Actor(PlatformName.WEB, person=visitor_of(request).hash)
    await services.core.audit.note(actor, action, community_id=community_id, details=details)
