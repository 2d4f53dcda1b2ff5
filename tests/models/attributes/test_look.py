"""Look: what can be measured of any picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.attributes.look import read_look


def look_of(image: Image.Image) -> tuple[float, float, float]:
    look = read_look(image, faces=0)
    return look.colourfulness, look.sharpness, look.brightness


def test_plain_pictures_have_the_ends_of_the_ranges() -> None:
    assert look_of(Image.new("RGB", (64, 64), "black")) == (0.0, 0.0, 0.0)
    assert look_of(Image.new("RGB", (64, 64), "white")) == pytest.approx((0, 0, 1), abs=1e-4)


def test_a_chequered_picture_is_as_sharp_as_can_be() -> None:
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    image = Image.fromarray(board.astype(np.uint8)).convert("RGB")
    colours, sharpness, brightness = look_of(image)
    assert (colours, brightness) == pytest.approx((0, 0.5), abs=1e-3)
    assert sharpness == pytest.approx(4, abs=0.01)


def test_colourfulness_is_that_of_the_paper() -> None:
    """Half red and half green: rg is ±255 and yb is 127.5, by hand from Hasler & Süsstrunk."""
    image = Image.new("RGB", (64, 64), (255, 0, 0))
    image.paste((0, 255, 0), (32, 0, 64, 64))
    assert look_of(image)[0] == pytest.approx(255 + 0.3 * 127.5)


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=30, deadline=None)
def test_every_picture_is_within_the_ranges(size: tuple[int, int], seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3)).astype(np.uint8)
    colours, sharpness, brightness = look_of(Image.fromarray(pixels))
    assert 0 <= colours <= 300
    assert 0 <= sharpness <= 4.0001
    assert 0 <= brightness <= 1.0001


def test_the_size_of_a_picture_decides_little() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    small = Image.fromarray(pixels).resize((256, 256), Image.Resampling.BICUBIC)
    large = small.resize((1024, 1024), Image.Resampling.BICUBIC)
    assert look_of(large) == pytest.approx(look_of(small), rel=0.1, abs=0.02)
