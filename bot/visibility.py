"""May a community, or a post of it, be shown on the board's site to this person now?

Asked by every page and by everything else that the board serves. What may be told of a post's
prediction is the question of `bot.league.secrecy`.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from bot.settings import Settings
from storage.tables import Author, Community, Post
from storage.types import PlatformName, PostState


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks.

    Attributes:
        author_id: their id as an author on the board; None: they have done nothing there yet.
        is_admin: whether they look after the board.
    """

    author_id: int | None = None
    is_admin: bool = False


class Visibility:
    """The rule of one board.

    Without a choice of the admin's, the board's own communities are shown; those of Reddit,
    imported ones among them, only where nobody but this machine can open the board; channels of
    Discord never.

    Args:
        settings: they say who can open the board.
    """

    def __init__(self, settings: Settings) -> None:
        self._is_local = is_local(settings)

    def shows(self, community: Community, viewer: Viewer) -> bool:
        """Whether a community is shown to somebody."""
        return viewer.is_admin or self.is_public(community)

    def is_public(self, community: Community) -> bool:
        """Whether a community is shown to everybody who opens the board."""
        if community.on_site is not None:
            return community.on_site
        match community.platform:
            case PlatformName.WEB:
                return True
            case (
                PlatformName.REDDIT
                | PlatformName.LEMMY
                | PlatformName.MASTODON
                | PlatformName.BLUESKY
            ):
                return self._is_local
            case PlatformName.DISCORD:
                return False

    async def communities(self, session: AsyncSession, viewer: Viewer) -> list[Community]:
        """Every community that is shown to somebody, the oldest first."""
        found = await session.scalars(select(Community).order_by(Community.id))
        return [each for each in found if self.shows(each, viewer)]

    async def community(
        self, session: AsyncSession, viewer: Viewer, community_id: int
    ) -> Community | None:
        """One of them; None where there is none that may be shown."""
        return await session.run_sync(self.find, viewer, community_id)

    def find(self, session: Session, viewer: Viewer, community_id: int) -> Community | None:
        """The same, of a plain session."""
        found = session.get(Community, community_id)
        return found if found is not None and self.shows(found, viewer) else None


def in_lists(viewer: Viewer) -> ColumnElement[bool]:
    """The posts of a community that is shown which somebody meets in its lists.

    A refused post says something to its author only, a withdrawn or hidden one to nobody. What was
    posted elsewhere by people who opted out is not shown to others.
    """
    # Compared with None, posts without an author would be theirs.
    own = false() if viewer.author_id is None else Post.author_id == viewer.author_id
    return and_(
        Post.state != PostState.WITHDRAWN,
        or_(Post.state != PostState.REFUSED, own),
        by_address(),
    )


def by_address() -> ColumnElement[bool]:
    """The posts of a community that is shown which have a page of their own."""
    opted_out = select(Author.id).where(Author.opted_out_at.is_not(None))
    return and_(
        Post.hidden_at.is_(None),
        or_(
            Post.platform == PlatformName.WEB,
            Post.author_id.is_(None),
            Post.author_id.not_in(opted_out),
        ),
    )


def is_local(settings: Settings) -> bool:
    """Whether nobody but this machine can open the board.

    A board behind a proxy, or with another host name, is meant for others.
    """
    names = (settings.web_host, *settings.web_allowed_hosts)
    return not settings.web_trusted_proxies and all(_is_loopback(name) for name in names)


def _is_loopback(name: str) -> bool:
    if name.casefold() == "localhost":
        return True
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
