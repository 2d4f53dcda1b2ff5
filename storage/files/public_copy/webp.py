"""WebP: frames, transparency, colour profile and orientation."""

import struct

from storage.files.public_copy.orientation import exif_of, read_orientation
from storage.files.public_copy.pieces import NotUnderstood, Piece, PublicCopy, joined

_KEPT = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
#: Bits of the first byte of VP8X that promise EXIF and XMP.
_EXIF, _XMP = 0x08, 0x04


def public_webp(data: bytes) -> PublicCopy:
    """The copy of a WebP.

    Raises:
        NotUnderstood: it is not built as a WebP.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise NotUnderstood
    orientation = 1
    head: bytes | None = None
    pieces: list[Piece] = []
    position = 12
    stop = min(len(data), int.from_bytes(data[4:8], "little") + 8)
    while position + 8 <= stop:
        name, length = struct.unpack_from("<4sI", data, position)
        end = min(position + 8 + length + (length & 1), len(data))
        if name == b"ANMF" and pieces and position + 8 + length > len(data):
            break  # a later frame that was cut short would make the whole unreadable
        if name == b"VP8X":
            head = data[position:end]
        elif name in _KEPT:
            pieces.append((position, end))
        elif name == b"EXIF":
            orientation = read_orientation(data[position + 8 : end].removeprefix(b"Exif\0\0"))
        position = end
    exif = exif_of(orientation) if head is not None else b""
    if head is not None and len(head) > 8:
        flags = head[8] & ~(_EXIF | _XMP) | (_EXIF if exif else 0)
        pieces.insert(0, head[:8] + bytes([flags]) + head[9:])
    if exif:
        pieces.append(b"EXIF" + struct.pack("<I", len(exif)) + exif)
    body = joined(pieces)
    return joined([b"RIFF" + struct.pack("<I", body.size + 4) + b"WEBP", *body.pieces])
