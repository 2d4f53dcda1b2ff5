"""Drawing a caption on a picture: outlined capitals above and below, or a bar under it.

The picture comes as a file of any format that Peoria takes, and is decoded as safely as
everywhere. An animation keeps its frames.
"""

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from PIL import Image, ImageDraw

from models.captions.animation import Animation, read_animation
from models.captions.layout import LINE_HEIGHT, CaptionRefused, clean, draw_line, wrap
from models.captions.mark import DRAWN, mark_picture, metadata_for
from models.decoding import DEFAULT_LIMITS, DecodeLimits, decode

#: Characters of a caption, all boxes together.
MAX_CAPTION = 2_000
#: A meme's sides, pixels: smaller pictures are enlarged, longer ones made smaller.
LEAST_SIDE, LONGEST_SIDE = 320, 1_280
LONGEST_ANIMATED = 480
#: Of the picture's height: what one of two boxes may take, and the largest and least letters.
_BOX_SHARE, _LARGEST, _LEAST = 0.34, 0.13, 0.045
#: Boxes of one caption.
MAX_BOXES = 10


@dataclass(frozen=True, slots=True)
class Meme:
    """A finished picture.

    Attributes:
        data: the file.
        format: PNG, JPEG, GIF or WEBP.
        width, height: pixels.
        frames: how many pictures it has.
        in_bar: whether the caption stands in a bar below the picture.
    """

    data: bytes
    format: str
    width: int
    height: int
    frames: int
    in_bar: bool

    @property
    def suffix(self) -> str:
        """The usual ending of its file's name."""
        return {"JPEG": ".jpg"}.get(self.format, f".{self.format.lower()}")


class Canvas:
    """A picture that captions are drawn on: decoded once, drawn on many times.

    Args:
        data: the picture's file.
        limits: what decoding may cost.

    Raises:
        ImageRefused: the file is not a picture that can be used; the message says why.
    """

    def __init__(self, data: bytes, limits: DecodeLimits = DEFAULT_LIMITS) -> None:
        decoded = decode(data, limits=limits, size=LONGEST_SIDE // 2)
        self.picture = fitted(decoded.pixels, LONGEST_SIDE)
        self._format = "JPEG" if decoded.format in ("JPEG", "AVIF") else "PNG"
        self._animation = read_animation(data, limits) if decoded.animated else None

    @property
    def animated(self) -> bool:
        """Whether it has several frames."""
        return self._animation is not None

    def check(self) -> None:
        """Decode every frame that may be drawn on.

        Raises:
            ImageRefused: one is damaged.
        """
        if self._animation is not None:
            self._animation.check()

    def still(self, boxes: Sequence[str]) -> Image.Image:
        """One captioned picture, RGB, without a mark: what a forecast is made of.

        Raises:
            CaptionRefused: the caption cannot be drawn; the message says why.
        """
        return captioned(self.picture, boxes)[0]

    def meme(
        self, boxes: Sequence[str], *, generated: bool, file_format: str | None = None
    ) -> Meme:
        """The finished file.

        Args:
            boxes: the caption's parts, from the top down.
            generated: whether a program wrote the caption; then the picture says so.
            file_format: PNG, JPEG, WEBP or GIF; None: as fits the picture.

        Raises:
            CaptionRefused: the caption cannot be drawn; the message says why.
        """
        if self._animation is not None and file_format in (None, "GIF", "WEBP"):
            return self._moving(self._animation, boxes, generated, file_format)
        image, in_bar = captioned(self.picture, boxes)
        if generated:
            mark_picture(image)
        file_format = file_format or self._format
        out = io.BytesIO()
        options = {"quality": 92} if file_format in ("JPEG", "WEBP") else {}
        image.save(out, file_format, **metadata_for(file_format, generated=generated), **options)
        return Meme(out.getvalue(), file_format, *image.size, 1, in_bar)

    def _moving(
        self, animation: Animation, boxes: Sequence[str], generated: bool, file_format: str | None
    ) -> Meme:
        file_format = file_format or ("GIF" if animation.format == "GIF" else "WEBP")
        boxes = checked(boxes)
        frames: list[Image.Image] = []
        durations: list[int] = []
        layer: Image.Image | None = None
        in_bar = False
        for frame, duration in animation.frames(LONGEST_ANIMATED):
            small = fitted(frame, LONGEST_ANIMATED)
            if layer is None:
                layer, in_bar = overlay(small.size, boxes, generated=generated)
            frames.append(_under(small, layer))
            durations.append(duration)
        out = io.BytesIO()
        frames[0].save(
            out, file_format, save_all=True, append_images=frames[1:], duration=durations, loop=0,
            **metadata_for(file_format, generated=generated),
        )  # fmt: skip
        return Meme(out.getvalue(), file_format, *frames[0].size, len(frames), in_bar)


def checked(boxes: Sequence[str]) -> list[str]:
    """The boxes cleaned, without empty ones at the end.

    Raises:
        CaptionRefused: there is nothing to draw, or too much of it.
    """
    cleaned = [clean(box) for box in boxes]
    while cleaned and not cleaned[-1]:
        cleaned.pop()
    letters = sum(map(len, cleaned))
    if not letters:
        raise CaptionRefused("The caption is empty; write at least one word, as in TOP|BOTTOM.")
    if letters > MAX_CAPTION:
        raise CaptionRefused(
            f"The caption has {letters:,} characters and at most {MAX_CAPTION:,} can be drawn;"
            " make it shorter."
        )
    if len(cleaned) > MAX_BOXES:
        raise CaptionRefused(f"The caption has {len(cleaned)} parts; at most {MAX_BOXES} fit.")
    return cleaned


def fitted(picture: Image.Image, longest: int) -> Image.Image:
    """A copy with sides from `LEAST_SIDE` to ``longest``; a sliver stands on black."""
    least = min(LEAST_SIDE, longest)
    width, height = picture.size
    scale = min(longest / max(width, height), max(1.0, least / min(width, height)))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = Image.Resampling.LANCZOS if scale < 4 else Image.Resampling.NEAREST
    copy = picture.convert("RGB").resize(size, smooth)
    if min(size) >= least:
        return copy
    board = Image.new("RGB", (max(least, size[0]), max(least, size[1])))
    board.paste(copy, ((board.width - size[0]) // 2, (board.height - size[1]) // 2))
    return board


def captioned(picture: Image.Image, boxes: Sequence[str]) -> tuple[Image.Image, bool]:
    """A copy with its caption, and whether that stands in a bar."""
    layer, in_bar = overlay(picture.size, checked(boxes), generated=False)
    return _under(picture, layer), in_bar


def _under(picture: Image.Image, layer: Image.Image) -> Image.Image:
    whole = Image.new("RGB", layer.size, "white")
    whole.paste(picture)
    whole.paste(layer, (0, 0), layer)
    return whole


def overlay(
    size: tuple[int, int], boxes: Sequence[str], *, generated: bool
) -> tuple[Image.Image, bool]:
    """The caption alone, RGBA; taller than ``size`` where it stands in a bar."""
    placed = _classic(size, [box.upper() for box in boxes])
    in_bar = placed is None
    layer = _bar(size, boxes) if placed is None else Image.new("RGBA", size)
    for line in placed or ():
        draw_line(
            layer, line.text, centre=size[0] / 2, top=line.top, size=line.size,
            fill="white", stroke=max(1, round(line.size * 0.07)), stroke_fill="black",
        )  # fmt: skip
    if generated:
        mark_picture(layer)
    return layer, in_bar


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    top: float
    size: int


def _classic(size: tuple[int, int], boxes: Sequence[str]) -> list[_Line] | None:
    """The first box on top, the last below, others between; None where they do not fit.

    A single box stands below.
    """
    width, height = size
    places = [box for box in boxes if box]
    single = len(boxes) == 1
    room = height * (_BOX_SHARE if len(places) <= 2 else 0.8 / len(places))
    lines: list[_Line] = []
    for number, box in enumerate(boxes):
        if not box:
            continue
        found = _fit(box, width * 0.94, room, height)
        if found is None:
            return None
        letters, wrapped = found
        tall = len(wrapped) * letters * LINE_HEIGHT
        share = 1.0 if single else number / (len(boxes) - 1)
        top = height * 0.015 + share * (height * 0.965 - tall)
        lines += [
            _Line(text, top + row * letters * LINE_HEIGHT, letters)
            for row, text in enumerate(wrapped)
        ]
    return lines


def _fit(text: str, wide: float, tall: float, height: int) -> tuple[int, list[str]] | None:
    """The largest letters with which a text fits, and its lines; None: too small to read."""
    sizes = list(_sizes(height))
    # What the smallest letters do not fit is not tried with larger ones.
    if len(wrap(text, sizes[-1], wide)) * sizes[-1] * LINE_HEIGHT > tall:
        return None
    for letters in sizes:
        wrapped = wrap(text, letters, wide)
        if len(wrapped) * letters * LINE_HEIGHT <= tall:
            return letters, wrapped
    return None


def _sizes(height: int) -> Iterator[int]:
    size = height * _LARGEST
    least = max(14.0, height * _LEAST)
    while size >= least:
        yield round(size)
        size *= 0.9
    yield round(least)


def _bar(size: tuple[int, int], boxes: Sequence[str]) -> Image.Image:
    """The whole caption as written, black on white, under the picture's place."""
    width, height = size
    letters = max(14, min(round(width * 0.05), 36))
    lines = [line for box in boxes if box for line in wrap(box, letters, width * 0.94)]
    if len(lines) * letters > 1.5 * height:
        letters = 14
        lines = [line for box in boxes if box for line in wrap(box, letters, width * 0.94)]
    step = letters * LINE_HEIGHT
    tall = round(step * (len(lines) + 1))
    layer = Image.new("RGBA", (width, height + tall))
    ImageDraw.Draw(layer).rectangle((0, height, width, height + tall), fill="white")
    for row, line in enumerate(lines):
        draw_line(
            layer, line, centre=width / 2, top=height + step * (row + 0.4), size=letters,
            fill="black", stroke=0, stroke_fill="black",
        )  # fmt: skip
    return layer


def is_marked(data: bytes) -> bool:
    """Whether a file says that its caption was generated."""
    with closing(Image.open(io.BytesIO(data))) as image:
        image.load()
        texts = (image.info.get(name) for name in ("xmp", "comment", "XML:com.adobe.xmp"))
        return any(DRAWN in str(text) for text in texts)
