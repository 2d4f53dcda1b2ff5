"""Correcting the genre of a post, for its author and the board's admin."""

from dataclasses import dataclass

from aiohttp import web

from bot.posts.genres import (
    NO_SUCH_POST,
    NOT_YOURS,
    OPTED_OUT,
    GenreRefused,
    correct_genre,
    genres_of,
)
from bot.serving.attribute_phrases import genre_name
from bot.web.card_forms import read_choice
from bot.web.refusals import Refusal
from bot.web.responses import see_other
from bot.web.services import Services
from bot.web.turns import WRITING
from bot.web.visitors import UNKNOWN, find_author, visitor_of
from storage.engine.scopes import person_scope
from storage.tables import Community, Post
from storage.types import PlatformName

_STATUS = {NO_SUCH_POST: 404, NOT_YOURS: 403, OPTED_OUT: 403}


@dataclass(frozen=True, slots=True)
class GenreChoices:
    """What somebody may choose as the genre of a post.

    Attributes:
        of: names as stored and as people read them.
        said: what people said so far; None: nobody did.
    """

    of: tuple[tuple[str, str], ...]
    said: str | None


class GenreForm:
    """Takes corrections in."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def choices(self, request: web.Request, post_id: int) -> GenreChoices | None:
        """What the visitor may choose for a post; None where it is not theirs to say."""
        async with self._services.database.read() as session:
            post = await session.get(Post, post_id)
            if post is None or post.platform is not PlatformName.WEB:
                return None
            author_id = await find_author(session, visitor_of(request))
            own = author_id is not None and author_id == post.author_id
            if not own and not visitor_of(request).is_admin:
                return None
            community = await session.get_one(Community, post.community_id)
        return GenreChoices(
            tuple((name, genre_name(name)) for name in genres_of(community)), post.genre
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """POST /posts/{id}/genre with ``value``, one of the community's genres."""
        post_id = int(request.match_info["id"])
        value, _ = await read_choice(request)
        visitor = visitor_of(request)
        if visitor.is_new:
            raise Refusal(403, UNKNOWN)
        async with (
            request.config_dict[WRITING].take(),
            self._services.database.write(
                alone_in=[person_scope(PlatformName.WEB, visitor.hash)]
            ) as session,
        ):
            try:
                await session.run_sync(
                    correct_genre,
                    post_id=post_id,
                    platform=PlatformName.WEB,
                    person=visitor.hash,
                    looks_after=visitor_of(request).is_admin,
                    genre=value,
                    now=self._services.clock(),
                )
            except GenreRefused as refused:
                raise Refusal(_STATUS.get(str(refused), 400), str(refused)) from refused
        return see_other(f"/posts/{post_id}")
