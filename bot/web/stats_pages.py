"""How good the predictions in a community are, and whether showing them changes votes."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web

from bot.reports.charts import ChartFailed, stats_chart
from bot.reports.stats import Stats, read_stats
from bot.texts.language import Language, language
from bot.texts.translate import gettext as _
from bot.web.asked_community import asked_community, in_address
from bot.web.refusals import Refusal
from bot.web.services import Services

#: Spans that can be looked at, days.
SPANS = (7, 30, 90, 365)
#: Charts that are remembered.
_MOST_DRAWN = 20


@dataclass(frozen=True, slots=True)
class _Drawn:
    stats: Stats
    chart: bytes


class StatsPages:
    """Answers browsers that ask how good it all is."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Drawing takes a second of processor time: the same stats are drawn once.
        self._drawn: OrderedDict[tuple[int, int, Language], _Drawn] = OrderedDict()
        self._drawing = asyncio.Lock()

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /stats?days=30&community=5; without ``community`` of the board."""
        days = _days(request)
        community = await asked_community(self._services, request)
        stats = None if community is None else await self._read(community.id, days)
        return aiohttp_jinja2.render_template(
            "stats.html",
            request,
            {
                "stats": stats,
                "days": days,
                "spans": SPANS,
                "community": community,
                "place": in_address(request, community),
            },
        )

    async def handle_chart(self, request: web.Request) -> web.Response:
        """GET /stats.png?days=30&community=5."""
        days = _days(request)
        community = await asked_community(self._services, request)
        stats = None if community is None else await self._read(community.id, days)
        if community is None or stats is None:
            raise Refusal(404, "There is nothing to draw yet.")
        key = (community.id, days, language())
        async with self._drawing:
            drawn = self._drawn.get(key)
            if drawn is None or drawn.stats != stats:
                try:
                    drawn = _Drawn(stats, await stats_chart(stats))
                except ChartFailed as error:
                    raise Refusal(503, str(error), retry_after=60) from error
                self._drawn[key] = drawn
                if len(self._drawn) > _MOST_DRAWN:
                    self._drawn.popitem(last=False)
        return web.Response(body=drawn.chart, content_type="image/png")

    async def _read(self, community_id: int, days: int) -> Stats | None:
        """The stats of a community; None while nothing in it was scored."""
        async with self._services.database.read() as session:
            stats = await read_stats(
                session, community_id=community_id, days=days, now=self._services.clock()
            )
        return stats if stats.labels or stats.versions else None


def _days(request: web.Request) -> int:
    asked = request.query.get("days", "30")
    if asked not in map(str, SPANS):
        raise Refusal(400, _("Days can be {map}.").format(map=", ".join(map(str, SPANS))))
    return int(asked)
