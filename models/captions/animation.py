"""The frames of an animation, one by one, within what they may cost."""

import io
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image

from models.decoding import DECODER_ERRORS, DecodeLimits, ImageRefused
from models.image_headers.read import read_container

T = TypeVar("T")

#: Frames of an animation, and pixels of all of them together, that are drawn on.
MAX_FRAMES, MAX_ALL_PIXELS = 600, 400_000_000
#: For a frame that does not say how long it is shown, milliseconds.
_DURATION = 100


@dataclass(frozen=True, slots=True)
class Animation:
    """An animation that was found affordable.

    Attributes:
        data: the file.
        format: GIF, WEBP, PNG or AVIF.
        count: its frames.
    """

    data: bytes
    format: str
    count: int

    def frames(self, longest: int) -> Iterator[tuple[Image.Image, int]]:
        """Each frame as RGB on white, no longer than ``longest`` px, with its milliseconds.

        Raises:
            ImageRefused: a frame is damaged.
        """

        def small(image: Image.Image) -> tuple[Image.Image, int]:
            frame = image.convert("RGBA")
            frame.thumbnail((longest, longest))
            ground = Image.new("RGB", frame.size, "white")
            ground.paste(frame, (0, 0), frame)
            return ground, int(image.info.get("duration") or _DURATION)

        return self._each(small)

    def check(self) -> None:
        """Decode each frame.

        Raises:
            ImageRefused: a frame is damaged.
        """
        for _ in self._each(lambda image: image.load()):
            pass

    def _each(self, work: Callable[[Image.Image], T]) -> Iterator[T]:
        try:
            with closing(Image.open(io.BytesIO(self.data), formats=[self.format])) as image:
                for number in range(self.count):
                    image.seek(number)
                    yield work(image)
        except DECODER_ERRORS as error:
            raise ImageRefused(
                "corrupt",
                "A frame of this animation is damaged; save it again in an image editor and try"
                " that.",
            ) from error


def read_animation(data: bytes, limits: DecodeLimits) -> Animation | None:
    """The animation of a file that `models.decoding.decode` has taken; None: it has one frame.

    Raises:
        ImageRefused: it is too long or damaged.
    """
    container = read_container(data)
    try:
        with closing(Image.open(io.BytesIO(data), formats=[container.format])) as image:
            count = int(getattr(image, "n_frames", 1))
    except DECODER_ERRORS as error:
        raise ImageRefused(
            "corrupt", "This animation is damaged; save it again in an image editor and try that."
        ) from error
    if count < 2:
        return None
    if count > MAX_FRAMES or count * container.width * container.height > MAX_ALL_PIXELS:
        raise ImageRefused(
            "too_complex",
            f"This animation has {count} frames of {container.width} × {container.height} pixels,"
            " too many to draw on; make it shorter or smaller.",
        )
    return Animation(data, container.format, count)
