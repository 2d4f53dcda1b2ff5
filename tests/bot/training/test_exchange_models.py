"""Model versions of several machines on one database, by an object store."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bot.core import Core, open_core
from bot.serving.champion import ChampionServer
from bot.settings import Settings
from bot.training.child import TrainingLimits
from bot.training.exchange_models import ChampionElsewhere, ModelExchange
from bot.training.runs import TrainingRuns
from bot.training.shared_models import SharedModels
from bot.training.versions import add_version, find_version, make_champion, promote
from models.backbone_files import STARTER, keep_backbone
from models.decoding import DecodeLimits
from models.head import Head
from models.registry import Manifest, VersionUnusable, read_version, write_version
from storage.engine.database import Database
from storage.objects.faults import ObjectStoreFault
from storage.objects.folders import FolderDamaged, FolderObjects
from storage.objects.object_store import ObjectStore, Patience
from storage.objects.owner import OtherOwner
from storage.types import RunState
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fakes.object_store import FakeObjectStore, Fault

QUICK = Patience(seconds=30.0, tries_again=2, first_pause=0.01, longest_pause=0.05)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Machine:
    """The folders of one machine."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.versions, self.backbones = folder / "models", folder / "backbones"
        objects = ObjectStore("s3://pictures/models", patience=QUICK)
        self.shared = SharedModels(
            objects, versions_dir=self.versions, backbones_dir=self.backbones
        )
        self.exchange = ModelExchange(
            database,
            self.shared,
            versions_dir=self.versions,
            backbones_dir=self.backbones,
            clock=lambda: datetime.now(UTC),
        )
        self.database = database

    def server(self) -> ChampionServer:
        """What serves there."""
        return ChampionServer(
            self.database,
            versions_dir=self.versions,
            backbones_dir=self.backbones,
            limits=DecodeLimits(max_bytes=2**20, max_pixels=10**6),
            bring=self.shared.bring,
        )


@pytest.fixture
def here(database: Database, object_store: FakeObjectStore, tmp_path: Path) -> Machine:
    return Machine(database, tmp_path / "here")


@pytest.fixture
def there(database: Database, object_store: FakeObjectStore, tmp_path: Path) -> Machine:
    return Machine(database, tmp_path / "there")


@pytest.fixture
def backbone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, here: Machine) -> str:
    """The starter's, on a machine whose Peoria ships none."""
    keep_backbone(here.backbones, STARTER)
    monkeypatch.setattr("models.backbone_files.STARTER", tmp_path / "ships-nothing")
    (folder,) = here.backbones.iterdir()
    return folder.name


async def made(machine: Machine, name: str, backbone: str) -> Path:
    """A version that was trained on a machine and serves."""
    manifest = Manifest(name, NOW, backbone, read_version(STARTER / "champion").features_version,
                        NOW, 100, {})  # fmt: skip
    folder = write_version(machine.versions, manifest, Head.load(STARTER / "champion").save)
    async with machine.database.write() as session:
        row = add_version(session, read_version(folder))
        await session.flush()
        await make_champion(session, row, NOW)
    return folder


async def test_what_one_machine_made_another_serves(
    here: Machine, there: Machine, backbone: str
) -> None:
    folder = await made(here, "made-here", backbone)
    assert await here.exchange.exchange() == 0 + 1
    server = there.server()
    try:
        champion = await server.champion()
    finally:
        await server.close()
    assert champion.name == "made-here"
    for path in folder.iterdir():
        assert (there.versions / "made-here" / path.name).read_bytes() == path.read_bytes()
    blank = np.zeros((1, champion.backbone.input_size, champion.backbone.input_size, 3), np.float32)
    assert champion.backbone.embed(blank).shape[0] == 1
    assert await there.exchange.exchange() == 0
    assert not [path for path in there.versions.iterdir() if path.name.startswith(".")]


async def test_a_version_that_no_other_machine_can_have_yet_is_waited_for(
    here: Machine, there: Machine, backbone: str, object_store: FakeObjectStore
) -> None:
    await made(here, "made-here", backbone)
    with pytest.raises(ChampionElsewhere, match="Start the machine first that has it"):
        await there.exchange.bring_champion()
    object_store.faults.append(Fault("GET", status=403, code="AccessDenied"))
    with pytest.raises(ObjectStoreFault, match="may not do this"):
        await there.exchange.bring_champion()
    assert await here.exchange.exchange() == 0
    # It needs nobody to serve what it has.
    await here.exchange.bring_champion()
    object_store.faults.clear()
    await here.exchange.exchange()
    await there.exchange.bring_champion()
    read_version(there.versions / "made-here")


async def test_a_damaged_version_is_asked_for_again(
    here: Machine, there: Machine, backbone: str, object_store: FakeObjectStore
) -> None:
    await made(here, "made-here", backbone)
    await here.exchange.exchange()
    object_store.faults.append(Fault("GET", within="/files/", damage=True, times=2))
    there.shared.bring("made-here")
    read_version(there.versions / "made-here")
    # A file here that was cut short is fetched, too.
    (file,) = there.versions.glob("made-here/*.npz")
    file.write_bytes(file.read_bytes()[:100])
    there.shared.bring("made-here")
    read_version(there.versions / "made-here")


async def test_what_is_damaged_for_good_is_told_as_ever(
    here: Machine, there: Machine, backbone: str, object_store: FakeObjectStore
) -> None:
    await made(here, "made-here", backbone)
    await here.exchange.exchange()
    for key, data in object_store.objects().items():
        if key.startswith("models/versions/made-here/files/"):
            object_store.put(key, bytes(len(data)))
    there.shared.bring("made-here")
    assert not (there.versions / "made-here").exists()
    with pytest.raises(VersionUnusable, match="Choose another version"):
        read_version(there.versions / "made-here")
    with pytest.raises(ChampionElsewhere):
        await there.exchange.bring_champion()


async def test_a_machine_that_was_killed_while_it_put_a_version_goes_on(
    here: Machine, there: Machine, backbone: str, object_store: FakeObjectStore
) -> None:
    await made(here, "made-here", backbone)
    await here.exchange.exchange()
    object_store.lose("models/versions/made-here/files.json")
    lost = next(key for key in object_store.objects() if "versions/made-here/files/" in key)
    object_store.lose(lost)
    there.shared.bring("made-here")
    assert not (there.versions / "made-here").exists()
    again = Machine(here.database, here.versions.parent)
    assert await again.exchange.exchange() == 1
    there.shared.bring("made-here")
    read_version(there.versions / "made-here")


async def test_what_was_dropped_goes_everywhere(
    here: Machine, there: Machine, backbone: str, object_store: FakeObjectStore
) -> None:
    await made(here, "made-here", backbone)
    await here.exchange.exchange()
    await there.exchange.exchange()
    await made(here, "newer", backbone)
    async with here.database.write() as session:
        (await find_version(session, "made-here")).dropped_at = NOW
    await here.exchange.exchange()
    await there.exchange.exchange()
    assert not (there.versions / "made-here").exists()
    assert not any("made-here" in key for key in object_store.objects())
    read_version(there.versions / "newer")


@pytest.mark.parametrize(
    "listed",
    [
        b"", b"[]", b"{}", b'{"../out": "' + b"0" * 64 + b'"}', b'{"/out": "' + b"0" * 64 + b'"}',
        b'{"a\\\\..\\\\b": "' + b"0" * 64 + b'"}', b'{"head.npz": "../../owner"}',
        b"[" * 200_000, b'{".": "' + b"0" * 64 + b'"}', b'{"a\\u0000": "' + b"0" * 64 + b'"}',
        b'{"' + b"a" * 300 + b'": "' + b"0" * 64 + b'"}', b'{"\\ud800": "' + b"0" * 64 + b'"}',
        b'{"a": "' + b"0" * 64 + b'", "a/b": "' + b"0" * 64 + b'"}',
    ],
)  # fmt: skip
def test_a_list_of_files_that_is_hostile_writes_nothing(
    object_store: FakeObjectStore, tmp_path: Path, listed: bytes
) -> None:
    object_store.put("models/versions/bad/files.json", listed)
    folders = FolderObjects(ObjectStore("s3://pictures/models", patience=QUICK), "versions")
    with pytest.raises(FolderDamaged):
        folders.fetch("bad", tmp_path / "deep" / "bad")
    assert not list((tmp_path / "deep").rglob("*") if (tmp_path / "deep").exists() else [])
    assert not folders.fetch("none", tmp_path / "none")


@pytest.fixture
def two_settings(
    settings: Settings, object_store: FakeObjectStore, tmp_path: Path
) -> list[Settings]:
    """Two machines' settings, on one database and one object store."""
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(settings.data_dir / "people.key", other)
    both = settings.model_copy(update={"images_url": "s3://pictures/both"})
    return [both, both.model_copy(update={"data_dir": other, "database_url": both.url})]


async def test_what_one_peoria_trained_another_serves(
    two_settings: list[Settings], clock: FakeClock, tmp_path: Path, object_store: FakeObjectStore
) -> None:
    first, second = two_settings

    def training(core: Core) -> TrainingRuns:
        shared = SharedModels(
            ObjectStore("s3://pictures/both", patience=QUICK),
            versions_dir=core.settings.versions_dir, backbones_dir=core.settings.backbones_dir,
        )  # fmt: skip
        return TrainingRuns(
            core.database, core.settings.versions_dir,
            TrainingLimits(seconds=60, memory_mb=2000, min_labels=60), clock=clock, shared=shared,
            command=(sys.executable, "-m", trainer.__name__, "promotes", str(tmp_path)),
        )  # fmt: skip

    async with open_core(first, clock=clock) as one, open_core(second, clock=clock) as two:
        before = (await two.serving.champion()).name
        object_store.faults.append(
            Fault("PUT", within="/versions/", status=403, code="AccessDenied")
        )
        run = await training(one).run(asked_by="command")
        assert run.state is RunState.KEPT
        assert run.reason is not None
        assert "`main.py models promote v-new` lets it serve" in run.reason
        assert (await two.serving.champion()).name == before
        object_store.faults.clear()
        await one.exchange.exchange()
        await promote(one.database, first.versions_dir, "v-new", clock())
        assert (await two.serving.champion()).name == "v-new"
    # One that starts anew, with nothing in its folder.
    shutil.rmtree(second.versions_dir)
    async with open_core(second, clock=clock) as two:
        assert (await two.serving.champion()).name == "v-new"
        read_version(second.versions_dir / before)


async def test_another_peoria_does_not_use_the_same_place(
    two_settings: list[Settings], clock: FakeClock, object_store: FakeObjectStore
) -> None:
    first, _ = two_settings
    object_store.put("both/owner", b"somebody else")
    with pytest.raises(OtherOwner, match="belongs to another Peoria"):
        async with open_core(first, clock=clock):
            pass
    assert object_store.objects() == {"both/owner": b"somebody else"}
