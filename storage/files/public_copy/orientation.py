"""Which side of a picture is up: the one thing that is kept of what a camera wrote."""

import struct

_ORIENTATION = 0x0112
_SHORT = 3
#: Entries of a directory that are looked at.
_MOST_ENTRIES = 1000


def read_orientation(tiff: bytes) -> int:
    """The orientation (1 to 8) in EXIF data that begin with the TIFF header; 1: none is said."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for number in range(min(entries, _MOST_ENTRIES)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * number)
            if tag == _ORIENTATION and kind == _SHORT:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def exif_of(orientation: int) -> bytes:
    """EXIF data that say nothing but which side is up; empty where that needs no word."""
    if orientation == 1:
        return b""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + struct.pack(">I", 0)
