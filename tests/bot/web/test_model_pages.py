import os
from dataclasses import replace
from typing import Any

import pytest

from bot.app import App, build
from bot.core import Core
from bot.training.runs import RequestedRun
from bot.web.platform import WebPlatform
from storage.tables import ModelVersion, TrainingRun
from storage.types import PlatformName, RunState
from tests.fakes.clock import FakeClock
from tests.fakes.visitor import Visitor
from tests.fixtures.rows import row


class FakeTraining:
    """A training run that goes on until it is released."""

    def __init__(self) -> None:
        self.asked_by: list[str] = []
        self.running = False

    async def start_or_join(self, *, asked_by: str) -> RequestedRun:
        joined, self.running = self.running, True
        self.asked_by.append(asked_by)
        return RequestedRun(7, joined)


@pytest.fixture
def training() -> FakeTraining:
    return FakeTraining()


@pytest.fixture
def app(core: Core, training: FakeTraining) -> App:
    return build(replace(core, training=training))  # type: ignore[arg-type]


async def test_the_button_starts_a_run_or_joins_the_one_under_way(
    ann: Visitor, training: FakeTraining, board: WebPlatform
) -> None:
    await ann.become_admin(board.admin_link())
    async with ann.send("/models/train", {}) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/models"
    async with ann.send("/models/train", {}, json=True) as answer:
        assert answer.status == 202
        assert await answer.json() == {"run": 7, "joined": True}
    assert training.asked_by == ["board", "board"]


class TestRealTraining:
    @pytest.fixture
    def app(self, core: Core) -> App:
        return build(core)

    async def test_a_run_that_another_process_started_is_not_disturbed(
        self, ann: Visitor, app: App, clock: FakeClock, board: WebPlatform
    ) -> None:
        await ann.become_admin(board.admin_link())
        async with app.core.database.write() as session:
            session.add(row(TrainingRun, pid=os.getppid(), started_at=clock()))
        async with ann.send("/models/train", {}, json=True) as answer:
            assert await answer.json() == {"run": 1, "joined": True}


async def test_the_champion_and_every_version_are_shown(ann: Visitor, app: App) -> None:
    async with app.core.database.write() as session:
        session.add(
            row(ModelVersion, name="v-next", labels=1234, metrics={"rps": 0.1234, "ece": 0.05})
        )
    _, page = await ann.page("/models")
    assert "champion" in page
    assert "v-next" in page
    assert "1,234" in page
    assert "0.123" in page
    assert "5.0%" in page
    assert "Training needs 60" in page


async def test_a_run_on_one_servers_labels_is_shown_to_admins_alone(
    ann: Visitor, board: WebPlatform, app: App
) -> None:
    ended = {"state": RunState.REFUSED, "finished_at": app.core.clock()}
    async with app.core.database.write() as session:
        theirs = row(TrainingRun, asked_by="discord 4711", reason="73 labels of ours", **ended)
        session.add_all(
            [theirs, row(TrainingRun, id=2, asked_by="schedule", reason="Of everybody", **ended)]
        )
    for path in ("/models", "/models/state.json"):
        _, page = await ann.page(path)
        assert "Of everybody" in page
        assert "4711" not in page
        assert "73 labels" not in page
    await ann.become_admin(board.admin_link())
    assert "73 labels of ours" in (await ann.page("/models"))[1]


async def test_a_run_is_followed_while_it_goes_on(ann: Visitor, app: App, clock: FakeClock) -> None:
    progress = {"stage": "fitting", "done": 3, "total": 12, "epoch": 3, "loss": 2.1}
    async with app.core.database.write() as session:
        session.add(row(TrainingRun, asked_by="board", progress=progress))
    async with ann.session.get(f"{ann.url}/models/state.json") as answer:
        tag = answer.headers["ETag"]
        content = await answer.json()
    assert content["running"] is True
    assert "Fitting a challenger, epoch 3" in content["html"]
    assert 'value="0.250"' in content["html"]
    assert (await ann.page("/models/state.json", **{"If-None-Match": tag}))[0] == 304
    async with app.core.database.write() as session:
        run = await session.get_one(TrainingRun, 1)
        run.state, run.finished_at, run.reason = RunState.REFUSED, clock(), "Only <3> labels."
    _, content = await ann.json("/models/state.json", **{"If-None-Match": tag})
    assert content["running"] is False
    assert "Only &lt;3&gt; labels." in content["html"]


@pytest.mark.parametrize(
    "progress",
    [None, {}, {"stage": "dreaming"}, {"stage": "fitting", "done": 1, "total": 0}, {"done": "x"}],
)
async def test_any_progress_can_be_shown(
    ann: Visitor, app: App, progress: dict[str, Any] | None
) -> None:
    async with app.core.database.write() as session:
        session.add(row(TrainingRun, progress=progress))
    assert (await ann.page("/models"))[0] == 200


def test_the_board_is_a_platform(app: App) -> None:
    assert isinstance(app.platforms[PlatformName.WEB], WebPlatform)
