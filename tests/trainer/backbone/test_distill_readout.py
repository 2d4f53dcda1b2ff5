from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.backbone.distill_images import SourceImage
from trainer.backbone.distill_readout import add_readout, fit_readout
from trainer.backbone.distill_run import starting_weights
from trainer.backbone.student_weights import StudentSpec, build_backbone, load_student, save_student

PLAIN = StudentSpec(width=0.35, input_size=32)
RANK = 4


def applied(readout: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    down, up, bias = readout
    return x + x @ down[0, 0] @ up[0, 0] + bias


def test_a_linear_mistake_is_mended_also_on_rows_not_fitted_on() -> None:
    random = np.random.default_rng(1)
    student = random.normal(2, 1, (4000, 20)).astype(np.float32)
    mistake = 0.2 * random.normal(size=(20, 3)) @ random.normal(size=(3, 20))
    teacher = (student + student @ mistake + random.normal(size=20)).astype(np.float32)
    readout = fit_readout(student[:3000], teacher[:3000], 3)
    left = applied(readout, student[3000:]) - teacher[3000:]
    before = student[3000:] - teacher[3000:]
    assert (left**2).sum() < 0.01 * ((before - before.mean(0)) ** 2).sum()


def test_where_nothing_is_linear_the_readout_only_shifts() -> None:
    random = np.random.default_rng(2)
    student = random.normal(size=(20_000, 6)).astype(np.float32)
    teacher = student + 3 + random.normal(size=student.shape).astype(np.float32)
    mended = applied(fit_readout(student, teacher, 6), student)
    np.testing.assert_allclose(mended.mean(0), teacher.mean(0), atol=1e-3)
    assert np.abs(mended - student - 3).max() < 0.2


def test_a_student_that_hardly_sees_is_not_blown_up() -> None:
    random = np.random.default_rng(5)
    teacher = random.normal(size=(40, 64)).astype(np.float32)
    student = (1e-4 * random.normal(size=(40, 64))).astype(np.float32)
    down, up, _ = fit_readout(student, teacher, 8)
    assert np.abs(down[0, 0] @ up[0, 0]).max() < 1


@pytest.fixture(scope="module")
def with_readout(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A random student's file, plain and with a readout."""
    folder = tmp_path_factory.mktemp("student")
    random = np.random.default_rng(3)
    images = []
    for number in range(20):
        path = folder / f"{number}.png"
        Image.fromarray(random.integers(0, 256, (40, 40, 3), np.uint8)).save(path)
        images.append(SourceImage("mine", path, held_out=False))
    plain = folder / "plain.npz"
    save_student(plain, PLAIN, build_backbone(PLAIN).get_weights())
    weights = random.normal(size=(3, 1280)).astype(np.float32)
    looked_at = []

    def teacher(batch: np.ndarray) -> np.ndarray:
        return (1 + batch.mean((1, 2)) @ weights)[:, None, None]

    out = add_readout(
        plain, images, teacher, folder / "readout.npz", rank=RANK,
        report=lambda done, total: looked_at.append((done, total)),
    )  # fmt: skip
    assert looked_at == [(16, 20), (20, 20)]
    return plain, out


def test_a_student_with_a_readout_computes_with_it(with_readout: tuple[Path, Path]) -> None:
    """That such a student is served as it computes, test_export says."""
    plain_file, file = with_readout
    spec, weights = load_student(file)
    assert spec == StudentSpec(PLAIN.width, PLAIN.input_size, RANK)
    batch = np.random.default_rng(4).uniform(-1, 1, (2, 32, 32, 3)).astype(np.float32)
    student = build_backbone(spec)
    student.set_weights(weights)
    bare = build_backbone(PLAIN)
    bare.set_weights(load_student(plain_file)[1])
    seen = np.asarray(bare(batch, training=False))
    wanted = applied(weights[-3:], seen)
    np.testing.assert_allclose(np.asarray(student(batch, training=False)), wanted, atol=1e-3)
    assert np.abs(wanted - seen).max() > 0.2


def test_a_further_training_begins_without_the_readout(with_readout: tuple[Path, Path]) -> None:
    plain, file = with_readout
    started = starting_weights(file, PLAIN)
    assert [w.tolist() for w in started] == [w.tolist() for w in load_student(plain)[1]]
