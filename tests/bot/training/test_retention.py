"""Which model versions keep their files."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.core import Core
from bot.training.retention import GRACE, Retention
from bot.training.versions import UnknownVersion, find_version, make_champion, promote, rollback
from models.registry import VersionUnusable
from storage.tables import ModelVersion, Post, Prediction, TrainingRun
from storage.types import PostState
from tests.bot.training.test_versions import add
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import one_post, row


def retention(core: Core, clock: FakeClock, keep: int = 2) -> Retention:
    return Retention(core.database, core.settings.versions_dir, keep=keep, clock=clock)


def folders(core: Core) -> set[str]:
    return {path.name for path in core.settings.versions_dir.iterdir()}


async def dropped(core: Core) -> list[str]:
    async with core.database.read() as session:
        query = select(ModelVersion.name).where(ModelVersion.dropped_at.is_not(None))
        return list(await session.scalars(query.order_by(ModelVersion.id)))


async def serve(core: Core, name: str, clock: FakeClock) -> None:
    async with core.database.write() as session:
        await make_champion(session, await find_version(session, name), clock())


@pytest.fixture
async def first(core: Core) -> str:
    """v1 to v6 beside the first champion, whose name this is."""
    (name,) = folders(core)
    for number in range(1, 7):
        await add(core, f"v{number}")
    return name


async def test_the_newest_and_the_first_stay(core: Core, clock: FakeClock, first: str) -> None:
    assert await retention(core, clock).sweep() == 4
    assert folders(core) == {first, "v5", "v6"}
    assert await dropped(core) == ["v1", "v2", "v3", "v4"]
    assert await retention(core, clock).sweep() == 0


async def test_the_champion_and_what_it_replaced_stay(
    core: Core, clock: FakeClock, first: str
) -> None:
    await serve(core, "v1", clock)
    await serve(core, "v2", clock)
    await serve(core, "v4", clock)
    await retention(core, clock).sweep()
    assert folders(core) == {first, "v2", "v4", "v5", "v6"}
    await rollback(core.database, core.settings.versions_dir, clock())
    assert (await core.serving.champion()).name == "v2"
    with pytest.raises(VersionUnusable, match="PEORIA_KEEP_VERSIONS"):
        await rollback(core.database, core.settings.versions_dir, clock())


@pytest.mark.parametrize(
    ("state", "due", "stays"),
    [
        (PostState.AWAITING_SCORE, True, True), (PostState.PREDICTED, True, True),
        (PostState.WITHDRAWN, False, False), (PostState.SETTLING, True, False),
        (PostState.LABELLED, False, False),
    ],
)  # fmt: skip
async def test_a_version_whose_predictions_wait_for_a_label_stays(
    core: Core, clock: FakeClock, first: str, state: PostState, due: bool, stays: bool
) -> None:
    async with core.database.write() as session:
        for each in one_post():
            if not isinstance(each, ModelVersion):
                session.add(each)
                await session.flush()
        post = await session.get_one(Post, 1)
        post.state, post.due_at = state, clock() if due else None
        post.predicted_at = clock()
        version = await find_version(session, "v1")
        session.add(row(Prediction, model_version_id=version.id))
    await retention(core, clock).sweep()
    assert ("v1" in folders(core)) == stays


@pytest.mark.parametrize("step", ["_rename_unneeded", "shutil.rmtree"])
async def test_a_sweep_that_was_interrupted_is_continued(
    core: Core, clock: FakeClock, first: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(
            f"bot.training.retention.{'Retention.' if step[0] == '_' else ''}{step}", killed
        )
        with pytest.raises(KeyboardInterrupt):
            await retention(core, clock).sweep()
    assert len(folders(core)) == 7
    assert await retention(core, clock).sweep() == 4
    assert folders(core) == {first, "v5", "v6"}


async def test_what_no_row_knows_goes_after_a_day(core: Core, clock: FakeClock, first: str) -> None:
    root = core.settings.versions_dir
    old = (clock() - GRACE - timedelta(hours=1)).timestamp()
    for name, moment in (
        ("v-orphan", old),
        (".partial-abc", old),
        ("v-young", clock().timestamp()),
    ):
        (root / name).mkdir()
        os.utime(root / name, (moment, moment))
    async with core.database.write() as session:
        session.add(row(TrainingRun))
    await retention(core, clock, keep=9).sweep()
    assert {"v-orphan", ".partial-abc", "v-young"} <= folders(core), "a run is under way"
    async with core.database.write() as session:
        await session.delete(await session.get_one(TrainingRun, 1))
    await retention(core, clock, keep=9).sweep()
    assert folders(core) == {first, "v-young", *(f"v{n}" for n in range(1, 7))}


async def test_a_dropped_version_serves_again_once_its_folder_is_back(
    core: Core, clock: FakeClock, first: str, tmp_path: Path
) -> None:
    root = core.settings.versions_dir
    kept = (root / "v1").rename(tmp_path / "v1")
    await retention(core, clock).sweep()
    with pytest.raises(VersionUnusable, match="PEORIA_KEEP_VERSIONS"):
        await promote(core.database, root, "v1", clock())
    kept.rename(root / "v1")
    await promote(core.database, root, "v1", clock())
    assert (await core.serving.champion()).name == "v1"
    assert "v1" not in await dropped(core)


async def test_an_unknown_version_is_still_unknown(core: Core, clock: FakeClock) -> None:
    with pytest.raises(UnknownVersion):
        await promote(core.database, core.settings.versions_dir, "v9", clock())
