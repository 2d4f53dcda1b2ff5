"""The pages people read: the feed and one post."""

import asyncio
import secrets

import aiohttp_jinja2
from aiohttp import web

from bot.texts.language import Language, language
from bot.web.cards import read_id
from bot.web.community_summary import CommunitySummary, read_summaries
from bot.web.compression import Packed
from bot.web.distribution_chart import draw_distribution
from bot.web.feed import Feed
from bot.web.genre_form import GenreForm
from bot.web.growth_chart import GrowthChart, Point, draw_growth
from bot.web.post_view import PostView
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.share_pages import summary_of
from bot.web.turns import READING, Overloaded
from bot.web.upload import MAX_TITLE, MOST_IMAGES, Upload, too_large
from bot.web.view_counts import ViewCounts
from bot.web.visitors import visitor_of
from storage.types import PlatformName

#: How old the page may be that strangers see while a crowd comes, and how long they wait for it.
_OLD_SECONDS = 1.0
_PATIENCE_SECONDS = 1.5


async def feed_page(
    request: web.Request,
    services: Services,
    feed: Feed,
    *,
    refusal: Refusal | None = None,
    typed: Upload | None = None,
) -> web.Response:
    """The board's page.

    Args:
        refusal: why a form that was just posted was not granted.
        typed: what was typed into it.

    Raises:
        Refusal: (400) the address asks for posts before something that is no post's id.
    """
    before = None
    if "before" in request.query:
        before = read_id(request.query["before"])
        if before is None:
            raise Refusal(400, "This is not an address of a page of posts.")
    page = await feed.page(visitor_of(request), before)
    max_bytes = services.settings.max_image_bytes
    response = aiohttp_jinja2.render_template(
        "feed.html",
        request,
        {
            "page": page,
            "is_first": before is None,
            "back": "/" if before is None else f"/?before={before}",
            "communities": await _others(request, services) if not page.posts else (),
            "horizon": await feed.horizon(),
            "key": secrets.token_hex(16),
            "title": typed.title if typed else "",
            "addresses": typed.addresses if typed else (),
            "most_images": MOST_IMAGES,
            "refusal": refusal.sentence if refusal else None,
            "max_title": MAX_TITLE,
            "max_bytes": max_bytes,
            "too_large": too_large(max_bytes),
        },
        status=refusal.status if refusal else 200,
    )
    if refusal is not None and refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


async def _others(request: web.Request, services: Services) -> list[CommunitySummary]:
    """The other communities that the visitor may see."""
    found = await read_summaries(services, visitor_of(request))
    return [each for each in found if each.platform is not PlatformName.WEB]


class FeedPages:
    """Answers browsers."""

    def __init__(self, services: Services, feed: Feed) -> None:
        self._services = services
        self._feed = feed
        self._genres = GenreForm(services)
        self._views = ViewCounts(services.database, services.clock)
        #: The first page as strangers see it, and when it was drawn, seconds; by language.
        self._drawn: dict[Language, tuple[float, Packed]] = {}
        self._drawing: dict[Language, asyncio.Task[Packed]] = {}

    async def handle_feed(self, request: web.Request) -> web.Response:
        """GET /: the composer and the newest posts; /?before=7: older ones."""
        turns = request.config_dict[READING]
        visitor = visitor_of(request)
        stranger = visitor.is_new and not visitor.is_admin
        if stranger and not request.query_string and turns.is_busy:
            # A crowd comes: all strangers see the same, and it is drawn for them once a second.
            page = await self._page_of_strangers(request)
            return page.answer(request, "text/html")
        async with turns.take():
            return await feed_page(request, self._services, self._feed)

    async def _page_of_strangers(self, request: web.Request) -> Packed:
        """The first page, at most a second old.

        Raises:
            Overloaded: it takes too long to draw.
        """
        spoken = language()
        drawn = self._drawn.get(spoken)
        if drawn is not None and _now() < drawn[0] + _OLD_SECONDS:
            return drawn[1]
        drawing = self._drawing.get(spoken)
        if drawing is None or drawing.done():
            drawing = self._drawing[spoken] = asyncio.create_task(self._draw(request))
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await asyncio.shield(drawing)
        except TimeoutError as error:
            raise Overloaded from error

    async def _draw(self, request: web.Request) -> Packed:
        began = _now()
        text = (await feed_page(request, self._services, self._feed)).text or ""
        page = Packed.of(text.encode())
        self._drawn[language()] = began, page
        return page

    async def handle_post(self, request: web.Request) -> web.Response:
        """GET /posts/{id}: one post with everything that is known of it."""
        post_id = int(request.match_info["id"])
        visitor = visitor_of(request)
        post = await self._feed.post(visitor, post_id)
        if post is None:
            raise Refusal(404, "There is no such post; it may have been deleted.")
        await self._views.note(visitor_of(request), post_id)
        chart = None
        if post.card is not None:
            percentile = post.outcome.percentile if post.outcome else None
            chart = draw_distribution(post.card.bins, percentile)
        return aiohttp_jinja2.render_template(
            "post.html",
            request,
            {
                "post": post,
                "chart": chart,
                "growth": await self._growth(post),
                "nearest": await self._feed.nearest(visitor, post),
                "summary": summary_of(post),
                "address": f"{request.scheme}://{request.host}{post.url}",
                "back": post.url,
                "max_title": MAX_TITLE,
                "genres": await self._genres.choices(request, post_id) if post.card else None,
            },
        )

    async def _growth(self, post: PostView) -> GrowthChart | None:
        """The score as it grew, and what was expected of it on the way."""
        if post.stage in ("refused", "withdrawn"):
            return None
        points = [Point(each.age, each.score) for each in await self._feed.readings(post.id)]
        told = post.card is not None and post.guessing_closes_at is None
        looks = await self._feed.looks(post.id) if told else ()
        final = post.outcome.score if post.outcome else post.waits.score if post.waits else None
        return draw_growth(points, looks, final, post.horizon_at - post.posted_at)


def _now() -> float:
    return asyncio.get_running_loop().time()
