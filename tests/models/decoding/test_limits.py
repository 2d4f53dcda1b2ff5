"""What would cost too much, and how large images are reduced."""

import struct
from unittest.mock import Mock

import pytest
from PIL import Image, ImageChops, ImageFile

from models.decoding import DecodeLimits, ImageUnread, decode
from tests.fixtures import images
from tests.models.decoding.decoded import WHOLE, difference, refusal


def test_a_want_of_memory_says_nothing_of_the_image(monkeypatch: pytest.MonkeyPatch) -> None:
    for want in (
        MemoryError(),
        OSError(12, "Cannot allocate memory"),
        RuntimeError("Out of memory"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(ImageFile.ImageFile, "load", Mock(side_effect=want))
            with pytest.raises(ImageUnread, match="try again later"):
                decode(WHOLE["PNG"])
    assert decode(WHOLE["PNG"])


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_large_images_are_reduced_but_never_below_twice_the_size(image_format: str) -> None:
    data = images.encode(images.photo(1000, 650), image_format, quality=95)
    for size in (224, 100, 32):
        decoded = decode(data, size=size)
        assert (decoded.width, decoded.height) == (1000, 650)
        assert 2 * size <= min(decoded.pixels.size) < 4 * size
        shape = decoded.pixels.size
        expected = images.photo(1000, 650).resize(shape, Image.Resampling.BOX)
        assert difference(decoded.pixels, expected) < 6


def test_reduction_in_strips_leaves_no_seams() -> None:
    image = images.photo(1500, 1400).convert("RGBA")
    image.putalpha(128)
    decoded = decode(images.encode(image, "PNG", compress_level=1), size=100)
    white = Image.new("RGBA", image.size, "white")
    expected = Image.alpha_composite(white, image).convert("RGB").reduce(7)
    assert decoded.pixels.size == expected.size == (215, 200)
    largest = ImageChops.difference(decoded.pixels, expected).getextrema()
    assert max(high for _, high in largest) <= 2  # type: ignore[misc]


def test_limits_are_the_callers() -> None:
    data = images.encode(images.photo(), "PNG")
    pixels = 96 * 64
    assert decode(data, limits=DecodeLimits(max_bytes=len(data), max_pixels=pixels))
    too_large = refusal(data, limits=DecodeLimits(max_bytes=len(data) - 1))
    too_many = refusal(data, limits=DecodeLimits(max_pixels=pixels - 1))
    too_heavy = refusal(data, limits=DecodeLimits(max_memory=pixels * 4))
    assert too_large.reason == "too_large"
    assert too_many.reason == too_heavy.reason == "too_many_pixels"


def test_a_long_image_that_must_be_turned_is_counted_twice() -> None:
    limits = DecodeLimits(max_memory=96 * 64 * 6)
    plain = images.encode(images.photo().convert("L"), "PNG")
    exif = Image.Exif()
    exif[images.ORIENTATION] = 6
    turned = images.encode(images.photo().convert("L"), "PNG", exif=exif)
    assert decode(plain, limits=limits)
    assert refusal(turned, limits=limits).reason == "too_many_pixels"


def test_a_text_bomb_is_skipped() -> None:
    assert decode(images.text_bomb()).pixels.size == (2, 2)


@pytest.mark.parametrize(
    "data",
    [
        WHOLE["JPEG"][:2] + b"\xff\xe1\0\x0aExif\0\0ab" * 30_000 + WHOLE["JPEG"][2:],
        WHOLE["PNG"][:33] + images.png_chunk(b"abCd", b"") * 30_000 + WHOLE["PNG"][33:],
        WHOLE["GIF"][:781] + b"!\xfe" + b"\x01a" * 300_000 + b"\0" + WHOLE["GIF"][781:],
        WHOLE["WEBP"] + b"junk\0\0\0\0" * 30_000,
        WHOLE["AVIF"] + b"\0\0\0\x08free" * 30_000,
        WHOLE["HEIC"] + b"\0\0\0\x08free" * 30_000,
        b"II*\0\x08\0\0\0\xff\xff" + WHOLE["TIFF"],
    ],
    ids=("JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIC", "TIFF"),
)
def test_a_file_of_endless_parts_is_refused_or_cut(data: bytes) -> None:
    if data.startswith(b"RIFF"):  # what lies after the RIFF chunk is not the image
        assert decode(data).format == "WEBP"
        data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    assert refusal(data).reason == "too_complex"


def test_an_image_size_that_its_data_cannot_fill_is_refused() -> None:
    assert refusal(images.png(5000, 5000, 8, 2, b"\0\0\0\0")).reason == "truncated"


def test_a_gif_frame_beyond_its_screen_counts() -> None:
    data = b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0" + struct.pack("<HH", 60_000, 60_000) + b"\0\x02\0;"
    assert refusal(data).reason == "too_many_pixels"


def test_a_webp_canvas_counts_not_its_frame() -> None:
    data = bytearray(images.animated_webp())
    assert data[12:16] == b"VP8X"
    data[24:30] = (16_382).to_bytes(3, "little") * 2
    assert refusal(bytes(data)).reason == "too_many_pixels"
