import asyncio
import json
import math
from typing import Any

import pytest
from sqlalchemy import text

from bot.core import Core
from bot.servers import find_server, request_of, server_of_request
from bot.serving.experts import read_standing
from bot.training.versions import add_version, make_champion
from models.experts import TAUGHT_CHAMPION
from models.registry import Manifest
from storage.tables import Community
from storage.types import PlatformName, RunState
from tests.bot.training.conftest import Trained, champion, nothing_changed
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import row


async def test_a_champion_that_came_meanwhile_is_not_replaced(
    core: Core, trained: Trained, clock: FakeClock
) -> None:
    manifest = Manifest("v-other", clock(), "c" * 64, 1, None, 0, {})

    async def crown() -> None:
        async with core.database.write() as session:
            await make_champion(session, add_version(session, manifest), clock())

    crowning: list[asyncio.Task[None]] = []

    def on_progress(_: dict[str, Any]) -> None:
        if not crowning:
            crowning.append(asyncio.create_task(crown()))

    run = await trained("promotes").run(asked_by="command", on_progress=on_progress)
    assert run.state is RunState.KEPT
    assert run.reason is not None
    assert "v-other became champion meanwhile" in run.reason
    assert await champion(core) == "v-other"


@pytest.mark.sqlite
async def test_a_database_that_cannot_take_the_version_fails_the_run(
    core: Core, trained: Trained, before: str
) -> None:
    async with core.database.write() as session:
        await session.execute(
            text(
                "CREATE TRIGGER full BEFORE INSERT ON model_versions"
                " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
            )
        )
    run = await trained("promotes").run(asked_by="command")
    assert run.state is RunState.FAILED
    assert run.reason is not None
    assert "IntegrityError" in run.reason
    assert "INSERT" not in run.reason
    assert trainer.NAME not in run.reason, "nor what was to be stored"
    await nothing_changed(core, before)


async def test_labels_teach_the_experts_of_the_champion_that_goes_on(
    core: Core, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with core.database.write() as session:
        session.add(row(Community, id=7))
    said = {"7": {"base": math.log(0.2), "pooled": math.log(0.7), "untitled": math.log(0.1)}}
    monkeypatch.setenv("TAUGHT", json.dumps({TAUGHT_CHAMPION: said}))
    run = await trained("keeps").run(asked_by="command")
    assert run.state is RunState.KEPT
    standing = await core.database.run_read(lambda session: read_standing(session, 7))
    assert standing.account.weights.tolist() == pytest.approx([0.2, 0.7, 0.1])


async def test_switching_the_backbone_promotes_whatever_the_gate_says(
    core: Core, trained: Trained
) -> None:
    run = await trained("keeps").run(asked_by="command", switch_to="d" * 64)
    assert run.state is RunState.PROMOTED
    assert run.reason == "The backbone was switched. Not better."
    assert await champion(core) == trainer.NAME


@pytest.mark.parametrize("mode", ["promotes", "keeps"])
async def test_a_servers_own_version_serves_that_server_alone(
    core: Core, trained: Trained, mode: str
) -> None:
    before = await champion(core)
    asked_by = request_of(PlatformName.DISCORD, "1477636521984000007")
    run = await trained(mode).run(asked_by=asked_by)
    assert run.state is RunState.KEPT
    assert await champion(core) == before
    async with core.database.read() as session:
        server = await find_server(session, PlatformName.DISCORD, "1477636521984000007")
    if mode == "keeps":
        assert server is None
        assert run.reason == "Not better."
    else:
        assert server is not None
        assert server.model_version_id == run.model_version_id
        assert run.reason == "It serves the server that asked for it. Better."
    assert server_of_request("schedule") is None
