"""Decoding: facts, orientation, refusals, and bytes of any kind."""

import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFile

from models.decoding import decode
from tests.fixtures import images
from tests.models.decoding.decoded import (
    FORMATS,
    RELAXED,
    WHOLE,
    decoded_or_refused,
    difference,
    refusal,
)


@pytest.mark.parametrize("name", sorted(images.BAD_IMAGES))
def test_every_bad_image_is_decoded_or_refused_as_listed(name: str) -> None:
    data = images.BAD_IMAGES[name]()
    if name in images.REFUSED:
        assert refusal(data).reason == images.REFUSED[name]
    else:
        assert decode(data).pixels.mode == "RGB"


@pytest.mark.parametrize("image_format", [*FORMATS, "HEIF"])
def test_facts_of_a_plain_image(image_format: str) -> None:
    data = images.encode(images.photo(), image_format)
    decoded = decode(data)
    assert (decoded.width, decoded.height) == decoded.pixels.size == (96, 64)
    assert decoded.format == image_format
    assert decoded.bytes == len(data)
    assert not decoded.animated
    assert difference(decoded.pixels, images.photo()) < 6


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied(orientation: int, image_format: str) -> None:
    decoded = decode(images.rotated(orientation, image_format))
    assert (decoded.width, decoded.height) == decoded.pixels.size == (96, 64)
    assert difference(decoded.pixels, images.photo()) < 4


@pytest.mark.parametrize("orientation", [0, 9, 99, 65_535])
def test_a_senseless_orientation_is_ignored(orientation: int) -> None:
    assert decode(images.rotated(orientation)).pixels.size == (96, 64)


def test_exif_of_broken_shape_is_ignored() -> None:
    for exif in (b"", b"II", b"MM\0*\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff\x12\x01"):
        body = b"Exif\0\0" + exif
        segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
        plain = WHOLE["JPEG"]
        assert decode(plain[:2] + segment + plain[2:]).pixels.size == (96, 64)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "not read"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video"),
        (b"\x1aE\xdf\xa3\1\0\0\0", "video"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n  <HTML lang=en>", "web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"II+\0\x08\0\0\0", "BigTIFF"),
        (b"II*\0\x10\0\0\0CR\2\0", "raw file"),
        (b"IIU\0\x08\0\0\0", "raw file"),
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"PK\x03\x04", "ZIP"),
        (b"PK\x03\x04\x14\0\6\0\x08\0\0\0!\0word/document.xml", "Office"),
        (b"Rar!\x1a\7\0", "packed archive"),
        (b"\x1f\x8b\x08\0", "packed archive"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\0\0\1\0\1\0\x10\x10", "icon"),
        (b"ID3\4\0", "sound"),
        (b"<!-- saved page -->\n<html>", "web page"),
        (b"\xef\xbb\xbf<!doctype HTML PUBLIC>", "web page"),
        (b'<?xml version="1.0"?>\n<!-- Inkscape -->\n<svg width="9">', "SVG"),
        (b'{"error": "not found"}', "answer of a server"),
        (bytes(400), "nothing but zeros"),
        (b"hello", "not an image"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(data: bytes, said: str) -> None:
    caught = refusal(data)
    assert caught.reason == "unsupported_format"
    assert said in str(caught)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_metadata_does_not_change_the_picture(image_format: str) -> None:
    plain = images.encode(images.photo(), image_format)
    laden = images.encode(
        images.photo(), image_format, icc_profile=bytes(5000), exif=b"Exif\0\0nonsense",
        xmp=b"<x:xmpmeta/>", comment=b"hello", dpi=(300, 300),
    )  # fmt: skip
    assert len(laden) > len(plain)
    assert difference(decode(plain).pixels, decode(laden).pixels) == 0


def test_pixels_with_a_wrong_checksum_are_refused() -> None:
    data = bytearray(WHOLE["PNG"])
    data[data.index(b"IDAT") + 20] ^= 1
    assert refusal(bytes(data)).reason == "corrupt"


def test_truncated_images_stay_refused() -> None:
    decode(WHOLE["JPEG"])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_threads_do_not_disturb_each_other() -> None:
    failures: list[str] = []

    def work(kind: str) -> None:
        expected = decode(WHOLE[kind]).pixels.tobytes()
        if any(decode(WHOLE[kind]).pixels.tobytes() != expected for _ in range(20)):
            failures.append(kind)

    threads = [threading.Thread(target=work, args=(kind,)) for kind in WHOLE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@RELAXED
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n",
       b"GIF89a", b"RIFF\xff\0\0\0WEBPVP8X", b"RIFF\xff\0\0\0WEBPVP8L"]))  # fmt: skip
def test_random_bytes_are_refused_or_decoded(noise: bytes, signature: bytes) -> None:
    decoded_or_refused(signature + noise)


@RELAXED
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 1))
def test_a_cut_image_is_refused_or_decoded(kind: str, share: float) -> None:
    data = WHOLE[kind]
    decoded_or_refused(data[: int(share * len(data))])


@RELAXED
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), min_size=1, max_size=12),
    st.booleans(),
)
def test_a_damaged_image_is_refused_or_decoded(
    kind: str, damage: list[tuple[int, int]], in_the_header: bool
) -> None:
    data = bytearray(WHOLE[kind])
    reach = min(len(data), 200) if in_the_header else len(data)
    for place, value in damage:
        data[place % reach] = value
    decoded_or_refused(bytes(data))


@RELAXED
@given(
    st.binary(min_size=13, max_size=13),
    st.binary(max_size=60),
    st.sampled_from([b"PLTE", b"tRNS", b"eXIf", b"acTL", b"fcTL", b"IHDR"]),
    st.binary(max_size=40),
)
def test_a_png_with_any_header_is_refused_or_decoded(
    header: bytes, rows: bytes, extra_name: bytes, extra: bytes
) -> None:
    whole = images.png(3, 3, 8, 2, rows, images.png_chunk(extra_name, extra))
    small = b"\0\0\0" + header[:1] + b"\0\0\0" + header[1:2] + header[8:]
    decoded_or_refused(whole[:8] + images.png_chunk(b"IHDR", small) + whole[33:])


@RELAXED
@given(st.integers(1, 120), st.integers(1, 120), st.sampled_from(FORMATS), st.integers(1, 64))
def test_size_of_the_decoded_image(width: int, height: int, image_format: str, size: int) -> None:
    decoded = decode(images.encode(images.photo(width, height), image_format), size=size)
    assert (decoded.width, decoded.height) == (width, height)
    shorter, original = min(decoded.pixels.size), min(width, height)
    assert min(original, 2 * size) <= shorter <= min(original, 4 * size)
