"""A JPEG: its segments up to the first scan, and all scans of the first picture."""

import re
import struct
from collections.abc import Iterator

from models.image_headers.container import MAX_PARTS, MAX_PROFILE, Container, ContainerError
from models.image_headers.exif import exif_orientation

_SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}

_END = 0xD9

_PROFILE = b"ICC_PROFILE\0"

_USUAL_SOF_MARKERS = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # not lossless, not hierarchical


def read_jpeg(data: bytes) -> Container:
    """Keep segments up to the first scan, and every scan of the first picture.

    Raises:
        ContainerError: the file is damaged or would cost too much.
        IndexError, struct.error: it ends too early.
    """
    kept = [b"\xff\xd8"]
    frame = b""
    orientation = 1
    profile: dict[bytes, bytes] = {}
    for marker, start, end in _segments(data):
        body = data[start + 4 : end]
        if marker in _SOF_MARKERS:
            if frame:
                raise ContainerError("corrupt")
            if marker not in _USUAL_SOF_MARKERS:
                raise ContainerError("too_complex")
            frame = body
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = exif_orientation(body)
        elif marker == 0xE2 and body.startswith(_PROFILE):
            profile[body[12:14]] = body[14:]
        if marker == 0xDA:
            first_scan, first_scan_components = start, body[0]
            break
        # Of the application segments only these two bear on colour: JFIF and Adobe.
        if marker < 0xE0 or (marker, body[:5]) in {(0xE0, b"JFIF\0"), (0xEE, b"Adobe")}:
            kept.append(data[start:end])
    else:
        raise ContainerError("truncated")
    height, width, components = struct.unpack_from(">HHB", frame, 1)
    following = list(_from_first_scan(data, first_scan))
    # Comments and application segments may hold anything, an end mark, too.
    kept.extend(data[start:end] for marker, start, end in following if marker < 0xE0)
    scans = sum(marker == 0xDA for marker, _, _ in following)
    complete = following[-1][0] == _END
    if not complete:
        # Without the first half of a mark that was cut.
        kept[-1] = kept[-1].rstrip(b"\xff") + b"\xff\xd9"
    # In more than one scan, libjpeg keeps the coefficients (2 bytes each) of the whole picture.
    whole = scans > 1 or first_scan_components < components
    return Container(
        format="JPEG",
        width=width,
        height=height,
        picture=b"".join(kept),
        orientation=orientation,
        complete=complete,
        pixel_bytes=1 if components == 1 else 4,
        working_bytes=_coefficients(frame, width * height) * 2 if whole else 0,
        scans=scans,
        profile=_joined(profile),
    )


def _joined(parts: dict[bytes, bytes]) -> bytes:
    """A colour profile from its segments, by number and count; empty where one is missing."""
    if not parts or sum(map(len, parts.values())) > MAX_PROFILE:
        return b""
    wanted = [bytes([number, len(parts)]) for number in range(1, len(parts) + 1)]
    return b"".join(parts[each] for each in wanted) if sorted(parts) == wanted else b""


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment up to and including the first start of scan."""
    position = 2
    for _ in range(MAX_PARTS):
        position = data.find(b"\xff", position)  # libjpeg too skips what lies between segments
        if position < 0:
            return
        marker = data[position + 1]
        if marker in (0xFF, 0x00, 0x01) or 0xD0 <= marker <= 0xD8:  # padding, or no length
            position += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            raise ContainerError("corrupt")
        (length,) = struct.unpack_from(">H", data, position + 2)
        end = position + 2 + length
        if length < 2:
            raise ContainerError("corrupt")
        if end > len(data):
            raise ContainerError("truncated")
        yield marker, position, end
        position = end
    raise ContainerError("too_complex")


#: What ends the coded pixels of a scan: a marker that is no stuffed byte, restart or padding.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def _from_first_scan(data: bytes, position: int) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment from the first scan to the end mark.

    The end of a scan is that of its coded pixels. What follows the end mark is another picture or
    a motion photo's video. Where the file ends before its mark, or no segment can begin, the last
    segment ends there and no end mark is yielded.
    """
    for _ in range(MAX_PARTS):
        marker = data[position + 1]
        if marker == _END:
            yield marker, position, position + 2
            return
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if not 0xC0 <= marker <= 0xFE or length < 2:
            return
        end = position + 2 + length
        following = _MARKER.search(data, end)
        if marker == 0xDA:
            end = following.start() if following else len(data)
        if end <= len(data):
            yield marker, position, end
        if following is None:
            return
        position = following.start()
    raise ContainerError("too_complex")


def _coefficients(frame: bytes, pixels: int) -> int:
    """DCT coefficients of a picture: fewer than its samples where colour is subsampled."""
    samplings = [frame[i] for i in range(7, min(len(frame), 6 + 3 * frame[5]), 3)]
    areas = [(sampling >> 4) * (sampling & 15) for sampling in samplings]
    widest = max((sampling >> 4 for sampling in samplings), default=1)
    tallest = max((sampling & 15 for sampling in samplings), default=1)
    return pixels * sum(areas) // max(widest * tallest, 1)
