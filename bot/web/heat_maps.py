"""What drove a prediction, as a picture beside it."""

from aiohttp import web

from bot.serving.explain import explain_post
from bot.texts.translate import mark
from bot.web.feed import Feed
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import visitor_of

_NOTHING = mark("There is nothing to show of this prediction.")


class HeatMaps:
    """Serves heat maps of the predictions that a visitor may see."""

    def __init__(self, services: Services, feed: Feed) -> None:
        self._services = services
        self._feed = feed

    async def handle(self, request: web.Request) -> web.Response:
        """GET /posts/{id}/heat.png."""
        post_id = int(request.match_info["id"])
        post = await self._feed.post(visitor_of(request), post_id)
        if post is None or post.card is None or post.image_url is None:
            raise Refusal(404, _NOTHING)
        core = self._services.core
        picture = await explain_post(core.database, core.images, core.serving, post_id)
        if picture is None:
            raise Refusal(404, _NOTHING)
        headers = {"Cache-Control": "private, max-age=600"}
        return web.Response(body=picture, content_type="image/png", headers=headers)
