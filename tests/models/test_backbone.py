import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from models.backbone import EMBEDDING_SIZE, Backbone, BackboneUnusable, read_info
from models.backbone_files import STARTER, find_backbone
from models.preprocessing import to_input
from tests.fixtures.images import photo


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    return Backbone.load(STARTER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the starter that a test may damage."""
    return Path(
        shutil.copytree(STARTER, tmp_path / "starter", ignore=shutil.ignore_patterns("champion"))
    )


def batch(backbone: Backbone, count: int) -> np.ndarray:
    sizes = [(96 + 40 * number, 64 + 8 * number) for number in range(count)]
    return np.stack([to_input(photo(*size), backbone.input_size) for size in sizes])


def test_an_image_becomes_1280_numbers(backbone: Backbone) -> None:
    embeddings = backbone.embed(batch(backbone, 3))
    assert embeddings.shape == (3, EMBEDDING_SIZE)
    assert embeddings.dtype == np.float32
    assert np.isfinite(embeddings).all()


def test_different_images_look_different_and_the_same_the_same(backbone: Backbone) -> None:
    images = batch(backbone, 2)
    images[1] = -images[1]
    first, second = backbone.embed(images)
    assert np.abs(first - second).max() > 0.1
    assert (backbone.embed(images[:1])[0] == first).all()


def test_an_image_is_embedded_the_same_in_any_company(backbone: Backbone) -> None:
    images = batch(backbone, 3)
    together = backbone.embed(images)
    alone = np.concatenate([backbone.embed(image[np.newaxis]) for image in images])
    assert (together == alone).all()


def test_no_images_no_embeddings(backbone: Backbone) -> None:
    size = backbone.input_size
    assert backbone.embed(np.empty((0, size, size, 3), np.float32)).shape == (0, EMBEDDING_SIZE)


def test_threads_do_not_disturb_each_other(backbone: Backbone) -> None:
    images = batch(backbone, 4)
    expected = backbone.embed(images)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: backbone.embed(images[n : n + 1])[0], [0, 1, 2, 3] * 5))
    for number, embedding in enumerate(found):
        assert (embedding == expected[number % 4]).all()


def test_a_backbone_says_what_it_is(backbone: Backbone) -> None:
    info = read_info(STARTER)
    assert backbone.info == info
    assert (backbone.fingerprint, backbone.input_size) == (info.fingerprint, info.input_size)
    assert len(info.fingerprint) == len(info.tflite_sha256) == 64


def test_a_damaged_file_is_found_out(folder: Path) -> None:
    with (folder / "backbone.tflite").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    with pytest.raises(BackboneUnusable, match="damaged"):
        Backbone.load(folder)


def test_a_missing_file_is_found_out(folder: Path) -> None:
    (folder / "backbone.tflite").unlink()
    with pytest.raises(BackboneUnusable, match="cannot be read"):
        Backbone.load(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"name": "x", "input_size": "big"}'])
def test_a_damaged_description_is_found_out(folder: Path, content: str) -> None:
    (folder / "backbone.json").write_text(content)
    with pytest.raises(BackboneUnusable, match="no usable backbone"):
        Backbone.load(folder)


def test_what_is_no_network_is_found_out_when_it_is_used(backbone: Backbone) -> None:
    rubbish = Backbone(b"not a network", backbone.info)
    with pytest.raises(BackboneUnusable, match="LiteRT cannot read"):
        rubbish.embed(batch(backbone, 1))


def test_a_backbone_is_found_by_its_fingerprint(tmp_path: Path, folder: Path) -> None:
    assert find_backbone(tmp_path / "none", read_info(STARTER).fingerprint) == STARTER
    content = json.loads((folder / "backbone.json").read_text())
    (folder / "backbone.json").write_text(json.dumps(content | {"fingerprint": "d" * 64}))
    assert find_backbone(tmp_path, "d" * 64) == folder


def test_a_backbone_that_is_not_there_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(BackboneUnusable, match="PEORIA_BACKBONE"):
        find_backbone(tmp_path, "d" * 64)


def test_a_damaged_neighbour_does_not_hide_a_backbone(tmp_path: Path, folder: Path) -> None:
    content = json.loads((folder / "backbone.json").read_text())
    (folder / "backbone.json").write_text(json.dumps(content | {"fingerprint": "d" * 64}))
    (tmp_path / "a_damaged_one").mkdir()
    (tmp_path / "a_damaged_one" / "backbone.json").write_text("{")
    assert find_backbone(tmp_path, "d" * 64) == folder
