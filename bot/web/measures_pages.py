"""The measures of popularity beside each other, for browsers."""

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup

from bot.reports.measures import LEAST_PAIRS, MEASURE_NAMES, read_measures
from bot.reports.measures_plot import draw_histogram
from bot.visibility import by_address
from bot.web.chosen_community import choose_community
from bot.web.services import Services


class MeasuresPages:
    """Answers browsers that ask how popular posts are, whichever way it is measured."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle(self, request: web.Request) -> web.Response:
        """GET /measures?community=ID."""
        found = None
        async with self._services.database.read() as session:
            choice = await choose_community(request, self._services, session)
            if choice.community is not None:
                found = await read_measures(session, choice.community, by_address())
        # What is drawn has no text but our own, and that is escaped.
        plots = [Markup(draw_histogram(each)) for each in found.summaries] if found else []  # noqa: S704
        return aiohttp_jinja2.render_template(
            "measures.html",
            request,
            {
                "choice": choice,
                "measures": found,
                "plots": plots,
                "names": MEASURE_NAMES,
                "least_pairs": LEAST_PAIRS,
            },
        )
