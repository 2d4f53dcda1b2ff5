"""PNG, also animated: pixels, colours and sizes. No texts, no times, nothing behind the end."""

import struct
import zlib

from storage.files.public_copy.orientation import exif_of, read_orientation
from storage.files.public_copy.pieces import NotUnderstood, Piece, PublicCopy, joined

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP"}
    | {b"sBIT", b"bKGD", b"pHYs", b"acTL", b"fcTL", b"fdAT", b"mDCV", b"cLLI"}
)


def public_png(data: bytes) -> PublicCopy:
    """The copy of a PNG.

    Raises:
        NotUnderstood: it is not built as a PNG.
    """
    if data[:8] != _SIGNATURE or data[12:16] != b"IHDR":
        raise NotUnderstood
    orientation = 1
    pieces: list[Piece] = [(0, 8)]
    position = 8
    while position + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = min(position + 12 + length, len(data))
        if name in _KEPT:
            pieces.append((position, end))
        elif name == b"eXIf":
            orientation = read_orientation(data[position + 8 : end])
        position = end
        if name == b"IEND":
            break
    exif = exif_of(orientation)
    if exif:
        checked = b"eXIf" + exif
        chunk = struct.pack(">I", len(exif)) + checked + struct.pack(">I", zlib.crc32(checked))
        pieces.insert(2, chunk)
    return joined(pieces)
