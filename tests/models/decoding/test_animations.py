"""Animations: which frame stands for them."""

from collections.abc import Sequence

import pytest
from PIL import Image

from models.decoding import DecodeLimits, decode
from tests.fixtures import images
from tests.models.decoding.decoded import WHOLE, decoded_or_refused, difference


@pytest.mark.parametrize("name", ["animated.gif", "animated.webp"])
def test_first_frame_of_an_animation(name: str) -> None:
    decoded = decode(images.BAD_IMAGES[name]())
    assert decoded.animated
    assert decoded.pixels.getpixel((20, 15)) == pytest.approx((255, 0, 0), abs=2)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_an_animation_that_fades_in_is_judged_by_what_it_shows(kind: str) -> None:
    decoded = decode(images.fading_in(kind))
    assert decoded.animated
    assert decoded.frame == 7  # where the fade ends
    assert difference(decoded.pixels, images.photo()) < 12
    assert decode(images.fading_in(kind)).pixels.tobytes() == decoded.pixels.tobytes()


def fade(kind: str, colour: str, shares: Sequence[float]) -> bytes:
    ground = Image.new("RGB", (96, 64), colour)
    first, *later = (Image.blend(ground, images.photo(), share) for share in shares)
    return images.encode(first, kind, save_all=True, append_images=later)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
@pytest.mark.parametrize(
    ("colour", "shares"),
    [
        ("black", [step / 10 for step in range(1, 11)]),  # the first frame is not plain
        ("white", [step / 5 for step in range(1, 6)]),
        ("black", [step / 60 for step in range(61)]),
        ("black", [0] * 3 + [0.5, 0.5, 1, 1]),
    ],
)
def test_a_picture_that_fades_in_is_taken_at_the_end_of_its_fade(
    kind: str, colour: str, shares: Sequence[float]
) -> None:
    assert difference(decode(fade(kind, colour, shares)).pixels, images.photo()) < 12


def test_a_dim_picture_is_not_passed_over_for_a_brighter_one() -> None:
    dim = images.photo().point(lambda value: value // 6)
    other = images.photo().transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    data = images.encode(dim, "PNG", save_all=True, append_images=[dim.rotate(1), other])
    assert decode(data).frame == 0


def test_a_picture_after_many_plain_frames_is_found() -> None:
    plain = [Image.new("RGB", (96, 64), (step % 2, 0, 0)) for step in range(60)]
    data = images.encode(plain[0], "GIF", save_all=True, append_images=[*plain[1:], images.photo()])
    assert decode(data).frame == 60


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


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_how_many_frames_there_are_is_told(kind: str) -> None:
    assert (decode(images.fading_in(kind)).frames, decode(WHOLE[kind]).frames) == (8, 1)
