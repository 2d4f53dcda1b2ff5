"""Guessing, by form or by the page's scripts."""

from datetime import datetime

from aiohttp import web
from sqlalchemy.orm import Session

from bot.league.blind import note_view
from bot.league.crowds import Crowds
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
from storage.tables import Post
from storage.types import Bucket, PlatformName, VoteHold

_SKIP = "skip"


class GuessForm:
    """Takes guesses in.

    Args:
        services: what the board works with.
        feed: shows the post again.
        crowds: holds guesses back; None: each counts.
    """

    def __init__(self, services: Services, feed: Feed, crowds: Crowds | None) -> None:
        self._services = services
        self._feed = feed
        self._crowds = crowds

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
        now, crowds = self._services.clock(), self._crowds

        def hold(session: Session, of: Post, author_id: int, ends_at: datetime) -> VoteHold | None:
            if crowds is None:
                return None
            return crowds.hold(
                session,
                of,
                author_id,
                household=visitor.household,
                since=visitor.since,
                ends_at=ends_at,
                now=now,
            )

        try:
            await place_guess(
                self._services.database,
                post_id=post.id,
                platform=PlatformName.WEB,
                person=visitor.hash,
                bucket=bucket,
                blind=post.card is None,
                now=now,
                hold=hold,
            )
        except GuessRefused as refusal:
            raise Refusal(409, str(refusal)) from refusal

    async def _post(self, visitor: Visitor, post_id: int) -> PostView:
        post = await self._feed.post(visitor, post_id)
        if post is None:
            raise Refusal(404, "There is no such post; it may have been deleted.")
        return post
