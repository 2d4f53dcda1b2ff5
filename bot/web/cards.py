"""Cards on their own: what the page's scripts put in place of the ones that have changed."""

import hashlib
from collections.abc import Sequence
from typing import Any

import aiohttp_jinja2
from aiohttp import web

from bot.web.feed import PAGE, Feed
from bot.web.post_json import to_json, version_of
from bot.web.post_view import PostView
from bot.web.refusals import Refusal
from bot.web.visitors import visitor_of

#: A page's posts, and those that came in while it was open.
MOST_CARDS = 5 * PAGE
_MAX_ID_DIGITS = 18


def render_card(request: web.Request, post: PostView) -> str:
    """The card of ``post`` as HTML."""
    return aiohttp_jinja2.render_string("_one_card.html", request, {"post": post})


def card_answer(request: web.Request, post: PostView, *, status: int = 200) -> web.Response:
    """A post as JSON, with its card as HTML."""
    content = {"post": to_json(post), "card": render_card(request, post)}
    return web.json_response(content, status=status, headers={"Location": post.url})


def read_id(text: str) -> int | None:
    """A post's id from an address; None if it cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_ID_DIGITS else None


class Cards:
    """Answers the page's scripts."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def handle_cards(self, request: web.Request) -> web.Response:
        """GET /cards.json?ids=7,6,5&newest=7: those cards, and how many posts are newer.

        With ``If-None-Match`` the answer is 304 while nothing has changed.
        """
        ids = [read_id(text) for text in request.query.get("ids", "").split(",") if text]
        if len(ids) > MOST_CARDS or None in ids:
            raise Refusal(400, f"The parameter ids holds at most {MOST_CARDS} numbers.")
        visitor = visitor_of(request)
        posts = await self._feed.posts(visitor, [each for each in ids if each is not None])
        newest = read_id(request.query.get("newest", ""))
        newer = await self._feed.count_newer(visitor, newest) if "newest" in request.query else 0
        tag = _tag(posts, newer)
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        content: dict[str, Any] = {
            "newer": newer,
            "cards": [
                {"id": post.id, "version": version_of(post), "html": render_card(request, post)}
                for post in posts
            ],
        }
        return web.json_response(content, headers={"ETag": tag})

    async def handle_post(self, request: web.Request) -> web.Response:
        """GET /posts/{id}.json: one post for programs."""
        post_id = int(request.match_info["id"])
        post = await self._feed.post(visitor_of(request), post_id)
        if post is None:
            raise Refusal(404, "There is no such post; it may have been deleted.")
        readings = [
            {"age_seconds": each.age.total_seconds(), "score": each.score}
            for each in await self._feed.readings(post_id)
        ]
        return web.json_response(to_json(post) | {"snapshots": readings})


def _tag(posts: Sequence[PostView], newer: int) -> str:
    versions = ",".join(f"{post.id}:{version_of(post)}" for post in posts)
    return f'"{hashlib.sha256(f"{newer};{versions}".encode()).hexdigest()[:24]}"'
