import struct
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageFile

from models.decoding import DecodedImage, DecodeLimits, ImageRefused, decode
from tests.fixtures import images

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
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


@pytest.mark.parametrize("image_format", FORMATS)
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
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC photo"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC photo"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "video"),
        (b"\x1aE\xdf\xa3\1\0\0\0", "video"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\n  <HTML lang=en>", "web page"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">', "SVG"),
        (b"%PDF-1.7", "PDF"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"BM\x36\0\0\0", "BMP"),
        (b"\xff\x0a\0\0", "JPEG XL"),
        (b"PK\x03\x04", "ZIP"),
        (b"hello", "not a JPEG"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(data: bytes, said: str) -> None:
    caught = refusal(data)
    assert caught.reason == "unsupported_format"
    assert said in str(caught)


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
    ],
    ids=FORMATS,
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
