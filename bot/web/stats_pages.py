"""How good the predictions on this board are, and what telling them does."""

import asyncio
from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web

from bot.reports.charts import ChartFailed, stats_chart
from bot.reports.stats import Stats, read_stats
from bot.web.refusals import Refusal
from bot.web.services import COMMUNITY, Services
from storage.queries.communities import find_community
from storage.types import PlatformName

#: Spans that can be looked at, days.
SPANS = (7, 30, 90, 365)


@dataclass(frozen=True, slots=True)
class _Drawn:
    stats: Stats
    chart: bytes


class StatsPages:
    """Answers browsers that ask how good it all is."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Drawing takes a second of processor time: the same stats are drawn once.
        self._drawn: dict[int, _Drawn] = {}
        self._drawing = asyncio.Lock()

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /stats?days=30."""
        days = _days(request)
        return aiohttp_jinja2.render_template(
            "stats.html",
            request,
            {"stats": await self._read(days), "days": days, "spans": SPANS},
        )

    async def handle_chart(self, request: web.Request) -> web.Response:
        """GET /stats.png?days=30."""
        days = _days(request)
        stats = await self._read(days)
        if stats is None:
            raise Refusal(404, "There is nothing to draw yet.")
        async with self._drawing:
            drawn = self._drawn.get(days)
            if drawn is None or drawn.stats != stats:
                try:
                    drawn = _Drawn(stats, await stats_chart(stats))
                except ChartFailed as error:
                    raise Refusal(503, str(error), retry_after=60) from error
                self._drawn[days] = drawn
        return web.Response(body=drawn.chart, content_type="image/png")

    async def _read(self, days: int) -> Stats | None:
        """The board's stats; None while nothing on it was scored."""
        async with self._services.database.read() as session:
            community = await session.run_sync(find_community, PlatformName.WEB, COMMUNITY)
            if community is None:
                return None
            stats = await read_stats(
                session, community_id=community.id, days=days, now=self._services.clock()
            )
        return stats if stats.labels or stats.versions else None


def _days(request: web.Request) -> int:
    asked = request.query.get("days", "30")
    if asked not in map(str, SPANS):
        raise Refusal(400, f"Days can be {', '.join(map(str, SPANS))}.")
    return int(asked)
