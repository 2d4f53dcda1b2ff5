"""Colour profiles: the same colours in other numbers."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from models.decoding import decode
from tests.fixtures import images
from tests.models.decoding.decoded import RELAXED, difference


def display_p3() -> bytes:
    """A profile with the primaries of Display P3 and the curve of sRGB."""
    return matrix_profile(
        ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
    )


def matrix_profile(columns: tuple[tuple[float, float, float], ...]) -> bytes:
    """An ICC profile made of what red, green and blue are in XYZ under D50, and gamma 2.2."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(values: tuple[float, float, float]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(map(fixed, values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    tags = [
        (b"wtpt", xyz((0.9642, 1.0, 0.8249))),
        *zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, columns), strict=True),
        *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    place = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, value in tags:
        table += name + struct.pack(">II", place + len(body), len(value))
        body += value
    head = bytearray(128)
    struct.pack_into(">I", head, 0, place + len(body))
    head[8:12] = b"\x02\x40\0\0"
    head[12:24] = b"mntrRGB XYZ "
    head[36:40] = b"acsp"
    head[68:80] = fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return bytes(head) + table + body


ADOBE_RGB = matrix_profile(
    ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
)


DISPLAY_P3 = matrix_profile(
    ((0.5151, 0.2412, -0.0011), (0.2919, 0.6922, 0.0419), (0.1572, 0.0666, 0.7841))
)


PROFILES = {"Display P3": DISPLAY_P3, "Adobe RGB": ADOBE_RGB}


def retagged(profile: bytes) -> Image.Image:
    """`photo()` with other numbers for the same colours."""
    return ImageCms.profileToProfile(
        images.photo(), ImageCms.createProfile("sRGB"), io.BytesIO(profile),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_the_same_colours_in_other_numbers_are_the_same_picture(kind: str, profile: str) -> None:
    stored, tag = retagged(PROFILES[profile]), PROFILES[profile]
    options = {"quality": 95} | ({"lossless": True} if kind == "WEBP" else {})
    plain = decode(images.encode(images.photo(), kind, **options)).pixels
    stored.info["icc_profile"] = tag
    ignored = decode(images.encode(stored, kind, **options, icc_profile=None)).pixels
    applied = decode(images.encode(stored, kind, **options, icc_profile=tag)).pixels
    # Numbers that are rounded twice, in strong colours that the other space has more room for.
    assert difference(applied, plain) < 3
    assert difference(applied, plain) < difference(ignored, plain) / 2


def all_grey() -> bytes:
    """A profile of CMYK in which every colour is a middle grey."""
    grey = bytes([128, 128, 128])  # Lab: half light, no colour
    ramp = bytes(range(256))
    matrix = b"".join(struct.pack(">i", 65536 * (place % 4 == 0)) for place in range(9))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + grey * 16 + ramp * 3
    head = bytearray(128)
    struct.pack_into(">I", head, 0, 144 + len(table))
    head[8:12] = b"\x02\x40\0\0"
    head[12:24] = b"prtrCMYKLab "
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">iii", 63190, 65536, 54061)
    return bytes(head) + struct.pack(">I4sII", 1, b"A2B0", 144, len(table)) + table


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_a_profile_of_cmyk_is_applied_to_cmyk_alone(kind: str) -> None:
    picture = images.photo().convert("CMYK")
    found = np.asarray(decode(images.encode(picture, kind, icc_profile=all_grey())).pixels)
    assert found.min() == found.max() == pytest.approx(119, abs=3)
    plain = decode(images.encode(picture, kind)).pixels
    assert (
        difference(decode(images.encode(picture, kind, icc_profile=ADOBE_RGB)).pixels, plain) == 0
    )
    tagged = images.encode(images.photo(), "PNG", icc_profile=all_grey())
    assert difference(decode(tagged).pixels, images.photo()) == 0


def test_grey_and_transparent_pictures_keep_their_profiles_and_their_holes() -> None:
    clear = retagged(ADOBE_RGB).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    expected = images.photo().convert("RGBA")
    expected.putalpha(Image.linear_gradient("L").resize(clear.size))
    found = decode(images.encode(clear, "PNG", icc_profile=ADOBE_RGB)).pixels
    assert difference(found, decode(images.encode(expected, "PNG")).pixels) < 3
    grey = images.photo().convert("L")
    tagged = images.encode(grey, "PNG", icc_profile=ADOBE_RGB)
    assert difference(decode(tagged).pixels, grey.convert("RGB")) < 12


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    "profile", [b"\0", bytes(5000), ADOBE_RGB[:200], ADOBE_RGB[:-40], bytes(200) + ADOBE_RGB]
)
def test_a_damaged_profile_changes_nothing(kind: str, profile: bytes) -> None:
    plain = decode(images.encode(images.photo(), kind)).pixels
    assert (
        difference(decode(images.encode(images.photo(), kind, icc_profile=profile)).pixels, plain)
        == 0
    )


def test_a_profile_of_srgb_changes_nothing_at_all() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = decode(images.encode(images.photo(), "PNG")).pixels
    tagged = decode(images.encode(images.photo(), "PNG", icc_profile=profile)).pixels
    assert difference(tagged, plain) == 0


@RELAXED
@given(st.integers(0, 500), st.binary(min_size=1, max_size=8))
def test_a_profile_with_any_damage_is_no_refusal(place: int, damage: bytes) -> None:
    broken = ADOBE_RGB[:place] + damage + ADOBE_RGB[place + len(damage) :]
    assert decode(images.encode(images.photo(8, 8), "PNG", icc_profile=broken)).pixels.size == (
        8,
        8,
    )
