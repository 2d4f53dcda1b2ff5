"""A page for each model version and each training run: the verdict first, then what it rests on."""

import asyncio
import math
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy import select

from bot.texts.translate import gettext as _
from bot.texts.translate import mark, retell
from bot.training.versions import run_of_version
from bot.web.model_pages import METRICS, RUN_WORDS, RunView
from bot.web.refusals import Refusal
from bot.web.services import Services
from bot.web.visitors import visitor_of
from storage.tables import ModelVersion, TrainingRun
from storage.types import RunState

#: What a version's report may be made of, and what it is called.
PLOTS = {
    "training.png": mark("How the loss fell while it was fitted"),
    "calibration.png": mark("Its chances beside how often it happened"),
    "confusion.png": mark("What it said beside what came"),
    "percentiles.png": mark("Where posts ended beside where it saw them"),
    "sources.png": mark("What each source is worth"),
}
_REPORT = "report.md"
_NO_VERSION = mark("There is no such model version.")
_NO_FILE = mark("This version has no such file, or not any more.")
#: From a 95% interval to its standard error, and the normal point of the gate's 90%.
_HALF_95, _POINT_90 = 1.96, 1.2816
#: More labels than these are not worth naming.
_MOST_LABELS = 10_000


class VersionPages:
    """Answers browsers that ask for one version or one run."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """Every route of these pages."""
        version = r"/models/versions/{name:[\w.-]{1,64}}"
        return [
            web.get(version, self.handle_version),
            web.get(version + r"/{file:[a-z]{1,20}\.(?:png|md)}", self.handle_file),
            web.get(r"/models/runs/{id:\d{1,18}}", self.handle_run),
        ]

    async def handle_version(self, request: web.Request) -> web.Response:
        """GET /models/versions/{name}."""
        version = await self._version(request)
        async with self._services.database.read() as session:
            run = await run_of_version(session, version)
        folder = self._services.settings.versions_dir / version.name
        there = await asyncio.to_thread(
            lambda: {name for name in (*PLOTS, _REPORT) if (folder / name).is_file()}
        )
        return aiohttp_jinja2.render_template(
            "version.html",
            request,
            {
                "version": version,
                "run": run and RunView(run, version.name),
                "verdict": None if run is None else verdict_of(run, version),
                "plots": {name: words for name, words in PLOTS.items() if name in there},
                "report": _REPORT if _REPORT in there else None,
                "metrics": [each for each in METRICS if each.key in version.metrics],
                "admin": visitor_of(request).is_admin,
            },
        )

    async def handle_file(self, request: web.Request) -> web.StreamResponse:
        """GET /models/versions/{name}/{file}: the report, or a plot of it."""
        version, name = await self._version(request), request.match_info["file"]
        path = self._services.settings.versions_dir / version.name / name
        if name not in (*PLOTS, _REPORT) or not await asyncio.to_thread(path.is_file):
            raise Refusal(404, _NO_FILE)
        kind = "text/plain; charset=utf-8" if name == _REPORT else "image/png"
        return web.FileResponse(path, headers={"Content-Type": kind})

    async def handle_run(self, request: web.Request) -> web.Response:
        """GET /models/runs/{id}."""
        query = (
            select(TrainingRun, ModelVersion)
            .outerjoin(ModelVersion, ModelVersion.id == TrainingRun.model_version_id)
            .where(TrainingRun.id == int(request.match_info["id"]))
        )
        async with self._services.database.read() as session:
            found = (await session.execute(query)).first()
        if found is None:
            raise Refusal(404, "There is no such training run.")
        run, version = found
        return aiohttp_jinja2.render_template(
            "run.html",
            request,
            {
                "run": RunView(run, None if version is None else version.name),
                "verdict": verdict_of(run, version),
                "rows": comparison_of(run.evidence or {}),
                "words": RUN_WORDS[run.state],
            },
        )

    async def _version(self, request: web.Request) -> ModelVersion:
        query = select(ModelVersion).where(ModelVersion.name == request.match_info["name"])
        async with self._services.database.read() as session:
            version = await session.scalar(query)
        if version is None:
            raise Refusal(404, _NO_VERSION)
        return version


def verdict_of(run: TrainingRun, version: ModelVersion | None) -> str:
    """What became of a run, in plain words."""
    reason = retell(run.reason or "")
    match run.state:
        case RunState.RUNNING:
            return _("It is under way.")
        case RunState.PROMOTED:
            serves = version is not None and version.is_champion
            begin = _("Used: it serves now.") if serves else _("Used: it served after this run.")
            return f"{begin} {reason}"
        case RunState.KEPT:
            more = labels_to_settle(run.evidence or {})
            words = [_("Not used."), reason]
            if more is not None:
                words.append(_("About {more} more labels may settle it.").format(more=more))
            return " ".join(words)
        case RunState.REFUSED:
            return f"{_('Nothing was trained.')} {reason}"
        case RunState.FAILED:
            return f"{_('It failed, and nothing was changed.')} {reason}"


def labels_to_settle(evidence: dict[str, Any]) -> int | None:
    """About how many more labels would show a gain like the one that was seen.

    From the gain and its 95% interval: an interval shrinks with the square root of the labels.
    None: there was no gain, it was shown already, or it would take too many.
    """
    gain, interval, n = (evidence.get(key) for key in ("gain", "gain_interval", "posts"))
    if not isinstance(gain, int | float) or not isinstance(n, int) or gain <= 0:
        return None
    if not isinstance(interval, list) or len(interval) != 2:
        return None
    error = (interval[1] - interval[0]) / 2 / _HALF_95
    more = math.ceil(n * ((_POINT_90 * error / gain) ** 2 - 1))
    # As exact as it is: to one digit.
    digits = 10 ** max(len(str(abs(more))) - 1, 0)
    return math.ceil(more / digits) * digits if 0 < more <= _MOST_LABELS else None


def comparison_of(evidence: dict[str, Any]) -> list[tuple[str, float, list[float] | None]]:
    """Both sides on the same posts: who, its ranked probability score, and the 95% interval."""
    rows: list[tuple[str, float, list[float] | None]] = []
    for key, who in (
        ("rps_challenger", mark("the new version")),
        ("rps_champion", str(evidence.get("against") or mark("the base rate"))),
    ):
        value = evidence.get(key)
        if isinstance(value, int | float):
            rows.append((who, float(value), evidence.get(f"{key}_interval")))
    return rows
