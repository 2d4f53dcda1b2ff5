"""Fine-tuning: a weights file from a child process, and the gate between it and what serves."""

import hashlib
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.app import backbone_switch
from bot.core import Core
from bot.training.child import TrainingLimits
from bot.training.embed_stored import OnAdvance
from bot.training.finetune import FinetuneRefused, finetune
from bot.training.runs import TrainingRuns
from bot.training.switch_backbone import Switched, SwitchRefused
from models.backbone_files import STARTER
from storage.tables import Image, QuarantinedImage
from tests.fakes import trainer
from tests.fakes.clock import FakeClock
from tests.fixtures.rows import row

WEIGHTS = b"fine-tuned weights"
FINGERPRINT = hashlib.sha256(WEIGHTS).hexdigest()

CHILD = """
import json, pathlib, sys
task = json.loads(sys.stdin.readline())
print(json.dumps({"stage": "fine-tuning", "done": 1, "total": 2, "loss": None}), flush=True)
if sys.argv[1] == "refuses":
    print(json.dumps({"refused": f"Only 3 images; fine-tuning needs {task['min_labels']}."}))
    sys.exit(3)
better = sys.argv[1] == "improves"
for image in sys.argv[2:]:
    print(json.dumps({"stage": "left out", "quarantined": int(image), "deaths": 2}))
if better:
    pathlib.Path(task["out"]).write_bytes(b"fine-tuned weights")
result = {"version": task["out"], "promote": better, "reason": "No epoch.", "evidence": {}}
print(json.dumps({"result": result}))
"""


def child(mode: str, *poison: str) -> tuple[str, ...]:
    return (sys.executable, "-c", CHILD, mode, *poison)


def quiet(stage: str, done: int, total: int | None) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def allowed(core: Core) -> Core:
    """A core that may fine-tune, and the fine-tuned backbone exported already."""
    folder = core.settings.backbones_dir / FINGERPRINT
    folder.mkdir(parents=True)
    shutil.copy(STARTER / "backbone.tflite", folder)
    info = json.loads((STARTER / "backbone.json").read_text("utf-8"))
    (folder / "backbone.json").write_text(
        json.dumps(info | {"fingerprint": FINGERPRINT, "name": "tuned"}), "utf-8"
    )
    return replace(core, settings=core.settings.model_copy(update={"finetune": True}))


def gated(core: Core, mode: str, clock: FakeClock, folder: Path) -> Core:
    """The core with a training process whose gate is for or against."""
    training = TrainingRuns(
        core.database, core.settings.versions_dir,
        TrainingLimits(seconds=60, memory_mb=2000, min_labels=60), clock=clock,
        command=(sys.executable, "-m", trainer.__name__, mode, str(folder)),
    )  # fmt: skip
    return replace(core, training=training)


async def fine_tune(core: Core, on_advance: OnAdvance, **options: Any) -> Switched:
    return await finetune(backbone_switch(core), core.settings, on_advance, **options)


async def test_it_is_off_unless_allowed(core: Core) -> None:
    with pytest.raises(FinetuneRefused, match="PEORIA_FINETUNE=true"):
        await fine_tune(core, quiet, command=child("improves"))


async def test_a_better_backbone_serves_with_its_head(
    allowed: Core, clock: FakeClock, tmp_path: Path
) -> None:
    core = gated(allowed, "promotes", clock, tmp_path)
    async with core.database.write() as session:
        session.add(row(Image, id=1))
    stages: list[str] = []
    switched = await finetune(
        backbone_switch(core),
        core.settings,
        lambda *s: stages.append(s[0]),
        command=child("improves", "1"),
    )
    champion = await core.serving.champion()
    assert (champion.name, champion.backbone.fingerprint) == (trainer.NAME, FINGERPRINT)
    assert switched.version == trainer.NAME
    assert switched.reason.endswith(
        "1 image ended the processes that looked at it, and will be left alone."
    )
    async with core.database.read() as session:
        (left,) = await session.scalars(select(QuarantinedImage))
        assert (left.image_id, left.work, left.deaths) == (1, "finetune", 2)
    assert stages[0] == "Fine-tuning"


async def test_one_that_the_gate_is_against_changes_nothing(
    allowed: Core, clock: FakeClock, tmp_path: Path
) -> None:
    core = gated(allowed, "keeps", clock, tmp_path)
    before = (await core.serving.champion()).name
    async with core.database.write() as session:
        session.add_all([row(Image, id=1), row(Image, id=2, sha256="c" * 64)])
    with pytest.raises(
        SwitchRefused, match=r"goes on serving: Not better.* 2 images .* looked at them, and"
    ):
        # Two posts have the second.
        await fine_tune(core, quiet, command=child("improves", "1", "2", "2"))
    assert (await core.serving.champion()).name == before


@pytest.mark.parametrize(
    ("mode", "sentence"), [("refuses", "needs 2000"), ("worsens", "Nothing was changed")]
)
async def test_what_comes_to_nothing_is_a_sentence(allowed: Core, mode: str, sentence: str) -> None:
    with pytest.raises(FinetuneRefused, match=sentence):
        await fine_tune(allowed, quiet, command=child(mode))


async def test_weights_that_are_not_those_of_the_backbone_are_refused(
    allowed: Core, clock: FakeClock, tmp_path: Path
) -> None:
    core = gated(allowed, "promotes", clock, tmp_path)
    await fine_tune(core, quiet, command=child("improves"))
    # The weights of what serves now are neither the starter's nor a file that was given.
    with pytest.raises(FinetuneRefused, match=FINGERPRINT):
        await finetune(
            backbone_switch(core),
            core.settings,
            quiet,
            command=child("improves"),
            weights=tmp_path / "none.h5",
        )
