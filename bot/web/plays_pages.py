"""What plays here, for browsers."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

import aiohttp_jinja2
from aiohttp import web
from markupsafe import Markup

from bot.reports.plays import Plays, read_plays
from bot.reports.plays_plot import draw_plays
from bot.reports.plays_words import (
    CAVEATS,
    FACTOR_NAMES,
    level_name,
    pair_sentence,
    plays_sentence,
    points,
)
from bot.web.chosen_community import choose_community
from bot.web.services import Services
from storage.queries.labels import count_labels

#: Communities whose effects are kept until they get another label.
_KEPT = 32


@dataclass(frozen=True, slots=True)
class _Drawn:
    plays: Plays
    plot: Markup


class PlaysPages:
    """Answers browsers that ask what plays here."""

    def __init__(self, services: Services) -> None:
        self._services = services
        # Estimating takes a second of processor time: once for each new label, one at a time.
        self._drawn: OrderedDict[object, _Drawn] = OrderedDict()
        self._drawing = asyncio.Lock()

    async def handle(self, request: web.Request) -> web.Response:
        """GET /plays?community=ID."""
        async with self._services.database.read() as session:
            choice = await choose_community(request, self._services, session)
            community, drawn = choice.community, None
            if community is not None:
                labels = await session.run_sync(count_labels, community.id)
                key = (community.id, community.time_zone, labels)
                async with self._drawing:
                    drawn = self._drawn.get(key)
                    if drawn is None:
                        found = await read_plays(session, community)
                        # What is drawn has no text but our own, and that is escaped.
                        drawn = _Drawn(found, Markup(draw_plays(found)))  # noqa: S704
                        self._keep(key, drawn)
        return aiohttp_jinja2.render_template(
            "plays.html",
            request,
            {
                "choice": choice,
                "plays": drawn and drawn.plays,
                "plot": drawn and drawn.plot,
                "factor_names": FACTOR_NAMES,
                "level_name": level_name,
                "points": points,
                "sentence": plays_sentence,
                "pair_sentence": pair_sentence,
                "caveats": CAVEATS,
            },
        )

    def _keep(self, key: object, drawn: _Drawn) -> None:
        self._drawn[key] = drawn
        while len(self._drawn) > _KEPT:
            self._drawn.popitem(last=False)
