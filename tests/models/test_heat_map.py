import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.backbone import Backbone
from models.backbone_files import STARTER
from models.heat_map import contributions, paint
from models.preprocessing import to_input
from tests.fixtures.images import photo


def opened(png: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def test_places_that_raise_the_percentile_are_told_from_those_that_lower_it() -> None:
    seen = np.zeros((2, 2, 3), np.float32)
    seen[0, 0, 0] = seen[1, 1, 1] = 4.0
    places = contributions(seen, np.array([0.5, -0.5, 9.0]))
    assert places.tolist() == [[0.5, 0.0], [0.0, -0.5]]


@given(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_what_one_place_adds_the_others_take(height: int, width: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    seen = random.random((height, width, 5), np.float32)
    places = contributions(seen, random.normal(size=5))
    assert places.shape == (height, width)
    assert places.sum() == pytest.approx(0, abs=1e-6)


def test_the_map_of_the_starter_is_what_its_embedding_is_the_mean_of() -> None:
    backbone = Backbone.load(STARTER)
    image = to_input(photo(), backbone.input_size)
    seen = backbone.feature_map(image)
    assert seen is not None
    np.testing.assert_allclose(
        seen.mean((0, 1)), backbone.embed(image[np.newaxis])[0], rtol=1e-4, atol=1e-4
    )


def test_the_picture_is_orange_where_it_is_for_and_blue_where_it_is_against() -> None:
    grey = np.full((80, 160, 3), 128, np.uint8)
    painted = opened(paint(Image.fromarray(grey), np.array([[1.0, -0.5]])))
    assert painted.shape == grey.shape
    left, right = painted[40, 10], painted[40, 150]
    assert left[0] > left[1] > left[2]
    assert right[2] > right[1] > right[0]


def test_where_nothing_speaks_nothing_is_painted() -> None:
    grey = np.full((8, 8, 3), 128, np.uint8)
    assert (opened(paint(Image.fromarray(grey), np.zeros((4, 4)))) == 128).all()


@pytest.mark.parametrize(("width", "height"), [(2000, 30), (30, 2000), (513, 513), (1, 1)])
def test_large_pictures_are_made_small(width: int, height: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    painted = opened(paint(Image.fromarray(picture), np.eye(4)))
    assert max(painted.shape[:2]) == min(512, max(width, height))
