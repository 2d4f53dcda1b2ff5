import io

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from models.captions.fonts import PACKAGED, covered, faces
from models.captions.layout import CaptionRefused, clean, is_rtl, runs, width_of, wrap
from models.captions.render import LEAST_SIDE, LONGEST_SIDE, Canvas, captioned, is_marked
from models.decoding import ImageRefused
from tests.fixtures import images

PICTURE = images.encode(images.photo(400, 300), "PNG")


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_a_caption_stands_in_the_classic_places() -> None:
    canvas = Canvas(PICTURE)
    changed = np.abs(
        np.asarray(canvas.still(["top", "bottom"]), int) - np.asarray(canvas.picture, int)
    ).sum(axis=(1, 2))
    tall = canvas.picture.height
    assert changed[: tall // 3].any()
    assert changed[-tall // 3 :].any()
    assert not changed[int(tall * 0.4) : int(tall * 0.6)].any()
    alone = np.asarray(canvas.still(["below"]), int) - np.asarray(canvas.picture, int)
    assert not alone[: tall // 2].any()


def test_a_long_caption_stands_in_a_bar_and_nothing_of_it_is_lost() -> None:
    picture = images.photo(400, 300)
    short, in_bar = captioned(picture, ["short"])
    assert (short.size, in_bar) == ((400, 300), False)
    long, in_bar = captioned(picture, ["word " * 400])
    assert in_bar
    assert long.height > 300
    assert np.array_equal(np.asarray(long)[:300], np.asarray(picture))


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ([], "is empty"),
        (["", " \n\u200b "], "is empty"),
        (["\x00\x07"], "is empty"),
        (["x" * 2_001], "2,001 characters and at most 2,000"),
        (["a"] * 11, "11 parts"),
        (["\U00012000"], "No font on this machine"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_sentence(boxes: list[str], words: str) -> None:
    with pytest.raises(CaptionRefused, match=words):
        Canvas(PICTURE).meme(boxes, generated=False)


@pytest.mark.parametrize("size", [(1, 1), (1, 3_000), (3_000, 2), (1_900, 1_200)])
def test_pictures_of_odd_sizes_become_memes_of_a_sound_size(size: tuple[int, int]) -> None:
    meme = Canvas(images.encode(Image.new("RGB", size, "teal"), "PNG")).meme(
        ["top", "bottom"], generated=False
    )
    assert min(meme.width, meme.height) >= LEAST_SIDE
    assert max(meme.width, meme.height) <= LONGEST_SIDE


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ImageRefused):
        Canvas(images.bomb())


def test_every_frame_is_looked_at_before_it_is_drawn_on() -> None:
    frames = [images.photo(400, 300).rotate(20 * n) for n in range(3)]
    sound = images.encode(frames[0], "PNG", save_all=True, append_images=frames[1:])
    Canvas(sound).check()
    at = sound.rindex(b"fdAT") + 5_000
    canvas = Canvas(sound[:at] + bytes(64) + sound[at + 64 :])
    with pytest.raises(ImageRefused, match="A frame of this animation is damaged"):
        canvas.check()


@pytest.mark.parametrize("make", ["GIF", "PNG", "WEBP"])
def test_an_animation_keeps_its_frames(make: str) -> None:
    frames = [images.photo(200, 150).rotate(20 * n) for n in range(5)]
    data = images.encode(
        frames[0], make, save_all=True, append_images=frames[1:], duration=[80] * 5, loop=0
    )
    meme = Canvas(data).meme(["hello"], generated=True)
    found = opened(meme.data)
    assert meme.frames == found.n_frames == 5  # type: ignore[attr-defined]
    assert is_marked(meme.data)
    lowest = [np.asarray(f.convert("RGB"))[-60:] for f in ImageSequence.Iterator(found)]
    assert all((each > 240).all(axis=2).sum() > 100 for each in lowest), "white letters on each"


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_generated_caption_says_so_and_a_person_s_own_does_not(file_format: str) -> None:
    canvas = Canvas(PICTURE)
    own = canvas.meme(["mine"], generated=False, file_format=file_format)
    made = canvas.meme(["mine"], generated=True, file_format=file_format)
    assert opened(made.data).format == made.format == file_format
    assert (is_marked(own.data), is_marked(made.data)) == (False, True)
    corner = (slice(-12, None), slice(-60, None))
    plain = np.asarray(opened(own.data).convert("RGB"), int)[corner]
    assert np.abs(plain - np.asarray(opened(made.data).convert("RGB"), int)[corner]).max() > 60


def test_scripts_from_the_right_and_emoji_have_fonts() -> None:
    assert is_rtl("שלום 1")
    assert not is_rtl("1 hello שלום")
    image, _ = captioned(Image.new("RGB", (400, 300), "navy"), ["שלום 😀", "مرحبا ☝🏽"])
    assert (np.asarray(image) > 240).all(axis=2).sum() > 200
    # Whether the machine has a font for emoji or only the packaged one, which has these two.
    before, *rest = (run.text for run in runs("hi 😀 you"))
    assert (before, "".join(rest)) == ("hi ", "😀 you")


def test_coverage_is_read_off_the_font_s_own_table() -> None:
    covers = covered(PACKAGED.read_bytes())
    assert {ord(letter) for letter in "aZ9é€Жשس"} <= covers
    assert ord("日") not in covers
    assert faces()[0].path == PACKAGED
    with pytest.raises(ValueError, match="cmap"):
        covered(bytes(64))


@given(st.text(max_size=120), st.integers(12, 60), st.integers(80, 400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_wrapping_loses_nothing_and_keeps_within_the_width(text: str, size: int, most: int) -> None:
    cleaned = clean(text)
    try:
        lines = wrap(cleaned, size, most)
    except CaptionRefused:
        return
    assert "".join(lines).replace(" ", "") == cleaned.replace(" ", "")
    for line in lines:
        assert width_of(line, size) <= most + 1 or len(line) <= 12
