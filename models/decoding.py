"""Untrusted bytes to a small RGB picture, or a refusal that a person can act on.

The order makes it safe: bytes are counted, the format is recognised by content, the file is
taken apart within limits (`models.image_headers`), the memory that decoding will take is worked
out from the header, and only then is a pixel decoded, by the one Pillow plugin for that format
and from nothing but the first picture's own bytes. Nothing here touches process-wide state, so
it may run in threads; each call may hold up to `DecodeLimits.max_memory` plus twice the file.
"""

import io
import struct
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from PIL import (  # noqa: F401 - the plugins register themselves
    AvifImagePlugin,
    BmpImagePlugin,
    Image,
    TiffImagePlugin,
    WebPImagePlugin,
)

from models.animation_frame import DIM, contrast, greys, telling_frame
from models.colour import ToSrgb, srgb_conversion
from models.heic import open_heic
from models.image_headers.container import MAX_FRAMES, Container, ContainerError
from models.image_headers.exif import exif_orientation
from models.image_headers.other_files import what_it_is
from models.image_headers.read import read_container

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 40_000_000
MAX_MEMORY = 192 * 2**20

Reason = Literal[
    "empty",
    "too_large",
    "unsupported_format",
    "truncated",
    "corrupt",
    "too_many_pixels",
    "too_complex",
    "busy",
]

# Twice the backbone's input on each side leaves its resize enough to smooth over.
_OVERSAMPLING = 2
# Transparency and rare modes are converted a strip at a time, which needs little memory.
_STRIP_PIXELS = 2**18
# One pass over one pixel costs about a nanosecond: this much is under a second.
_MAX_SCANNED_PIXELS = 16 * MAX_PIXELS
_SCAN_OVERHEAD_PIXELS = 50_000

# What looking for the frame of an animation may take.
_MAX_LOOKED_AT_PIXELS = 2**28
# Pillow keeps the canvas, what is below it, and the frame; libwebp two canvases.
_FRAME_BYTES = 24

# What Pillow's readers raise on bad data, found by fuzzing and by reading them.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    OverflowError,
    LookupError,
    TypeError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
)


class ImageRefused(Exception):
    """The message is a sentence for the person; `reason` is a stable slug for counting."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason: Reason = reason


class ImageUnread(ImageRefused):
    """This machine could not read the image just now: it says nothing of the image.

    Whoever keeps a verdict must not keep this one; a later try may succeed.
    """

    def __init__(self) -> None:
        super().__init__("busy", "This image could not be read just now; try again later.")


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What one image may take. `max_memory` is for decoding alone, in bytes; heavier formats
    (WebP, progressive JPEG) reach it with fewer pixels than `max_pixels`."""

    max_bytes: int = MAX_BYTES
    max_pixels: int = MAX_PIXELS
    max_memory: int = MAX_MEMORY


DEFAULT_LIMITS = DecodeLimits()


@dataclass(frozen=True, slots=True)
class ImageFile:
    """Facts about an image's file."""

    width: int  # upright
    height: int
    format: str  # "JPEG" | "PNG" | "WEBP" | "GIF" | "AVIF" | "HEIF" | "TIFF" | "BMP"
    bytes: int
    animated: bool
    frame: int = 0  # of an animation: the one that was decoded, from 0
    frames: int = 1  # of an animation: how many there are

    @property
    def aspect(self) -> float:
        """Its width by its height."""
        return self.width / self.height

    @property
    def judged_frame(self) -> tuple[int, int] | None:
        """Of an animation the number of the decoded frame, from 1, and of how many."""
        return (self.frame + 1, max(self.frames, self.frame + 1)) if self.animated else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedImage(ImageFile):
    """A picture that is safe to work on, and the facts about the file it came from."""

    pixels: Image.Image  # sRGB, upright, on white; its shorter side is at least twice the asked-for
    # size, or the original's

    @property
    def file(self) -> ImageFile:
        """The facts alone."""
        facts = ImageFile.__dataclass_fields__
        return ImageFile(**{name: getattr(self, name) for name in facts})


def recognise(data: bytes, *, limits: DecodeLimits = DEFAULT_LIMITS, size: int = 224) -> Container:
    """Tell by its header alone whether a file is an image that may be decoded; quick.

    Its pixels are not looked at: a file that is recognised may yet turn out to be damaged.

    Args:
        data: the file.
        limits: what the file may cost; more is refused.
        size: side in px of the square that the picture will be resized to.

    Raises:
        ImageRefused: it is empty, too large, of another format, or damaged at its beginning.
    """
    if not data:
        raise ImageRefused("empty", "This file is empty; choose the image again.")
    if len(data) > limits.max_bytes:
        raise ImageRefused(
            "too_large",
            # How large it is nobody knows: no more of it was read than shows this.
            f"This file is larger than {limits.max_bytes / 2**20:.3g} MB; make the image smaller"
            " and try again.",
        )
    try:
        container = read_container(data)
    except ContainerError as error:
        if error.fault == "unsupported_format":
            raise ImageRefused(error.fault, what_it_is(data)) from error
        raise _refusal(error.fault, error.format) from error
    _check_cost(container, limits, size)
    return container


def decode(data: bytes, *, limits: DecodeLimits = DEFAULT_LIMITS, size: int = 224) -> DecodedImage:
    """Decode an image; of an animation the first frame that shows what it is of.

    JPEG, PNG, WebP, GIF, AVIF, HEIC, TIFF and BMP are read, and told by their content.

    Args:
        data: the file.
        limits: what the file may cost; more is refused.
        size: side in px of the square that the picture will be resized to. A picture more than
            twice as large is reduced by a whole factor while it is decoded.

    Raises:
        ImageUnread: the machine had no memory for it just now.
        ImageRefused: it is damaged, too large or of another format; nothing else is raised,
            whatever the bytes.
    """
    container = recognise(data, limits=limits, size=size)
    picture = _decoded(container, limits, size)
    return DecodedImage(
        pixels=picture.pixels,
        width=picture.size[0],
        height=picture.size[1],
        format=container.format,
        bytes=len(data),
        animated=container.animated,
        frame=picture.frame,
        frames=picture.frames,
    )


@dataclass(frozen=True, slots=True)
class _Picture:
    """RGB, upright and reduced; its size upright; which of how many frames it is."""

    pixels: Image.Image
    size: tuple[int, int]
    frames: int = 1
    frame: int = 0


def _decoded(container: Container, limits: DecodeLimits, size: int) -> _Picture:
    """The picture that stands for the file. Raises as `decode` does."""
    try:
        picture = _first_picture(container, size)
        if container.format == "JPEG" and not container.complete:
            _check_whole(container, picture.pixels, size)
        if container.animated and contrast(greys(picture.pixels)) < DIM:
            picture = _telling_frame(container, picture, limits, size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(container, limits.max_pixels) from error
    except MemoryError as error:
        # What it takes was worked out before: it is this machine that has no room left.
        raise ImageUnread from error
    except DECODER_ERRORS as error:
        if _is_our_fault(error):
            raise ImageUnread from error
        raise _refusal(
            "corrupt" if container.complete else "truncated", container.format
        ) from error
    return picture


def _is_our_fault(error: Exception) -> bool:
    """Whether the system failed and not the file: it has a number for that, a decoder has none."""
    return (isinstance(error, OSError) and error.errno is not None) or (
        "out of memory" in str(error).casefold()
    )


def _check_cost(container: Container, limits: DecodeLimits, size: int) -> None:
    """Refuse what would take too much memory or time, before a pixel is decoded."""
    pixels = container.width * container.height
    if pixels > limits.max_pixels:
        raise _too_many_pixels(container, limits.max_pixels)
    draft = _draft_scale(container, size)
    decoded = pixels * container.pixel_bytes // draft**2
    reduction = _reduction(container.width, container.height, size) // draft * draft
    result = 4 * pixels // reduction**2
    turned = result if container.orientation > 1 else 0  # by then the decoded one is gone
    memory = container.working_bytes + max(decoded, turned) + result
    if memory > limits.max_memory:
        raise _too_many_pixels(container, pixels * limits.max_memory // memory)
    # Pillow takes a stream that ends early for a picture that is black from there on.
    if len(container.picture) < container.least_bytes:
        raise _refusal("truncated", container.format)
    if container.scans * (pixels + _SCAN_OVERHEAD_PIXELS) > _MAX_SCANNED_PIXELS:
        raise _refusal("too_complex", container.format)


def _reduction(width: int, height: int, size: int) -> int:
    """The largest whole factor that leaves the shorter side with enough for `size`."""
    return max(1, min(width, height) // (size * _OVERSAMPLING))


def _draft_scale(container: Container, size: int) -> int:
    """How much of the reduction libjpeg does while it decodes: 1, 2, 4 or 8."""
    if container.format != "JPEG":
        return 1
    reduction = _reduction(container.width, container.height, size)
    return next(scale for scale in (8, 4, 2, 1) if reduction >= scale)


def _first_picture(container: Container, size: int) -> _Picture:
    """The first picture of a file. Raises what Pillow raises."""
    if container.format == "HEIF":
        # The decoder turns and crops it, as its boxes say.
        heic = open_heic(container.picture)
        if heic.width * heic.height > container.width * container.height:
            raise ValueError("the decoder and the header disagree about the size")
        factor = _reduction(heic.width, heic.height, size)
        return _Picture(_reduced(heic, factor, heic.profile), heic.size)
    # Not closed: the pixels of most are handed on as they are.
    image = Image.open(io.BytesIO(container.picture), formats=[container.format])
    if image.size != (container.width, container.height):
        raise ValueError("Pillow and the header disagree about the size")
    frames = max(container.frame_count, getattr(image, "n_frames", 1))
    draft = _draft_scale(container, size)
    if draft > 1:
        image.draft(image.mode, (container.width // draft, container.height // draft))
    image.load()
    orientation, profile = container.orientation, container.profile
    if container.format == "AVIF":
        # Told by its boxes, which the decoder has read.
        orientation = exif_orientation(image.info.get("exif", b""))
        profile = image.info.get("icc_profile", b"")
    reduced = _reduced(image, _reduction(image.width, image.height, size), profile)
    # What the file said besides, such as where it was taken, goes no further.
    reduced.info.clear()
    transposition = _UPRIGHT.get(orientation)
    upright = reduced if transposition is None else reduced.transpose(transposition)
    sides = container.width, container.height
    return _Picture(upright, sides[::-1] if orientation >= 5 else sides, frames)


def _telling_frame(
    container: Container, first: _Picture, limits: DecodeLimits, size: int
) -> _Picture:
    """The frame by which an animation is judged; ``first`` where looking costs too much.

    Raises what Pillow raises.
    """
    pixels = container.width * container.height
    affordable = min(_MAX_LOOKED_AT_PIXELS // max(pixels, 1), MAX_FRAMES)
    if not container.frames or _FRAME_BYTES * pixels > limits.max_memory:
        return first
    kind = [container.format]
    with closing(Image.open(io.BytesIO(container.frames), formats=kind)) as animation:
        frames = [greys(first.pixels)]
        # A frame that cannot be read is no reason against those before it.
        with suppress(*DECODER_ERRORS):
            for number in range(1, min(getattr(animation, "n_frames", 1), affordable)):
                animation.seek(number)
                frames.append(greys(_small(animation)))
        number = telling_frame(frames)
        if number == 0:
            return first
        animation.seek(number)
        factor = _reduction(animation.width, animation.height, size)
        chosen = _reduced(animation.copy(), factor, container.profile)
        chosen.info.clear()
    transposition = _UPRIGHT.get(container.orientation)
    upright = chosen if transposition is None else chosen.transpose(transposition)
    return replace(first, pixels=upright, frame=number)


def _small(image: Image.Image) -> Image.Image:
    return _in_colour(image.resize((64, 64), Image.Resampling.NEAREST)).convert("RGB")


def _check_whole(container: Container, pixels: Image.Image, size: int) -> None:
    """Make sure that a JPEG without its end mark lacks nothing else.

    The decoder fills what is missing with grey and says nothing. But where pixels are missing, it
    takes bytes that follow for theirs; where none is, it skips them.

    Raises:
        ValueError: pixels are missing.
    """
    picture = container.picture
    longer = replace(container, picture=picture[:-2] + _NOISE + picture[-2:])
    if _first_picture(longer, size).pixels.tobytes() != pixels.tobytes():
        raise ValueError("pixels are missing")


#: Bytes that are no marker, and that code something whatever the code is.
_NOISE = bytes(37 * place % 251 for place in range(1, 512))


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class _Strips(Protocol):
    """A picture of which parts can be had: one of Pillow's, or one that is made strip by strip."""

    @property
    def size(self) -> tuple[int, int]: ...

    @property
    def mode(self) -> str: ...

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image: ...


def _reduced(image: _Strips, factor: int, profile: bytes) -> Image.Image:
    """Any mode to sRGB on white, each side divided by `factor` (rounded up); maybe `image`."""
    width, height = image.size
    conversion = srgb_conversion(profile, image.mode)
    if isinstance(image, Image.Image) and conversion is None and _is_opaque_rgb(image):
        # Most pictures: nothing to convert, and every copy of a picture costs.
        return image.reduce(factor) if factor > 1 else image
    result = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, _STRIP_PIXELS // (width * factor)) * factor
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        if conversion is not None and conversion[0] == "CMYK":
            strip = conversion[1](strip.reduce(factor))
        else:
            strip = _in_colour(strip).reduce(factor)
            if conversion is not None:
                strip = _converted(strip, *conversion)
        if strip.mode == "RGBA":
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
        result.paste(strip.convert("RGB"), (0, top // factor))
    return result


def _is_opaque_rgb(image: Image.Image) -> bool:
    return image.mode == "RGB" and not image.has_transparency_data


def _converted(strip: Image.Image, mode: str, to_srgb: ToSrgb) -> Image.Image:
    """RGB or RGBA with its colours as sRGB; its transparency stays."""
    colours = to_srgb(strip.getchannel("R") if mode == "L" else strip.convert("RGB"))
    if strip.mode == "RGBA":
        colours.putalpha(strip.getchannel("A"))
    return colours


def _in_colour(image: Image.Image) -> Image.Image:
    """Any mode to RGB, or to RGBA where something is transparent."""
    if not image.mode.startswith("I;16"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    # Scaled: Pillow's own conversion of 16-bit grey clips, which turns nearly all of it white.
    values = np.asarray(image)
    coloured = Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if (transparent := image.info.get("transparency")) is not None:
        coloured.putalpha(Image.fromarray(values != transparent).convert("L"))
    return coloured


def _too_many_pixels(container: Container, affordable: int) -> ImageRefused:
    return ImageRefused(
        "too_many_pixels",
        f"This image is {container.width} × {container.height} pixels and this kind may have at "
        f"most {affordable / 1e6:.3g} megapixels; make it smaller and try again.",
    )


def _refusal(reason: Reason, file_format: str | None) -> ImageRefused:
    kind = {"WEBP": "WebP", "HEIF": "HEIC"}.get(file_format or "", file_format)
    sentences: dict[str, str] = {
        "truncated": f"This {kind} image is cut short, as after a broken download; get it again "
        "from where it came from.",
        "corrupt": f"This {kind} image is damaged and cannot be read; open it in an image editor, "
        "save it again and try that.",
        "too_complex": f"This {kind} image is built in an unusual way that is not read; save it "
        "again as a plain JPEG or PNG and try that.",
    }
    return ImageRefused(reason, sentences[reason])
