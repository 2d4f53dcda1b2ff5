"""Images of every kind, and what the tests of decoding ask of them."""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from models.decoding import DecodedImage, ImageRefused, decode
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
