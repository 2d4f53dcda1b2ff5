"""The first picture of a file, and what can be wrong with a file."""

from dataclasses import dataclass
from typing import Literal

Fault = Literal["unsupported_format", "truncated", "corrupt", "too_complex"]

# Real files stay far below: of 20 MiB, a PNG has 2,600 chunks.
MAX_PARTS = 20_000

# Of an animation: enough for a title that fades in, 25 times a second.
MAX_FRAMES = 100


# Real colour profiles stay below; those of printing presses are the largest.
MAX_PROFILE = 4 * 2**20


class ContainerError(ValueError):
    """The file cannot be taken apart; `fault` says in which way."""

    def __init__(self, fault: Fault, file_format: str | None = None) -> None:
        super().__init__(fault)
        self.fault: Fault = fault
        self.format = file_format


@dataclass(frozen=True, slots=True)
class Container:
    """The first picture of a file and what its decoding will take."""

    format: str  # "JPEG" | "PNG" | "WEBP" | "GIF" | "AVIF" | "HEIF" | "TIFF" | "BMP"
    width: int  # as stored, before orientation
    height: int
    picture: bytes  # a file of the same format with nothing in it but the first picture
    orientation: int = 1  # EXIF: 1 to 8
    animated: bool = False
    complete: bool = True  # False: the file ends before its own end mark
    pixel_bytes: int = 4  # per pixel: the decoded picture's, or the unpacked file's if more
    working_bytes: int = 0  # what the decoder holds besides, whatever the scale
    scans: int = 1  # how often a JPEG goes over its pixels
    least_bytes: int = 0  # a picture of this size cannot be packed into fewer
    profile: bytes = b""  # an ICC profile of its colours, not checked; of HEIF the decoder has it
    frame_count: int = 1  # of an animation, as the file says; of an AVIF the decoder knows
    frames: bytes = b""  # the same with the first `MAX_FRAMES` of an animation
