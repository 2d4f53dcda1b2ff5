"""One command from faces to the file that serves: as long as it may take, and going on."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow")
import keras
import tensorflow as tf

from models.attributes.expressions import EXPRESSIONS
from models.attributes.face_network import FaceNetwork
from trainer.attributes import train_expressions
from trainer.attributes.fit_network import Recipe
from trainer.attributes.labelled_faces import LabelledFaces
from trainer.attributes.train_expressions import main, steps_for


@dataclass(frozen=True, slots=True)
class Tiny(Recipe):
    """As a recipe that ships, but for the network: here it matters that it is fitted, not what."""

    def build(self, images: NDArray[np.uint8], classes: int) -> Any:
        face = keras.Input((*images.shape[1:], 1), name="face")
        seen = keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 3)(face))
        features = keras.layers.GlobalAveragePooling2D(name="features")(seen)
        logits = keras.layers.Dense(classes, name="logits")(features)
        return keras.Model(face, [logits, features])


@pytest.fixture
def step_by_step() -> Iterator[None]:
    """A handful of steps is over sooner than they would be made ready to be quick."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def test_a_slow_machine_takes_fewer_steps_and_a_quick_one_no_more() -> None:
    assert steps_for(0.01, 2500, 3000.0) == 2500
    assert steps_for(2.0, 2500, 3000.0) == 1500
    assert steps_for(9.0, 2500, 60.0) == steps_for(9.0, 2500, -5.0) == 50


def faces(count: int = 40) -> LabelledFaces:
    random = np.random.default_rng(3)
    names = np.array([f"g{number}" for number in range(count)])
    return LabelledFaces(
        random.integers(0, 256, (count, 16, 16), np.uint8),
        np.arange(count) % len(EXPRESSIONS), names, names,
    )  # fmt: skip


class Ended(Exception):
    """As a machine that is switched off."""


@pytest.mark.usefixtures("step_by_step")
def test_a_run_that_was_cut_short_goes_on_and_ends_with_a_file_that_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faces().save(tmp_path / "faces.npz")
    one = Tiny(steps=100, batch=4)
    # The second could take but a few of its steps, and is left out.
    long = Tiny(steps=100_000_000, batch=4)
    monkeypatch.setattr(
        train_expressions, "two_core_recipes", lambda _: {"residual": one, "pretrained": long}
    )
    monkeypatch.setattr(train_expressions, "_MULTIPLE", 5)
    out = tmp_path / "expressions.tflite.gz"
    asked = [
        str(tmp_path / "faces.npz"), "--start", "nothing", "--out", str(out), "--minutes", "1",
    ]  # fmt: skip

    fitted: list[int] = []
    backup = keras.callbacks.BackupAndRestore

    class EndsAfterTwoParts(backup):  # type: ignore[misc, valid-type]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            super().on_epoch_end(epoch, logs)
            fitted.append(epoch)
            if len(fitted) == 2:
                raise Ended

    monkeypatch.setattr(keras.callbacks, "BackupAndRestore", EndsAfterTwoParts)
    with pytest.raises(Ended):
        main(asked)
    assert not out.exists()

    assert main(asked) == 0

    assert fitted == [0, 1, 2, 3, 4], "no part is fitted twice"
    told = FaceNetwork(gzip.decompress(out.read_bytes())).tell(faces().grey[:3])
    assert told.shape == (3, len(EXPRESSIONS))
    assert [path.name for path in tmp_path.glob("expressions*")] == [out.name]
