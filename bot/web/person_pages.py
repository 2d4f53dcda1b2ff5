"""The page of a person who chose that others may see it."""

from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.league.person_record import PersonRecord, read_record
from bot.people.nicknames import nickname
from bot.people.shown_people import DIGITS, find_shown_person
from bot.texts.translate import mark
from bot.visibility import Viewer, Visibility, in_lists
from bot.web.points_chart import PointsChart, draw_points
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import read_viewer, visitor_of
from storage.tables import Author, Community, Post
from storage.types import PlatformName

NOBODY = mark("There is no such person, or they do not show their page to others.")
#: Newest posts on a page.
_POSTS = 12


@dataclass(frozen=True, slots=True)
class Told:
    """What a page tells of a person.

    Attributes:
        name: a nickname; nobody has another name here.
        url: of their page.
        record: what their guesses and posts come to.
        chart: their points over time; None: too few guesses.
        posts: id and title of their newest posts.
    """

    name: str
    url: str
    record: PersonRecord
    chart: PointsChart | None
    posts: list[tuple[int, str]]


class PersonPages:
    """Answers browsers that ask for a person."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle(self, request: web.Request) -> web.Response:
        """GET /people/{name}: the first digits of the person's hash."""
        name, visitor = request.match_info["name"], visitor_of(request)
        viewer = Viewer(is_admin=visitor.is_admin)

        def read(session: Session) -> tuple[Told | None, bool]:
            me = read_viewer(session, visitor).author_id
            author = find_shown_person(session, name, asked_by=me)
            if author is None:
                return None, False
            told = told_of(session, author, viewer, self._services.visibility)
            return told, author.id == me

        told, own = await self._services.database.run_read(read)
        if told is None:
            raise Refusal(404, NOBODY)
        return aiohttp_jinja2.render_template("person.html", request, {"told": told, "own": own})


def told_of(session: Session, author: Author, viewer: Viewer, visibility: Visibility) -> Told:
    """What a page tells somebody of a person of the board."""
    record = read_record(session, author.id)
    here = session.scalars(select(Community).where(Community.platform == PlatformName.WEB))
    places = [each.id for each in here if visibility.shows(each, viewer)]
    posts = session.execute(
        select(Post.id, Post.title)
        .where(Post.author_id == author.id, Post.community_id.in_(places), in_lists(Viewer()))
        .order_by(Post.posted_at.desc(), Post.id.desc())
        .limit(_POSTS)
    )
    return Told(
        nickname(author.hash),
        f"/people/{author.hash[:DIGITS]}",
        record,
        draw_points(record.points),
        [(row.id, row.title) for row in posts],
    )
