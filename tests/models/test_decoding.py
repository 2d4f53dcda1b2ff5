import io
import struct
import threading
import tracemalloc
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageFile, TiffImagePlugin

from models.decoding import DecodedImage, DecodeLimits, ImageRefused, ImageUnread, decode
from tests.fixtures import images

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF", "BMP")
RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WHOLE = {
    "JPEG": images.encode(images.photo(), "JPEG"),
    "progressive JPEG": images.encode(images.photo(), "JPEG", progressive=True),
    "rotated JPEG": images.rotated(6),
    "PNG": images.encode(images.photo(), "PNG"),
    "palette PNG": images.palette_with_transparency(),
    "16-bit PNG": images.grey16(),
    "WEBP": images.encode(images.photo(), "WEBP"),
    "rotated WEBP": images.rotated(8, "WEBP"),
    "animated WEBP": images.animated_webp(),
    "GIF": images.encode(images.photo(), "GIF"),
    "animated GIF": images.animated_gif(),
    "animated PNG": images.fading_in("PNG"),
    "AVIF": images.encode(images.photo(), "AVIF"),
    "animated AVIF": images.fading_in("AVIF"),
    "HEIC": images.encode(images.photo(), "HEIF"),
    "HEIC of tiles": images.encode(images.photo(300, 200), "HEIF", tile_size=64),
    "HEIC with transparency": images.encode(images.photo().convert("RGBA"), "HEIF"),
    "TIFF": images.encode(images.photo(), "TIFF"),
    "TIFF by LZW": images.encode(images.photo(), "TIFF", compression="tiff_lzw"),
    "TIFF by deflate": images.encode(images.photo(), "TIFF", compression="tiff_adobe_deflate"),
    "TIFF by JPEG": images.encode(images.photo(), "TIFF", compression="jpeg"),
    "TIFF in CMYK": images.encode(images.photo().convert("CMYK"), "TIFF"),
    "BMP": images.encode(images.photo(), "BMP"),
    "palette BMP": images.encode(images.photo().quantize(16), "BMP"),
}


def refusal(data: bytes, **arguments: object) -> ImageRefused:
    with pytest.raises(ImageRefused) as caught:
        decode(data, **arguments)  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert ";" in sentence, "says what is wrong; what the person can do"
    assert "None" not in sentence
    return caught.value


def difference(a: Image.Image, b: Image.Image) -> float:
    """Mean absolute difference in grey levels."""
    assert a.size == b.size
    return float(np.abs(np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).mean())


def decoded_or_refused(data: bytes) -> DecodedImage | None:
    try:
        decoded = decode(data)
    except ImageRefused:
        return None
    assert decoded.pixels.mode == "RGB"
    assert min(decoded.pixels.size) >= 1
    return decoded


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


@pytest.mark.parametrize("name", ["animated.gif", "animated.webp"])
def test_first_frame_of_an_animation(name: str) -> None:
    decoded = decode(images.BAD_IMAGES[name]())
    assert decoded.animated
    assert decoded.pixels.getpixel((20, 15)) == pytest.approx((255, 0, 0), abs=2)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_that_fades_in_is_judged_by_what_it_shows(kind: str) -> None:
    decoded = decode(images.fading_in(kind))
    assert decoded.animated
    assert decoded.frame == 5
    assert difference(decoded.pixels, images.photo()) < 45
    assert decode(images.fading_in(kind)).pixels.tobytes() == decoded.pixels.tobytes()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_that_shows_something_at_once_is_judged_by_its_first_frame(kind: str) -> None:
    frames = [images.photo(), images.photo().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    data = images.encode(frames[0], kind, save_all=True, append_images=frames[1:])
    decoded = decode(data)
    assert (decoded.animated, decoded.frame) == (True, 0)
    assert difference(decoded.pixels, images.photo()) < 12


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_of_plain_frames_is_judged_by_its_first(kind: str) -> None:
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("black", "white", "black")]
    decoded = decode(images.encode(frames[0], kind, save_all=True, append_images=frames[1:]))
    assert (decoded.animated, decoded.frame) == (True, 0)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_is_too_large_to_look_through_is_judged_by_its_first_frame(
    kind: str,
) -> None:
    decoded = decode(images.fading_in(kind), limits=DecodeLimits(max_memory=96 * 64 * 22))
    assert decoded.frame == 0


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.99])
def test_an_animation_that_is_cut_short_is_judged_by_what_is_left(kind: str, share: float) -> None:
    data = images.fading_in(kind)
    decoded_or_refused(data[: int(share * len(data))])


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
    ("data", "said"),
    [
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf", "not read"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video"),
        (b"\x1aE\xdf\xa3\1\0\0\0", "video"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n  <HTML lang=en>", "web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"%PDF-1.7", "PDF"),
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


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_how_many_frames_there_are_is_told(kind: str) -> None:
    assert (decode(images.fading_in(kind)).frames, decode(WHOLE[kind]).frames) == (8, 1)


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


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_metadata_does_not_change_the_picture(image_format: str) -> None:
    plain = images.encode(images.photo(), image_format)
    laden = images.encode(
        images.photo(), image_format, icc_profile=bytes(5000), exif=b"Exif\0\0nonsense",
        xmp=b"<x:xmpmeta/>", comment=b"hello", dpi=(300, 300),
    )  # fmt: skip
    assert len(laden) > len(plain)
    assert difference(decode(plain).pixels, decode(laden).pixels) == 0


def test_a_text_bomb_is_skipped() -> None:
    assert decode(images.text_bomb()).pixels.size == (2, 2)


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    whole = images.encode(Image.new("RGB", (64, 64)), "JPEG", progressive=True)
    last_scan = whole[whole.rindex(b"\xff\xda") : -2]
    bomb = whole[:-2] + last_scan * 50_000 + whole[-2:]
    assert refusal(bomb).reason == "too_complex"


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
