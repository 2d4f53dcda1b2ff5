from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.fakes import poisoned_look
from tests.fakes.job_nodes import JobNodes
from trainer.backbone.finetune import FIRST_UNFROZEN, FinetuneRefused, FineTuning, Plan, finetune
from trainer.backbone.finetune_canvas import augmented, canvas, whole
from trainer.backbone.finetune_job import finetune_on
from trainer.backbone.finetune_pictures import Picture
from trainer.backbone.student_weights import StudentSpec, build_backbone, load_student, save_student

SIDE = 64


def picture(folder: Path, number: int) -> Picture:
    path = folder / f"{number}.png"
    shade = 255 * (number % 2)
    Image.new("RGB", (40, 30), (shade, shade, 128)).save(path)
    return Picture(path, np.eye(10)[9 * (number % 2)])


def test_crops_stay_in_the_backbones_range(tmp_path: Path) -> None:
    image = canvas(picture(tmp_path, 1).path, SIDE)
    assert image is not None
    rng = np.random.default_rng(1)
    for _ in range(20):
        crop = augmented(image, SIDE, rng)
        assert crop.shape == (SIDE, SIDE, 3)
        assert crop.min() >= -1
        assert crop.max() <= 1
    assert whole(image, SIDE).shape == (SIDE, SIDE, 3)


def test_an_image_that_cannot_be_decoded_is_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not an image")
    assert canvas(broken, SIDE) is None
    assert canvas(tmp_path / "missing.png", SIDE) is None


def test_too_few_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FinetuneRefused, match="Only 3 images of older posts"):
        finetune([picture(tmp_path, i) for i in range(3)], tmp_path / "w.h5", tmp_path / "o.h5")


def small_backbone(source: str) -> tuple[keras.Model, StudentSpec, str, str]:
    """Two layers, the second of which is fine-tuned."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(4, 3, name="stem"),
            layers.Conv2D(4, 3, name=FIRST_UNFROZEN),
            layers.GlobalAveragePooling2D(),
        ]
    )
    return model, StudentSpec(0.35, 16), "f" * 64, source


def test_one_that_is_cut_short_goes_on_after_the_last_whole_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.backbone.finetune.load_weights", small_backbone)
    weights = tmp_path / "before.npz"
    pictures = [picture(tmp_path, i) for i in range(12)]
    plan = Plan(epochs=2, batch=6, learning_rate=1e-2, patience=9)
    whole_run = FineTuning(pictures, weights, plan)
    checkpoint = tmp_path / "checkpoint.npz"
    while not whole_run.is_over:
        whole_run.epoch()
        if len(whole_run.losses) == 2:
            whole_run.save(checkpoint)

    told: list[int] = []
    found = finetune(
        pictures, weights, tmp_path / "after.npz", plan=plan, min_labels=10,
        progress=lambda done, total, loss: told.append(done), checkpoint=checkpoint,
    )  # fmt: skip
    assert told == [5, 6], "the first two epochs are not done again"
    assert found["losses"] == pytest.approx(whole_run.losses, rel=1e-4)
    assert not checkpoint.exists()

    whole_run.save(checkpoint)
    other = FineTuning(pictures, weights, Plan(epochs=3))
    other.restore(checkpoint)
    assert other.losses == [], "a checkpoint of another plan is left alone"


def test_on_a_cluster_it_is_the_same_and_a_lost_node_costs_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.backbone.finetune.load_weights", small_backbone)
    monkeypatch.setattr(
        "trainer.backbone.finetune._save", lambda model, spec, out: np.save(out, _flat(model))
    )
    weights, checkpoint = tmp_path / "before.npy", tmp_path / "checkpoint.npz"
    weights.write_bytes(b"")
    missing, poison = (Picture(tmp_path / name, np.eye(10)[0]) for name in ("gone.png", "poison"))
    # No image at all to a process that it does not end.
    poison.path.write_bytes(b"poison")
    pictures = [missing, poison, *(picture(tmp_path, i) for i in range(11))]
    plan = Plan(epochs=2, batch=6, learning_rate=1e-2, patience=9)
    alone = finetune(pictures, weights, tmp_path / "alone.npy", plan=plan, min_labels=10)

    def on(nodes: JobNodes, out: Path) -> dict[str, object]:
        return finetune_on(
            nodes, pictures, weights, out, plan=plan, min_labels=10,
            progress=lambda done, total, loss: told.append(done),
            checkpoint=checkpoint, note=lambda _: None, left_out=left_out.append,
        )  # fmt: skip

    told: list[int] = []
    left_out: list[Picture] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainer.backbone.looking.COMMAND", poisoned_look.COMMAND)
        assert on(JobNodes(), tmp_path / "cluster.npy") == alone
    assert left_out == [poison]
    assert told == [1, 2, 3, 4, 5, 6]
    assert alone["written"]
    written = np.load(tmp_path / "alone.npy")
    assert np.array_equal(np.load(tmp_path / "cluster.npy"), written)
    assert not checkpoint.exists()

    nodes = JobNodes(lambda news: len(nodes.places) == 1 and bool(news.files))
    lost = on(nodes, tmp_path / "lost.npy")
    assert len(nodes.places) == 2
    assert lost["losses"] == pytest.approx(alone["losses"], rel=1e-4)
    assert np.load(tmp_path / "lost.npy") == pytest.approx(written, rel=1e-3, abs=1e-5)

    with pytest.raises(FinetuneRefused, match="Only 3 images"):
        finetune_on(
            JobNodes(count=0), pictures[:3], weights, tmp_path / "few.npy", plan=plan,
            progress=lambda *_: None, checkpoint=checkpoint, note=lambda _: None,
            left_out=left_out.append,
        )  # fmt: skip


def _flat(model: keras.Model) -> np.ndarray:
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


@pytest.fixture
def step_by_step() -> Iterator[None]:
    """A handful of steps is over sooner than they would be made ready to be quick."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.usefixtures("step_by_step")
def test_a_finetuned_backbone_is_a_weights_file_of_its_own(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    spec = StudentSpec(0.35, SIDE)
    backbone = build_backbone(spec)
    weights, out = tmp_path / "before.npz", tmp_path / "after.npz"
    save_student(weights, spec, backbone.get_weights())
    done: list[int] = []
    found = finetune(
        [picture(tmp_path, i) for i in range(12)], weights, out,
        plan=Plan(epochs=1, batch=6, learning_rate=1e-2), min_labels=10,
        progress=lambda at, total, _: done.append(at if total == 4 else -1),
    )  # fmt: skip
    assert len(found["losses"]) == 2
    assert np.isfinite(found["losses"]).all()
    assert done == [1, 2, 3, 4]
    assert out.exists() == found["written"]
    if found["written"]:
        written_spec, after = load_student(out)
        before = load_student(weights)[1]
        assert written_spec == spec
        names = [variable.path for variable in backbone.weights]
        changed = {name for name, a, b in zip(names, before, after, strict=True) if (a != b).any()}
        # Which of the last blocks move far enough for half precision depends on the first weights.
        assert changed
        last = ("block_14_", "block_15_", "block_16_", "Conv_1")
        assert all(name.startswith(last) for name in changed)
