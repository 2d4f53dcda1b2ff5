import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.fixtures.small_files import small_files
from trainer.backbone import distill_schedule, distill_smoke, distill_step, distill_teacher
from trainer.backbone.distill_crops import CropStore, random_crop, to_network
from trainer.backbone.distill_images import SourceImage, draw_captions, find_images, is_held_out

SHARES = st.floats(0, 1)


@given(SHARES, SHARES)
def test_the_learning_rate_rises_once_and_falls_to_zero(a: float, b: float) -> None:
    early, late = sorted((a, b))
    rates = [distill_schedule.learning_rate_share(x, 0.1) for x in (early, late)]
    assert all(0 <= rate <= 1 for rate in rates)
    if early >= 0.1:
        assert rates[0] >= rates[1]
    assert distill_schedule.learning_rate_share(1.0, 0.1) == pytest.approx(0)


@given(SHARES, st.sampled_from([32, 96, 128, 160, 192, 224]))
def test_training_ends_at_the_size_of_serving(done: float, size: int) -> None:
    assert 32 <= distill_schedule.size_at(done, size) <= size
    assert distill_schedule.size_at(done, size) % 32 == 0
    assert distill_schedule.size_at(1.0, size) == size


@given(st.integers(1, 12), st.integers(1, 12))
def test_shrinking_a_map_keeps_its_mean(large: int, small: int) -> None:
    small = min(small, large)
    matrix = distill_step.area_matrix(large, small)
    assert matrix.shape == (small, large)
    np.testing.assert_allclose(matrix.sum(1), 1, rtol=1e-5)
    np.testing.assert_allclose(matrix.sum(0), small / large, rtol=1e-4)


def test_agreement_is_perfect_for_the_teacher_and_nothing_for_its_mean() -> None:
    teacher = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    cosine, explained = distill_teacher.agreement(teacher, teacher)
    assert cosine == pytest.approx(1)
    assert explained == pytest.approx(1)
    _, explained = distill_teacher.agreement(np.repeat(teacher.mean(0)[None], 50, 0), teacher)
    assert explained == pytest.approx(0, abs=1e-5)


@given(st.sampled_from(["corpus", "genres", "faces", "mine"]), st.text(min_size=1))
def test_the_hold_out_depends_on_names_alone(source: str, group: str) -> None:
    assert is_held_out(source, group) == is_held_out(source, group)


def test_about_the_wanted_share_is_held_out() -> None:
    for source, percent in (("corpus", 5), ("genres", 50), ("reddit_memes", 20)):
        share = np.mean([is_held_out(source, str(i)) for i in range(4000)])
        assert abs(100 * share - percent) < 3


def test_a_group_is_never_split(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    rows = [f"{i}.png,S{i // 4}" for i in range(80)]
    (folder / "index.csv").write_text("path,group\n" + "\n".join(rows))
    images = find_images([tmp_path])
    assert len(images) == 80
    assert {image.source for image in images} == {"faces"}
    for start in range(0, 80, 4):
        assert len({image.held_out for image in images[start : start + 4]}) == 1


def test_captions_are_drawn_on_a_copy() -> None:
    image = Image.new("RGB", (200, 100), "blue")
    drawn = draw_captions(image, ("when the tests pass", "x" * 300))
    assert drawn.size == image.size
    assert image.getcolors() == [(20000, (0, 0, 255))]
    assert (255, 255, 255) in {colour for _, colour in drawn.getcolors(20000) or []}


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32))
def test_a_crop_of_any_image_is_a_square(width: int, height: int, seed: int) -> None:
    image = Image.new("RGB", (width, height), "white")
    crop = random_crop(image, np.random.default_rng(seed), 24)
    assert crop.shape == (24, 24, 3)
    assert crop.min() == 255


def test_network_input_spans_minus_one_to_one() -> None:
    assert to_network(np.array([0, 255], np.uint8)).tolist() == [-1, 1]


@pytest.fixture
def images(tmp_path: Path) -> list[SourceImage]:
    distill_smoke.draw_images(tmp_path / "drawn", 12)
    return find_images([tmp_path / "drawn"])


def _mean_colour(batch: np.ndarray) -> np.ndarray:
    """A teacher whose map [n, 7, 7, 3] is the picture itself, made small."""
    return batch.reshape(len(batch), 7, 32, 7, 32, 3).mean((2, 4)).astype(np.float32)


def _store(folder: Path, rows: int = 20, seed: int = 1) -> CropStore:
    return CropStore(folder, rows=rows, size=28, map_shape=(7, 7, 3), seed=seed)


def test_a_disk_without_room_for_the_crops_is_an_error_and_not_the_end_of_the_process(
    tmp_path: Path,
) -> None:
    with small_files(20 * 28 * 28 * 3), pytest.raises(OSError, match="too large"):
        # There is room for the crops, and not for the maps.
        CropStore(tmp_path / "store", rows=20, size=28, map_shape=(7, 7, 99), seed=1)
    assert not [*(tmp_path / "store").iterdir()]
    _store(tmp_path / "store")


def test_an_interrupted_store_goes_on_where_it_stopped(
    tmp_path: Path, images: list[SourceImage]
) -> None:
    whole = _store(tmp_path / "whole")
    whole.fill(images, _mean_colour, threading.Event())
    assert whole.ready == 20

    stop = threading.Event()

    def stopping(batch: np.ndarray) -> np.ndarray:
        stop.set()
        return _mean_colour(batch)

    first = _store(tmp_path / "parts")
    first.fill(images, stopping, stop)
    assert 0 < first.ready < 20
    second = _store(tmp_path / "parts")
    assert second.ready == first.ready
    second.fill(images, _mean_colour, threading.Event())
    np.testing.assert_array_equal(second.crops, whole.crops)
    np.testing.assert_array_equal(second.maps, whole.maps)


def test_a_store_of_another_run_is_refused(tmp_path: Path) -> None:
    _store(tmp_path / "store")
    with pytest.raises(ValueError, match="another run"):
        _store(tmp_path / "store", seed=2)


def test_a_damaged_image_stops_the_filling_with_its_error(tmp_path: Path) -> None:
    damaged = tmp_path / "a.png"
    damaged.write_bytes(b"not an image")
    store = _store(tmp_path / "store")
    with pytest.raises(OSError, match="cannot identify"):
        store.fill([SourceImage("x", damaged, held_out=False)], _mean_colour, threading.Event())
    assert isinstance(store.failure, OSError)


def test_a_mirrored_crop_comes_with_its_mirrored_map(
    tmp_path: Path, images: list[SourceImage]
) -> None:
    store = _store(tmp_path / "store")
    store.fill(images, _mean_colour, threading.Event())
    crops, maps = store.draw(np.random.default_rng(0), 64)
    small = to_network(crops).reshape(64, 7, 4, 7, 4, 3).mean((2, 4))
    np.testing.assert_allclose(small, maps.astype(np.float32), atol=0.02)


def test_the_fast_forward_pass_is_the_network_of_keras() -> None:
    import tensorflow as tf

    from trainer.backbone.distill_student import build_student, forward_in_training
    from trainer.backbone.student_weights import StudentSpec

    model = build_student(StudentSpec(0.35, 64))
    batch = tf.random.stateless_uniform((4, 64, 64, 3), (1, 2), -1.0, 1.0)
    ours, statistics = forward_in_training(model, batch)
    np.testing.assert_allclose(ours, model(batch, training=True), atol=2e-3)
    norms = [layer for layer in model.layers if "BatchNorm" in type(layer).__name__]
    assert len(statistics) == 2 * len(norms)


def test_half_precision_stays_near_single() -> None:
    import keras
    import tensorflow as tf

    from trainer.backbone.distill_student import build_student, forward_in_training
    from trainer.backbone.student_weights import StudentSpec

    keras.utils.set_random_seed(1)  # some first weights are less fit for half precision
    spec = StudentSpec(0.35, 32)
    single, half = build_student(spec), build_student(spec, "mixed_bfloat16")
    half.set_weights(single.get_weights())
    batch = tf.random.stateless_uniform((8, 64, 64, 3), (1, 2), -1.0, 1.0)
    wanted, got = (forward_in_training(model, batch)[0] for model in (single, half))
    assert got.dtype == tf.bfloat16
    assert {v.dtype for v in half.weights} == {"float32"}
    assert np.corrcoef(np.ravel(wanted), np.ravel(tf.cast(got, tf.float32)))[0, 1] > 0.9


def test_the_orthogonal_part_has_singular_values_near_one() -> None:
    from trainer.backbone.distill_optimizer import orthogonal_part

    random = np.random.default_rng(0)
    for shape in ((8, 24), (24, 8), (16, 16)):
        matrix = orthogonal_part(random.normal(size=shape).astype(np.float32))
        values = np.linalg.svd(np.asarray(matrix), compute_uv=False)
        assert matrix.shape == shape
        assert values.min() > 0.3
        assert values.max() < 1.4


def test_some_photos_get_a_caption_and_other_pictures_never(
    tmp_path: Path,
) -> None:
    grey = tmp_path / "grey.png"
    Image.new("RGB", (300, 200), (60, 60, 60)).save(grey)
    template = SourceImage("imgflip", grey, held_out=False, captions=("WHEN THE TESTS PASS",))

    def share_with_letters(source: str) -> float:
        images = [SourceImage(source, grey, held_out=False), template]
        store = CropStore(tmp_path / source, rows=80, size=32, map_shape=(1, 1, 1), seed=5)
        store.fill(images[:1], lambda batch: np.zeros((len(batch), 1, 1, 1)), threading.Event())
        assert len({tuple(crop.reshape(-1)) for crop in np.array(store.crops)}) == 1
        captioned = CropStore(
            tmp_path / f"{source}2", rows=80, size=32, map_shape=(1, 1, 1), seed=5
        )
        captioned.fill(images, lambda batch: np.zeros((len(batch), 1, 1, 1)), threading.Event())
        return float(np.mean([np.ptp(crop) > 0 for crop in captioned.crops]))

    assert share_with_letters("corpus") > share_with_letters("faces") + 0.05
