import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.decoding import decode
from models.preprocessing import perceptual_hash, to_input
from tests.fixtures import images


def bits_apart(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def scene(seed: int) -> Image.Image:
    """Blurred noise: as varied at low frequencies as a photograph."""
    noise = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((480, 360), Image.Resampling.BICUBIC)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(1, 96),
    st.sampled_from(["RGB", "L", "P", "RGBA"]),
)
def test_shape_type_and_range(width: int, height: int, size: int, mode: str) -> None:
    array = to_input(images.photo(width, height).convert(mode), size)
    assert array.shape == (size, size, 3)
    assert array.dtype == np.float32
    assert array.min() >= -1
    assert array.max() <= 1


def test_black_and_white_are_the_ends_of_the_range() -> None:
    assert np.all(to_input(Image.new("RGB", (50, 20), "black"), 8) == -1)
    assert np.all(to_input(Image.new("RGB", (50, 20), "white"), 8) == 1)


def test_channels_are_in_the_order_red_green_blue() -> None:
    array = to_input(Image.new("RGB", (5, 5), (255, 0, 255)), 4)
    assert array[0, 0].tolist() == [1, -1, 1]


def test_a_wide_image_is_squashed_not_cropped() -> None:
    image = Image.new("RGB", (400, 100), "white")
    image.paste("black", (0, 0, 100, 100))
    array = to_input(image, 16)
    assert np.all(array[:, :3] == -1)
    assert np.all(array[:, 5:] == 1)


def test_a_fine_pattern_is_averaged_not_sampled() -> None:
    checks = (np.indices((448, 448)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert np.abs(to_input(Image.fromarray(checks), 32)).max() < 0.02


@pytest.mark.parametrize("seed", range(8))
def test_hash_is_that_of_imagehash(seed: int) -> None:
    small = scene(seed).resize((191, 143))
    assert perceptual_hash(small) == str(imagehash.phash(small))
    # A larger one is averaged first.
    assert bits_apart(perceptual_hash(scene(seed)), str(imagehash.phash(scene(seed)))) <= 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("image_format", "options", "scale"),
    [
        ("JPEG", {"quality": 40}, 1.0),
        ("JPEG", {"quality": 85}, 0.5),
        ("WEBP", {"quality": 50}, 1.0),
        ("PNG", {}, 0.7),
        ("JPEG", {"quality": 90}, 4.0),
    ],
)
def test_hash_survives_encoding_again(
    seed: int, image_format: str, options: dict[str, int], scale: float
) -> None:
    original = scene(seed)
    size = int(original.width * scale), int(original.height * scale)
    data = images.encode(original.resize(size), image_format, **options)
    assert bits_apart(perceptual_hash(decode(data).pixels), perceptual_hash(original)) <= 4


def test_hashes_of_different_images_are_far_apart() -> None:
    hashes = [perceptual_hash(scene(seed)) for seed in range(12)]
    apart = [bits_apart(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) >= 12


@pytest.mark.parametrize("colour", ["black", "white", (3, 77, 200)])
def test_hash_of_a_flat_image_is_not_noise(colour: str | tuple[int, int, int]) -> None:
    expected = "0" * 16 if colour == "black" else "8" + "0" * 15
    for size in ((1, 1), (77, 300), (640, 480)):
        assert perceptual_hash(Image.new("RGB", size, colour)) == expected


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 80), st.integers(1, 80))
def test_hash_is_sixteen_hex_digits(width: int, height: int) -> None:
    digits = perceptual_hash(images.photo(width, height))
    assert len(digits) == 16
    assert int(digits, 16) >= 0
