"""Guessing, by form or by the page's scripts."""

from aiohttp import web

from bot.league.blind import note_view
from bot.league.guesses import GuessRefused, place_guess
from bot.web.card_forms import read_choice
from bot.web.cards import card_answer
from bot.web.feed import Feed
from bot.web.post_stage import ELSEWHERE
from bot.web.post_view import PostView
from bot.web.refusals import Refusal
from bot.web.responses import see_other, wants_json
from bot.web.services import Services
from bot.web.turns import WRITING
from bot.web.visitors import Visitor, visitor_of
from storage.types import Bucket, PlatformName

_SKIP = "skip"


class GuessForm:
    """Takes guesses in."""

    def __init__(self, services: Services, feed: Feed) -> None:
        self._services = services
        self._feed = feed

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """POST /posts/{id}/guess with ``value`` low, medium, high, or skip: show it to me."""
        post_id = int(request.match_info["id"])
        value, back = await read_choice(request)
        if value not in (*Bucket, _SKIP):
            raise Refusal(400, "A guess is low, medium or high; skip shows the prediction.")
        visitor = visitor_of(request)
        async with request.config_dict[WRITING].take():
            post = await self.take(visitor, post_id, value)
        if not wants_json(request):
            return see_other(f"{back}#post-{post_id}")
        return card_answer(request, post)

    async def take(self, visitor: Visitor, post_id: int, value: str) -> PostView:
        """Take a guess, or a wish to see the prediction (``skip``); the post as it is then.

        Raises:
            Refusal: there is no such post (404), or it cannot be guessed on (409).
        """
        post = await self._post(visitor, post_id)
        if not post.on_board:
            raise Refusal(403, ELSEWHERE)
        if value != _SKIP:
            await self._guess(visitor, post, Bucket(value))
        if post.kept_back:
            # Noted before it is shown: from here on they know it.
            await note_view(
                self._services.database,
                post_id=post_id,
                platform=PlatformName.WEB,
                person=visitor.hash,
                now=self._services.clock(),
            )
        return await self._post(visitor, post_id)

    async def _guess(self, visitor: Visitor, post: PostView, bucket: Bucket) -> None:
        try:
            await place_guess(
                self._services.database,
                post_id=post.id,
                platform=PlatformName.WEB,
                person=visitor.hash,
                bucket=bucket,
                blind=post.card is None,
                now=self._services.clock(),
            )
        except GuessRefused as refusal:
            raise Refusal(409, str(refusal)) from refusal

    async def _post(self, visitor: Visitor, post_id: int) -> PostView:
        post = await self._feed.post(visitor, post_id)
        if post is None:
            raise Refusal(404, "There is no such post; it may have been deleted.")
        return post
