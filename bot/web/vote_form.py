"""Voting, by form or by the page's scripts."""

from aiohttp import web

from bot.league.crowds import Crowds
from bot.web.card_forms import read_choice
from bot.web.cards import card_answer
from bot.web.feed import Feed
from bot.web.refusals import Refusal
from bot.web.responses import see_other, wants_json
from bot.web.services import Services
from bot.web.turns import WRITING
from bot.web.visitors import visitor_of
from bot.web.votes import cast_vote
from storage.engine.scopes import person_scope
from storage.types import PlatformName

_VALUES = {"1": 1, "-1": -1, "0": 0}


class VoteForm:
    """Takes votes in.

    Args:
        services: what the board works with.
        feed: shows the post again.
        crowds: holds votes back; None: each counts.
    """

    def __init__(self, services: Services, feed: Feed, crowds: Crowds | None) -> None:
        self._services = services
        self._feed = feed
        self._crowds = crowds

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """POST /posts/{id}/vote with ``value`` 1 (up), -1 (down) or 0 (take it back)."""
        post_id = int(request.match_info["id"])
        value, back = await read_choice(request)
        if value not in _VALUES:
            raise Refusal(400, "A vote is 1 (up), -1 (down) or 0 (take it back).")
        visitor = visitor_of(request)
        async with (
            request.config_dict[WRITING].take(),
            self._services.database.write(
                alone_in=[person_scope(PlatformName.WEB, visitor.hash)]
            ) as session,
        ):
            await cast_vote(
                session,
                self._services.clock,
                post_id,
                visitor,
                _VALUES[value],
                crowds=self._crowds,
            )
        if not wants_json(request):
            return see_other(f"{back}#post-{post_id}")
        post = await self._feed.post(visitor, post_id)
        if post is None:
            raise Refusal(404, "There is no such post; it may have been deleted.")
        return card_answer(request, post)
