"""A distillation on a node gives what it gives here, and a lost node costs what it did since."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from tests.fakes import poisoned_look
from tests.fakes.job_nodes import JobNodes
from trainer.backbone.convert import convert
from trainer.backbone.distill import train_student
from trainer.backbone.distill_images import SourceImage, find_images, read_rgb
from trainer.backbone.distill_job import distill_on
from trainer.backbone.distill_left_out import LeftOut
from trainer.backbone.distill_options import DistillOptions
from trainer.backbone.distill_smoke import draw_images
from trainer.backbone.distill_teacher import litert_teacher
from trainer.backbone.student_weights import StudentSpec
from trainer.cluster.side_by_side import ClusterLost

STEPS, CHANNELS = 3, 16


def small_student(spec: StudentSpec, precision: str = "float32") -> keras.Model:
    """Two convolutions, as `build_student` makes fifty."""
    layers = keras.layers
    entry = keras.Input((None, None, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=8, use_bias=False)(entry))
    x = layers.BatchNormalization()(layers.Conv2D(CHANNELS, 1, use_bias=False)(x))
    return keras.Model(entry, layers.ReLU()(x))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A student of two layers. Compiling a step takes longer than taking three."""
    monkeypatch.setattr("trainer.backbone.distill_run.build_student", small_student)
    monkeypatch.setattr(
        "trainer.backbone.distill_readout.build_backbone",
        lambda spec: keras.Sequential([small_student(spec), keras.layers.GlobalAveragePooling2D()]),
    )
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[SourceImage]:
    """Some pictures, two of which are one file with other captions."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    draw_images(tmp_path / "drawn", 20)
    found = find_images([tmp_path / "drawn"])
    twice = next(image for image in found if not image.held_out)
    return [*found, SourceImage("imgflip", twice.path, held_out=False, captions=("WHEN",))]


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """One that sees the mean colours of 49 squares."""
    keras.utils.set_random_seed(2)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((224, 224, 3)),
            layers.AveragePooling2D(32),
            layers.Conv2D(CHANNELS, 1, activation="relu"),
        ]
    )
    path = tmp_path / "teacher.tflite"
    path.write_bytes(convert(model))
    return path


def options(work: Path) -> DistillOptions:
    return DistillOptions(
        work, width=0.35, size=32, batch=2, crops=12, max_steps=STEPS, readout=4,
        checkpoint_seconds=0.0,
    )  # fmt: skip


def test_on_a_cluster_it_is_the_same_whatever_is_lost(
    tmp_path: Path, images: list[SourceImage], teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.backbone.looking.COMMAND", poisoned_look.COMMAND)
    poison = SourceImage("drawn", tmp_path / "poison.png", held_out=False)
    poison.path.write_bytes(b"poison")
    images.append(poison)
    told: list[object] = []
    notes: list[str] = []

    def on(nodes: JobNodes, work: Path) -> Path:
        told.clear()
        return distill_on(
            nodes, images, teacher, options(work), told.append,
            lambda *seen: told.append(seen), note=notes.append,
            left_out=LeftOut(work, notes.append),
        )  # fmt: skip

    def seen() -> list[object]:
        return [getattr(each, "step", each) for each in told if getattr(each, "cosine", 0) is None]

    training = sum(not image.held_out for image in images)
    alone = train_student(
        images, litert_teacher(teacher.read_bytes()), options(tmp_path / "alone"),
        lambda _: None, lambda *_: None,
        lambda path: None if path == poison.path else read_rgb(path),
    )  # fmt: skip
    written = on(JobNodes(), tmp_path / "cluster")
    assert written == tmp_path / "cluster" / alone.name
    assert written.read_bytes() == alone.read_bytes()
    assert told[-1] == (training, training)
    assert [note for note in notes if "left out" in note] == [
        "2 processes ended over poison.png, which is left out"
    ]
    left_out = LeftOut(tmp_path / "cluster", notes.append)
    assert left_out.paths == [poison.path]
    assert left_out.words() == (
        f" 1 image was left out: it ended 2 processes ({tmp_path / 'cluster' / 'left-out.json'})."
    )

    with pytest.raises(ClusterLost, match="The head of the Ray cluster was lost"):
        on(JobNodes(lambda news: bool(news.files), count=1), tmp_path / "lost")
    assert (tmp_path / "lost" / "checkpoint.npz").is_file()
    assert not (tmp_path / "lost" / alone.name).exists()
    began = seen()

    nodes = JobNodes(lambda news: len(nodes.places) == 1 and bool(news.files))
    lost = on(nodes, tmp_path / "lost")
    assert lost.read_bytes() == alone.read_bytes()
    assert set(began) | set(seen()) == {1, 2, 3}
    assert seen().count(1) + began.count(1) == 1
    assert sum("left out" in note for note in notes) == 2, "what is known is not looked at"
