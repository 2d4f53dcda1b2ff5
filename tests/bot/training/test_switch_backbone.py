"""Switching the backbone: everything embedded anew, both swapped at once, or nothing changed."""

import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.app import App, backbone_switch
from bot.core import Core
from bot.training.child import TrainingLimits
from bot.training.runs import TrainingRuns
from bot.training.switch_backbone import SwitchRefused
from models.backbone import Backbone, BackboneUnusable
from models.backbone_files import STARTER, find_backbone
from storage.tables import Embedding, Image
from storage.types import PlatformName
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fakes.platform import incoming
from tests.fixtures.images import encode, photo
from tests.fixtures.onnx_models import image_encoder, write_encoder

Switching = Callable[[str], Core]


def quiet(stage: str, done: int, total: int | None) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def other(settings, tmp_path: Path) -> Path:
    """Weights of another backbone, exported already: the starter under another fingerprint."""
    weights = tmp_path / "other.weights.h5"
    weights.write_bytes(b"other weights")
    fingerprint = hashlib.sha256(weights.read_bytes()).hexdigest()
    folder = settings.backbones_dir / fingerprint
    folder.mkdir(parents=True)
    shutil.copy(STARTER / "backbone.tflite", folder)
    info = json.loads((STARTER / "backbone.json").read_text("utf-8"))
    (folder / "backbone.json").write_text(
        json.dumps(info | {"fingerprint": fingerprint, "name": "other"}), "utf-8"
    )
    return weights


@pytest.fixture
def training_that(core: Core, clock: FakeClock, tmp_path: Path) -> Switching:
    """A core whose training process is the fake one, in some mode."""

    def make(mode: str) -> Core:
        training = TrainingRuns(
            core.database, core.settings.versions_dir,
            TrainingLimits(seconds=60, memory_mb=2000, min_labels=60), clock=clock,
            command=(sys.executable, "-m", trainer.__name__, mode, str(tmp_path)),
        )  # fmt: skip
        return replace(core, training=training)

    return make


@pytest.fixture
async def three_posts(app: App, clock: FakeClock) -> None:
    for number in range(3):
        image = encode(photo(width=90 + number), "PNG")
        post = incoming(f"p{number}", image, posted_at=clock())
        post_id = await app.pipeline.accept(PlatformName.REDDIT, post)
        assert post_id is not None
        await app.pipeline.advance(post_id)


async def embedded(core: Core, backbone: str) -> int:
    async with core.database.read() as session:
        query = select(func.count()).where(Embedding.backbone == backbone)
        return int((await session.scalars(query)).one())


def fingerprint_of(weights: Path) -> str:
    return hashlib.sha256(weights.read_bytes()).hexdigest()


@pytest.mark.usefixtures("three_posts")
async def test_head_and_backbone_are_swapped_at_once(training_that: Switching, other: Path) -> None:
    core = training_that("keeps")
    stages: list[tuple[str, int, int | None]] = []
    switched = await backbone_switch(core).switch_to(str(other), lambda *step: stages.append(step))

    assert (switched.version, switched.embedded, switched.skipped) == (trainer.NAME, 3, 0)
    assert await embedded(core, fingerprint_of(other)) == 3
    champion = await core.serving.champion()
    assert champion.name == trainer.NAME, "it serves though the gate would have kept it"
    assert champion.backbone.fingerprint == fingerprint_of(other)
    assert ("Embedding stored images", 3, 3) in stages


@pytest.mark.usefixtures("three_posts")
async def test_with_too_few_labels_the_backbone_starts_from_nothing(
    training_that: Switching, other: Path
) -> None:
    core = training_that("refuses")
    switched = await backbone_switch(core).switch_to(str(other), quiet)

    champion = await core.serving.champion()
    assert champion.name == switched.version == f"prior-{fingerprint_of(other)[:8]}"
    assert champion.backbone.fingerprint == fingerprint_of(other)
    assert "labels" in switched.reason


@pytest.mark.usefixtures("three_posts")
async def test_a_refit_that_fails_leaves_the_old_pair_and_goes_on_later(
    training_that: Switching, other: Path
) -> None:
    core = training_that("fails")
    before = await core.serving.champion()
    with pytest.raises(SwitchRefused, match="nothing was switched"):
        await backbone_switch(core).switch_to(str(other), quiet)
    after = await core.serving.champion()
    assert (after.name, after.backbone.fingerprint) == (
        before.name,
        before.backbone.fingerprint,
    )

    switched = await backbone_switch(training_that("promotes")).switch_to(str(other), quiet)
    assert switched.embedded == 0, "what was embedded is kept"
    assert (await core.serving.champion()).name == trainer.NAME


@pytest.mark.usefixtures("three_posts")
async def test_images_whose_file_is_gone_are_skipped_and_counted(
    training_that: Switching, other: Path
) -> None:
    core = training_that("promotes")
    async with core.database.read() as session:
        first = (await session.scalars(select(Image.sha256).limit(1))).one()
    core.images.drop(first)
    switched = await backbone_switch(core).switch_to(str(other), quiet)
    assert (switched.embedded, switched.skipped) == (2, 1)


async def test_the_backbone_that_serves_cannot_be_switched_to(core: Core) -> None:
    with pytest.raises(SwitchRefused, match="serves already"):
        await backbone_switch(core).switch_to("starter", quiet)


async def test_missing_weights_are_named(core: Core, tmp_path: Path) -> None:
    with pytest.raises(BackboneUnusable, match=r"nowhere\.h5"):
        await backbone_switch(core).switch_to(str(tmp_path / "nowhere.h5"), quiet)


@pytest.mark.usefixtures("three_posts")
async def test_an_encoder_that_somebody_brings_is_embedded_with_and_swapped_in(
    training_that: Switching, tmp_path: Path
) -> None:
    core = training_that("keeps")
    folder = write_encoder(tmp_path / "mine", image_encoder(), name="My encoder")
    switched = await backbone_switch(core).switch_to(str(folder), quiet)

    assert (switched.version, switched.embedded, switched.skipped) == (trainer.NAME, 3, 0)
    assert switched.milliseconds is not None
    backbone = (await core.serving.champion()).backbone
    assert (backbone.info.name, backbone.info.dim) == ("My encoder", 24)
    async with core.database.read() as session:
        query = select(Embedding.vector).where(Embedding.backbone == backbone.fingerprint)
        vectors = (await session.scalars(query)).all()
    assert {len(each) for each in vectors} == {2 * 24}
    shutil.rmtree(folder)
    again = Backbone.load(find_backbone(core.settings.backbones_dir, backbone.fingerprint))
    assert again.info.dim == 24, "its files were copied"


@pytest.mark.usefixtures("three_posts")
async def test_the_gate_decides_about_an_encoder(training_that: Switching, tmp_path: Path) -> None:
    core = training_that("keeps")
    before = await core.serving.champion()
    folder = write_encoder(tmp_path / "mine", image_encoder())
    with pytest.raises(SwitchRefused, match="goes on serving"):
        await backbone_switch(core).switch_to(str(folder), quiet, only_if_better=True)
    assert (await core.serving.champion()).name == before.name


async def test_an_encoder_that_cannot_be_used_leaves_nothing(core: Core, tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "mine", image_encoder(fill=float("nan")))
    with pytest.raises(BackboneUnusable, match="NaN"):
        await backbone_switch(core).switch_to(str(folder), quiet)
    left = [each for each in core.settings.backbones_dir.glob("*") if each.name.startswith(".")]
    assert left == []
    assert not any(
        (each / "encoder.toml").exists() for each in core.settings.backbones_dir.iterdir()
    )
