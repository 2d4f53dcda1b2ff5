"""JPEG: tables, scans, colour profile, orientation; nothing else, and nothing behind the end."""

import re
import struct
from collections.abc import Iterator

from storage.files.public_copy.orientation import exif_of, read_orientation
from storage.files.public_copy.pieces import NotUnderstood, Piece, PublicCopy, joined

_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_APP0, _APP1, _APP15, _COM = 0xE0, 0xE1, 0xEF, 0xFE
#: Markers without a length: restarts, and TEM.
_ALONE = (*range(0xD0, 0xD8), 0x01)
#: Parts that programs need: by marker, how they begin.
_KEPT = {_APP0: b"JFIF\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
_EXIF = b"Exif\0\0"
#: The end of coded pixels: a marker that is no stuffed byte, no restart and no filling.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def public_jpeg(data: bytes) -> PublicCopy:
    """The copy of a JPEG.

    Raises:
        NotUnderstood: it is not built as a JPEG.
    """
    if data[:2] != b"\xff\xd8":
        raise NotUnderstood
    orientation = 1
    heads: list[Piece] = []
    rest: list[Piece] = []
    for marker, start, end in _parts(data):
        body = data[start + 4 : start + 4 + 16]
        if marker == _APP1 and body.startswith(_EXIF):
            orientation = read_orientation(data[start + 4 + len(_EXIF) : end])
        if _APP0 <= marker <= _APP15 or marker == _COM:
            if marker in _KEPT and body.startswith(_KEPT[marker]):
                (heads if marker == _APP0 else rest).append((start, end))
        else:
            rest.append((start, end))
    exif = exif_of(orientation)
    written = b""
    if exif:
        written = struct.pack(">BBH", 0xFF, _APP1, 2 + len(_EXIF) + len(exif)) + _EXIF + exif
    return joined([(0, 2), *heads, written, *rest])


def _parts(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each part, up to the end of the picture."""
    position = 2
    while position < len(data):
        if data[position] != 0xFF:
            raise NotUnderstood
        start = position
        while position < len(data) and data[position] == 0xFF:
            position += 1
        if position >= len(data):
            return
        marker = data[position]
        position += 1
        if marker == _EOI:
            yield marker, position - 2, position
            return
        if marker in _ALONE:
            yield marker, start, position
            continue
        if position + 2 > len(data):
            return
        (length,) = struct.unpack_from(">H", data, position)
        if length < 2:
            raise NotUnderstood
        start = position - 2
        end = min(position + length, len(data))
        if marker == _SOS:
            found = _MARKER.search(data, end)
            end = found.start() if found is not None else len(data)
        yield marker, start, end
        position = end
