"""What phones and scanners make: HEIC, AVIF, TIFF and BMP."""

import struct
import tracemalloc

import pytest
from PIL import Image, TiffImagePlugin

from models.decoding import DecodeLimits, decode
from tests.fixtures import images
from tests.models.decoding.decoded import WHOLE, decoded_or_refused, difference, refusal


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_an_avif_is_turned(orientation: int) -> None:
    decoded = decode(images.rotated(orientation, "AVIF"))
    assert (decoded.width, decoded.height) == decoded.pixels.size == (96, 64)
    assert difference(decoded.pixels, images.photo()) < 6


def test_an_avif_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    data = bytearray(images.encode(images.photo(), "AVIF"))
    place = data.index(b"ispe") + 8
    data[place : place + 8] = struct.pack(">II", 60_000, 60_000)
    assert refusal(bytes(data)).reason == "too_many_pixels"


@pytest.mark.parametrize(
    "name", [each for each in WHOLE if "IFF" in each or "HEIC" in each or "BMP" in each]
)
def test_photos_of_phones_and_scanners_have_their_colours(name: str) -> None:
    decoded = decode(WHOLE[name])
    expected = images.photo(decoded.width, decoded.height)
    assert difference(decoded.pixels, expected) < (20 if "palette" in name else 8)


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize("kind", ["HEIF", "TIFF"])
def test_a_heic_and_a_tiff_are_turned(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[images.ORIENTATION] = orientation
    stored = images.photo().rotate({3: 180, 6: 90, 8: 270}[orientation], expand=True)
    options = {"exif": exif.tobytes()} if kind == "HEIF" else {"tiffinfo": {274: orientation}}
    decoded = decode(images.encode(stored, kind, **options))
    assert (decoded.width, decoded.height) == decoded.pixels.size == (96, 64)
    assert difference(decoded.pixels, images.photo()) < 8


def test_a_fax_is_not_read_because_its_damage_would_fill_the_log() -> None:
    data = images.encode(images.photo().convert("1"), "TIFF", compression="group4")
    assert refusal(data).reason == "too_complex"


def test_a_heic_that_announces_less_than_it_codes_is_refused_or_small() -> None:
    """A header of few pixels before a frame of many must not cost the memory of many."""
    data = bytearray(images.encode(images.photo(1000, 800), "HEIF"))
    place = data.index(b"ispe") + 8
    data[place : place + 8] = struct.pack(">II", 64, 64)
    assert decoded_or_refused(bytes(data)) is None


@pytest.mark.parametrize("kind", ["HEIF", "TIFF", "BMP"])
def test_too_many_pixels_are_refused_by_the_header(kind: str) -> None:
    data = images.encode(images.photo(), kind)
    assert refusal(data, limits=DecodeLimits(max_pixels=96 * 64 - 1)).reason == "too_many_pixels"
    assert refusal(data, limits=DecodeLimits(max_memory=96 * 64)).reason == "too_many_pixels"


@pytest.mark.parametrize("tag", [256, 257, 273, 279, 322])
def test_a_tiff_with_any_number_in_its_directory_costs_little(tag: int) -> None:
    data = WHOLE["TIFF by LZW"]
    (directory,) = struct.unpack_from("<I", data, 4)
    for number in (0, 1, 65_535, 2**31, 2**32 - 1):
        changed = bytearray(data)
        struct.pack_into("<HHII", changed, directory + 2, tag, 4, 1, number)
        decoded_or_refused(bytes(changed))


def test_what_a_tiff_says_of_itself_is_not_read() -> None:
    """60 entries of the whole file each would be copied 60 times."""
    tags = {40_000 + each: b"x" * 300_000 for each in range(60)}
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in tags.items():
        info.tagtype[tag] = 7
        info[tag] = value
    data = images.encode(images.photo(), "TIFF", tiffinfo=info)
    assert len(data) > 17_000_000
    tracemalloc.start()
    assert decode(data).format == "TIFF"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * len(data)
