"""Pictures of posts for the chats in which somebody shares their addresses."""

import asyncio
from collections import OrderedDict

from aiohttp import web

from bot.serving.phrases import bucket_name
from bot.texts.language import Language, language, speaking
from bot.texts.translate import gettext as _
from bot.web.feed import Feed
from bot.web.post_json import version_of
from bot.web.post_view import PostView
from bot.web.refusals import Refusal
from bot.web.share_card import ShareCard, draw_share_card
from bot.web.visitors import visitor_of

#: Languages whose letters the font has that is packed with Peoria.
_DRAWN: tuple[Language, ...] = ("en", "de", "es", "fr", "pt-BR")
#: Pictures that are remembered, some 30 kB each.
_KEPT = 100


class SharePages:
    """Serves the picture of a post, as whoever asks may see it."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._drawn: OrderedDict[tuple[int, str, Language], bytes] = OrderedDict()
        self._drawing = asyncio.Lock()

    async def handle(self, request: web.Request) -> web.Response:
        """GET /posts/{id}/card.png."""
        spoken = language()
        with speaking(spoken if spoken in _DRAWN else "en"):
            return await self._answer(request)

    async def _answer(self, request: web.Request) -> web.Response:
        post = await self._feed.post(visitor_of(request), int(request.match_info["id"]))
        if post is None:
            raise Refusal(404, "There is no such post; it may have been deleted.")
        key = (post.id, version_of(post), language())
        async with self._drawing:
            picture = self._drawn.get(key)
            if picture is None:
                picture = await asyncio.to_thread(draw_share_card, card_of(post))
                self._drawn[key] = picture
                if len(self._drawn) > _KEPT:
                    self._drawn.popitem(last=False)
        headers = {"Cache-Control": "private, max-age=60"}
        return web.Response(body=picture, content_type="image/png", headers=headers)


def card_of(post: PostView) -> ShareCard:
    """What the picture of a post says."""
    return ShareCard(
        place=f"{post.community} · Peoria",
        title=post.title,
        line=summary_of(post),
        bars=[(bucket_name(bar.bucket), bar.share) for bar in post.bars],
    )


def summary_of(post: PostView) -> str:
    """What is said of a post in one sentence."""
    if post.outcome_sentences:
        return post.outcome_sentences[0]
    if post.sentences:
        return post.sentences[0]
    return _("Will it play here? Guess, and see what Peoria says.")
