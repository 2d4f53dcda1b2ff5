from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trainer.finetune import SIDE, FinetuneRefused, Picture, Plan, augmented, canvas, finetune


def picture(folder: Path, number: int) -> Picture:
    path = folder / f"{number}.png"
    shade = 255 * (number % 2)
    Image.new("RGB", (40, 30), (shade, shade, 128)).save(path)
    return Picture(path, np.eye(10)[9 * (number % 2)])


def test_crops_stay_in_the_backbones_range(tmp_path: Path) -> None:
    image = canvas(picture(tmp_path, 1).path)
    assert image is not None
    rng = np.random.default_rng(1)
    for _ in range(20):
        crop = augmented(image, rng)
        assert crop.shape == (SIDE, SIDE, 3)
        assert crop.min() >= -1
        assert crop.max() <= 1


def test_an_image_that_cannot_be_decoded_is_left_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not an image")
    assert canvas(broken) is None
    assert canvas(tmp_path / "missing.png") is None


def test_too_few_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FinetuneRefused, match="Only 3 labels"):
        finetune([picture(tmp_path, i) for i in range(3)], tmp_path / "w.h5", tmp_path / "o.h5")


def test_a_finetuned_backbone_is_a_weights_file_of_its_own(tmp_path: Path) -> None:
    import keras

    backbone = keras.applications.MobileNetV2(
        input_shape=(SIDE, SIDE, 3), include_top=False, pooling="avg", weights=None
    )
    weights, out = tmp_path / "before.weights.h5", tmp_path / "after.weights.h5"
    backbone.save_weights(weights)
    found = finetune(
        [picture(tmp_path, i) for i in range(12)], weights, out,
        plan=Plan(epochs=1, batch=6), min_labels=10,
    )  # fmt: skip
    assert len(found["losses"]) == 2
    assert np.isfinite(found["losses"]).all()
    assert out.exists() == found["written"]
    if found["written"]:
        changed = backbone.get_layer("Conv_1").get_weights()[0]
        first = backbone.get_layer("Conv1").get_weights()[0]
        backbone.load_weights(out)
        assert not np.array_equal(backbone.get_layer("Conv_1").get_weights()[0], changed)
        np.testing.assert_array_equal(backbone.get_layer("Conv1").get_weights()[0], first)
