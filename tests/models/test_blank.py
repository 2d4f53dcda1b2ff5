"""What holds no picture is told from what holds a plain one."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.blank import LEAST_LIKENESS, LEAST_SPREAD, is_blank
from models.decoding import decode
from models.preprocessing import to_input
from tests.fixtures import images


def blank(image: Image.Image, container: str = "PNG") -> bool:
    decoded = decode(images.encode(image, container))
    return is_blank(to_input(decoded.pixels, 224), decoded.width, decoded.height)


def word_on(colour: str) -> Image.Image:
    picture = Image.new("RGB", (600, 400), colour)
    ImageDraw.Draw(picture).rectangle((250, 180, 330, 200), fill="black")
    return picture


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGB", (1, 1), "red"),
        Image.new("RGBA", (300, 200), (40, 90, 200, 0)),
        Image.new("RGB", (300, 200), (12, 200, 40)),
        Image.effect_noise((4000, 2), 90).convert("RGB"),
        Image.effect_noise((4000, 20), 90).convert("RGB"),
        Image.effect_noise((224, 224), 90).convert("RGB"),
        Image.effect_noise((900, 700), 60).convert("RGB"),
        Image.fromarray(np.random.default_rng(2).integers(0, 256, (300, 300, 3), np.uint8)),
    ],
    ids=[
        "one pixel",
        "transparent",
        "one colour",
        "a line",
        "a strip",
        "noise",
        "large noise",
        "colours",
    ],
)
def test_nothing_to_see(image: Image.Image) -> None:
    assert blank(image)


def test_the_noise_of_saving_one_colour_is_no_picture() -> None:
    rough = np.full((200, 300, 3), 128) + np.random.default_rng(1).integers(-3, 4, (200, 300, 3))
    assert blank(Image.fromarray(rough.astype(np.uint8)), "JPEG")


def test_the_bounds_are_those_of_the_definition() -> None:
    """Pictures between one colour, noise and a photo: as worked out by NumPy's own functions."""
    random = np.random.default_rng(5)
    photo = to_input(images.photo(300, 200), 224)
    told: list[bool] = []
    for _ in range(60):
        noise = random.uniform(-1, 1, photo.shape)
        tensor = (photo * random.choice([0, 0.03, 0.3]) + noise * random.choice([0, 0.03, 0.3])
                  + random.uniform(-0.3, 0.3, 3)).astype(np.float32)  # fmt: skip
        brightness = tensor.astype(float).mean(axis=2)
        spread = tensor.astype(float).std(axis=(0, 1)).max() * 127.5
        with np.errstate(divide="ignore", invalid="ignore"):
            likeness = max(
                np.corrcoef(brightness[:, 1:].ravel(), brightness[:, :-1].ravel())[0, 1],
                np.corrcoef(brightness[1:].ravel(), brightness[:-1].ravel())[0, 1],
            )
        told.append(is_blank(tensor, 300, 200))
        assert told[-1] == (spread < LEAST_SPREAD or likeness < LEAST_LIKENESS)
    assert 10 < sum(told) < 50


def stripes() -> Image.Image:
    """Rows of pixels that change in one direction alone, as lines of small print do."""
    rows = np.random.default_rng(3).integers(0, 256, (300, 1, 1), np.uint8)
    return Image.fromarray(np.broadcast_to(rows, (300, 300, 3)).copy())


def test_what_is_rough_in_one_direction_is_no_noise() -> None:
    assert not blank(stripes())


@pytest.mark.parametrize(
    "image", [images.photo(), word_on("white"), word_on("navy")], ids=["photo", "white", "dark"]
)
def test_a_plain_picture_is_one(image: Image.Image) -> None:
    assert not blank(image)
