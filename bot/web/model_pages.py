"""What predicts: the model versions, the training runs, and a button that starts one."""

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from sqlalchemy import func, select

from bot.audit import Action
from bot.servers import is_for_all
from bot.texts.translate import gettext as _
from bot.texts.translate import mark
from bot.training.versions import list_versions, versions_that_join
from bot.web.changes import note_change
from bot.web.refusals import Refusal
from bot.web.responses import see_other, wants_json
from bot.web.services import Services
from bot.web.visitors import require_admin, visitor_of
from models.extras import INSTALL_TRAIN, TrainMissing, train_is_installed
from storage.tables import Label, ModelVersion, Notice, TrainingRun
from storage.types import RunState

_RUNS = 10
#: How soon after the start of one run the board starts the next.
_BETWEEN_RUNS = timedelta(minutes=5)
_NOTICES = 10


@dataclass(frozen=True, slots=True)
class Metric:
    """One number of a model version, and how to read it."""

    key: str
    name: str
    meaning: str
    is_share: bool = False


METRICS = (
    Metric("rps", "RPS", mark("ranked probability score; lower is better")),
    Metric("rps_skill", mark("Skill"), mark("how much lower that is than the base rate's"), True),
    Metric("log_loss", mark("Log loss"), mark("lower is better")),
    Metric("accuracy", mark("Accuracy"), mark("how often the likeliest bucket is right"), True),
    Metric(
        "pair_accuracy",
        mark("Pairs"),
        mark("of two posts, how often it names the better one"),
        True,
    ),
    Metric("spearman", mark("Spearman"), mark("whether it puts posts in the right order, −1 to 1")),
    Metric("ece", "ECE", mark("how far its chances are from what happens"), True),
)

_STAGES = {
    "reading": mark("Reading the labels"),
    "fitting": mark("Fitting a challenger"),
    "calibrating": mark("Calibrating it"),
    "judging": mark("Judging it against the champion"),
    "checking robustness": mark("Checking that it holds on changed posts"),
    "comparing": mark("Comparing it with simpler ones"),
    "refitting": mark("Fitting it again on everything"),
    "writing": mark("Writing the model version"),
}


#: What the states of a run are called.
RUN_WORDS = {
    RunState.RUNNING: mark("running"),
    RunState.PROMOTED: mark("used"),
    RunState.KEPT: mark("not used"),
    RunState.REFUSED: mark("refused"),
    RunState.FAILED: mark("failed"),
}


@dataclass(frozen=True, slots=True)
class RunView:
    """A training run, with the name of what it made."""

    run: TrainingRun
    version: str | None

    @property
    def is_running(self) -> bool:
        """Whether it is under way."""
        return self.run.state is RunState.RUNNING

    @property
    def progress(self) -> str:
        """What it is doing, in words."""
        progress = self.run.progress or {}
        stage = str(progress.get("stage", ""))
        words = _STAGES.get(stage, stage.capitalize() or _("Starting"))
        return (
            _("{stage}, epoch {epoch}").format(stage=_(words), epoch=progress["epoch"])
            if "epoch" in progress
            else _(words)
        )

    @property
    def share(self) -> float | None:
        """How much of the present stage is done, 0 to 1; None where that is not known."""
        progress = self.run.progress or {}
        done, total = progress.get("done"), progress.get("total")
        if not isinstance(done, int | float) or not isinstance(total, int | float) or total <= 0:
            return None
        return min(max(done / total, 0.0), 1.0)


class ModelPages:
    """Answers /models."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def handle_page(self, request: web.Request) -> web.Response:
        """GET /models."""
        admin = visitor_of(request).is_admin
        return aiohttp_jinja2.render_template(
            "models.html", request, await self._state(admin=admin)
        )

    async def handle_state(self, request: web.Request) -> web.Response:
        """GET /models/state.json: the part of the page that changes; 304 while it has not."""
        state = await self._state(admin=visitor_of(request).is_admin)
        html = aiohttp_jinja2.render_string("_models_state.html", request, state)
        tag = f'"{hashlib.sha256(html.encode()).hexdigest()[:24]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        content = {"running": state["running"] is not None, "html": html}
        return web.json_response(content, headers={"ETag": tag})

    async def handle_train(self, request: web.Request) -> web.Response:
        """POST /models/train: start a training run, or join the one that is under way.

        It goes on for minutes and is followed in the tables. Only an admin may, and only a while
        after the run before.
        """
        require_admin(request)
        await self._wait_since_last_run()
        try:
            asked = await self._services.training.start_or_join(asked_by="board")
        except TrainMissing as error:
            raise Refusal(503, str(error)) from error
        await note_change(self._services, request, Action.RETRAIN, run=asked.run_id)
        if wants_json(request):
            return web.json_response({"run": asked.run_id, "joined": asked.joined}, status=202)
        return see_other("/models")

    async def _wait_since_last_run(self) -> None:
        # A server's own run keeps nobody from one for all.
        query = select(TrainingRun).where(is_for_all()).order_by(TrainingRun.id.desc()).limit(1)
        async with self._services.database.read() as session:
            last = await session.scalar(query)
        if last is None or last.state is RunState.RUNNING:
            return
        wait = last.started_at + _BETWEEN_RUNS - self._services.clock()
        if wait > timedelta():
            seconds = math.ceil(wait.total_seconds())
            raise Refusal(
                429,
                _("A training run began moments ago; the next one may in {seconds} s.").format(
                    seconds=seconds
                ),
                retry_after=seconds,
            )

    async def _state(self, *, admin: bool) -> dict[str, Any]:
        newest = (
            select(TrainingRun, ModelVersion.name)
            .outerjoin(ModelVersion, ModelVersion.id == TrainingRun.model_version_id)
            .order_by(TrainingRun.id.desc())
            .limit(_RUNS)
        )
        if not admin:  # a server's own runs say how many labels it has, and which it is
            newest = newest.where(is_for_all())
        async with self._services.database.read() as session:
            rows = await session.execute(newest)
            runs = [RunView(run, version) for run, version in rows]
            notices = (
                await session.scalars(select(Notice).order_by(Notice.id.desc()).limit(_NOTICES))
            ).all()
            labels = (await session.scalars(select(func.count()).select_from(Label))).one()
            # A head with a say in one server serves nowhere, and each has a new one every day.
            own = await versions_that_join(session)
        found = await list_versions(self._services.database)
        versions = [each for each in reversed(found) if each.id not in own]
        return {
            "admin": admin,
            "versions": versions,
            "champion": next((each for each in versions if each.is_champion), None),
            "metrics": [
                metric for metric in METRICS if any(metric.key in v.metrics for v in versions)
            ],
            "runs": runs,
            "run_words": RUN_WORDS,
            "running": next((each for each in runs if each.is_running), None),
            "notices": notices,
            "labels": labels,
            "train_is_installed": train_is_installed(),
            "install_train": INSTALL_TRAIN,
            "min_labels": self._services.settings.train_min_labels,
        }
