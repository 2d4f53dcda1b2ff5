"""What is served of a file: the same picture, and nothing about who took it where."""

import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, ImageSequence, PngImagePlugin

from models.decoding import decode
from storage.files.public_copy.make import FORMATS, public_copy
from storage.files.public_copy.pieces import NotUnderstood
from tests.fixtures import images

SECRET = b"SECRET"
WORD = SECRET.decode()
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">SECRET</x:xmpmeta>'


def picture(seed: int = 0) -> Image.Image:
    image = Image.linear_gradient("L").resize((48, 32)).rotate(seed)
    return Image.merge("RGB", (image, image.transpose(Image.Transpose.FLIP_LEFT_RIGHT), image))


def exif(orientation: int) -> bytes:
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010F] = made[0x013B] = WORD  # the camera, the author
    made.get_ifd(0x8825)[29] = WORD  # where and when
    return made.tobytes()


def saved(image: Image.Image, image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def jpeg(orientation: int, *, progressive: bool = False) -> bytes:
    options = {"progressive": progressive, "icc_profile": PROFILE, "quality": 90}
    data = saved(picture(), "JPEG", exif=exif(orientation), comment=WORD, xmp=XMP, **options)
    # A thumbnail, what Photoshop leaves, and a film behind the end.
    parts = b"".join(
        b"\xff" + bytes([marker]) + (8).to_bytes(2, "big") + SECRET for marker in (0xED, 0xEC, 0xE2)
    )
    return data[:2] + parts + data[2:] + b"ftypmp42" + SECRET


def png(orientation: int) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Author", WORD)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=False)
    data = saved(picture(), "PNG", exif=exif(orientation), pnginfo=info, icc_profile=PROFILE)
    return data + SECRET


def webp(orientation: int) -> bytes:
    options = {"lossless": True, "icc_profile": PROFILE}
    return saved(picture(), "WEBP", exif=exif(orientation), xmp=XMP, **options) + SECRET


def gif(_: int) -> bytes:
    frames = [picture(seed).convert("P") for seed in (10, 20)]
    options = {"save_all": True, "append_images": frames, "duration": 70, "loop": 3}
    return saved(picture().convert("P"), "GIF", comment=SECRET, **options) + SECRET


def avif(_: int) -> bytes:
    # Pillow turns the picture itself where EXIF says so.
    data = saved(picture(), "AVIF", exif=exif(1), xmp=XMP, icc_profile=PROFILE)
    return data + (8 + len(SECRET)).to_bytes(4, "big") + b"uuid" + SECRET


MADE: dict[str, Callable[[int], bytes]] = {
    "JPEG": jpeg, "PNG": png, "WEBP": webp, "GIF": gif, "AVIF": avif,
}  # fmt: skip


def test_every_format_is_here() -> None:
    assert set(MADE) == FORMATS


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("image_format", MADE)
def test_the_picture_stays_and_everything_else_goes(image_format: str, orientation: int) -> None:
    data = MADE[image_format](orientation)
    assert SECRET in data
    copy = public_copy(data, image_format)
    served = copy.of(data)
    assert SECRET not in served
    assert copy.size == len(served)
    before, after = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(served))
    assert after.info.get("icc_profile") == before.info.get("icc_profile")
    frames = [
        [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(each)]
        for each in (before, after)
    ]
    assert frames[0] == frames[1]
    assert after.info.get("loop") == before.info.get("loop")
    kept = {} if image_format in ("GIF", "AVIF") or orientation == 1 else {0x0112: orientation}
    assert dict(after.getexif()) == kept
    # A copy of the copy is the copy.
    assert public_copy(served, image_format).of(served) == served


def test_of_an_animated_webp_that_was_cut_short_the_whole_frames_stay() -> None:
    whole = images.animated_webp()
    cut = whole[: whole.rindex(b"ANMF") + 20]
    copy = public_copy(cut, "WEBP").of(cut)
    with Image.open(io.BytesIO(copy)) as image:
        assert image.n_frames == 2  # type: ignore[attr-defined]
    assert decode(copy).pixels.tobytes() == decode(whole).pixels.tobytes()


@pytest.mark.parametrize("whole", [True, False])
def test_a_progressive_jpeg_with_comments_between_its_scans(
    whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = jpeg(3, progressive=True)
    scans = data.split(b"\xff\xda")
    comment = b"\xff\xfe" + (12).to_bytes(2, "big") + SECRET + b"\xff\xd9\xff\xda"
    data = scans[0] + b"\xff\xda" + (comment + b"\xff\xda").join(scans[1:])
    if not whole:
        data = data[: data.rindex(b"\xff\xd9")]  # without the end mark
    served = public_copy(data, "JPEG").of(data)
    assert SECRET not in served
    before, after = (Image.open(io.BytesIO(each)).convert("RGB") for each in (data, served))
    assert before.tobytes() == after.tobytes()


@given(st.sampled_from(sorted(MADE)), st.data())
def test_damaged_files_are_refused_or_copied(image_format: str, draw: st.DataObject) -> None:
    data = bytearray(DAMAGED[image_format])
    for _ in range(draw.draw(st.integers(1, 8))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    length = draw.draw(st.integers(0, len(data)))
    try:
        copy = public_copy(bytes(data[:length]), image_format)
    except NotUnderstood:
        return
    assert copy.size == len(copy.of(bytes(data[:length])))


DAMAGED = {name: make(6) for name, make in MADE.items()}
