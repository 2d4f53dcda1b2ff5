"""JPEG: scans, ends, and files that are cut short."""

import struct

import pytest
from PIL import Image

from models.decoding import decode
from tests.fixtures import images
from tests.models.decoding.decoded import refusal


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("tail", [b"", b"\xff", b"\0\0\0"])
def test_a_jpeg_that_lacks_only_its_end_mark_is_whole(progressive: bool, tail: bytes) -> None:
    data = images.encode(images.photo(500, 400), "JPEG", progressive=progressive)
    assert data.endswith(b"\xff\xd9")
    assert decode(data[:-2] + tail).pixels.tobytes() == decode(data).pixels.tobytes()


@pytest.mark.parametrize("missing", [20, 40, 400, 4000])
def test_a_jpeg_that_lacks_pixels_is_cut_short(missing: int) -> None:
    data = images.encode(images.photo(500, 400), "JPEG", quality=95)
    assert refusal(data[: -2 - missing]).reason == "truncated"


@pytest.mark.parametrize("marker", [0xFE, 0xE5])
@pytest.mark.parametrize("body", [b"\xff\xd9", b"\xff\xda\0\x08", b"a" * 400 + b"\xff\xd9\xff\xd9"])
def test_what_lies_between_two_scans_is_no_end(marker: int, body: bytes) -> None:
    data = images.encode(images.photo(), "JPEG", progressive=True)
    second = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    # Tables may stand before a scan: a comment may, too.
    place = max(data.rfind(b"\xff\xc4", 0, second), data.index(b"\xff\xda") + 2)
    segment = bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
    commented = data[:place] + segment + data[place:]
    assert decode(commented).pixels.tobytes() == decode(data).pixels.tobytes()


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    whole = images.encode(Image.new("RGB", (64, 64)), "JPEG", progressive=True)
    last_scan = whole[whole.rindex(b"\xff\xda") : -2]
    bomb = whole[:-2] + last_scan * 50_000 + whole[-2:]
    assert refusal(bomb).reason == "too_complex"
