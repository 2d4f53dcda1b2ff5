"""One command from faces to the file that serves: as long as it may take, and going on."""

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
    shipped = {"residual": 2700, "pretrained": 1500}
    quick = steps_for({"residual": 0.01, "pretrained": 0.01}, shipped, 55)
    assert quick == shipped
    slow = steps_for({"residual": 1.0, "pretrained": 2.0}, shipped, 55)
    assert slow["residual"] * 1.0 + slow["pretrained"] * 2.0 <= 49 * 60
    assert slow["residual"] / slow["pretrained"] == pytest.approx(1.8, rel=0.1)
    assert min(steps_for({"residual": 9.0, "pretrained": 9.0}, shipped, 1).values()) > 0


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
    monkeypatch.setattr(train_expressions, "recipes", lambda _: {"one": Tiny(steps=100, batch=4)})
    monkeypatch.setattr(train_expressions, "_MULTIPLE", 5)
    out = tmp_path / "expressions.tflite"
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
    told = FaceNetwork(out.read_bytes()).tell(faces().grey[:3])
    assert told.shape == (3, len(EXPRESSIONS))
    assert [path.name for path in tmp_path.glob("expressions*")] == [out.name]
