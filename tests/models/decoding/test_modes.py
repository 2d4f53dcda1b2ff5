"""Depths, palettes, transparency and CMYK."""

import struct

import numpy as np
import pytest
from PIL import Image

from models.decoding import decode
from tests.fixtures import images
from tests.models.decoding.decoded import difference


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    row = np.asarray(decode(images.grey16()).pixels)[8]
    assert np.array_equal(row[:, 0], np.arange(256))
    assert np.array_equal(row[:, 0], row[:, 2])


def test_sixteen_bit_colour_with_alpha() -> None:
    clear, half = struct.pack(">4H", 0, 0, 0, 0), struct.pack(">4H", 0x8000, 0, 0, 0xFFFF)
    pixels = decode(images.png(2, 1, 16, 6, b"\0" + clear + half)).pixels
    assert np.asarray(pixels).tolist() == [[[255, 255, 255], [128, 0, 0]]]


def test_cmyk_has_its_colours() -> None:
    assert difference(decode(images.cmyk()).pixels, images.photo()) < 4


def test_palette_transparency_is_white() -> None:
    pixels = decode(images.palette_with_transparency()).pixels
    assert pixels.getpixel((0, 0)) == (255, 255, 255)
    assert pixels.getpixel((16, 16)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("depth", "colour", "row", "transparent"),
    [
        (1, 0, b"\x40", (0,)),
        (2, 0, b"\x30", (0,)),
        (2, 0, b"\xc0", (3,)),
        (4, 0, b"\xf0", (15,)),
        (8, 0, b"\x07\x00", (7,)),
        (16, 0, struct.pack(">2H", 0x1234, 0), (0x1234,)),
        (8, 2, b"\x01\x02\x03\x00\x00\x00", (1, 2, 3)),
        (16, 2, struct.pack(">6H", 0x1234, 0x5678, 0x9ABC, 0, 0, 0), (0x1234, 0x5678, 0x9ABC)),
    ],
)
def test_one_transparent_colour_at_every_depth(
    depth: int, colour: int, row: bytes, transparent: tuple[int, ...]
) -> None:
    trns = images.png_chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
    pixels = decode(images.png(2, 1, depth, colour, b"\0" + row, trns)).pixels
    assert pixels.getpixel((0, 0)) == (255, 255, 255)
    if (depth, transparent) not in {(1, (0,)), (2, (0,))}:
        assert pixels.getpixel((1, 0)) == (0, 0, 0)


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "1"])
def test_every_mode_comes_out_as_rgb_on_white(mode: str) -> None:
    image = images.photo().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    white = Image.new("RGBA", image.size, "white")
    expected = Image.alpha_composite(white, image) if "A" in mode else images.photo()
    if mode in ("L", "LA", "1"):
        image = image if "A" in mode else images.photo()
        expected = expected.convert("LA" if mode == "LA" else mode)
    source = image if "A" in mode else images.photo()
    decoded = decode(images.encode(source.convert(mode), "PNG")).pixels
    assert difference(decoded, expected.convert("RGB")) < (20 if mode == "P" else 3)
