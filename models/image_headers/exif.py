"""The orientation in a block of EXIF."""

import struct

_ORIENTATION_TAG = 0x0112


def exif_orientation(exif: bytes) -> int:
    """The orientation (1 to 8) in a block of EXIF; 1 where there is none or it makes no sense.

    Orientation in XMP or in ImageMagick's text profiles is left alone, as browsers do. Only the
    first directory is read: Pillow's reader copies every value of every entry, which a
    20 MB block with 65,535 entries turns into terabytes.
    """
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for index in range(entries):
            entry = directory + 2 + 12 * index
            tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
            if tag == _ORIENTATION_TAG:
                value = struct.unpack_from(f"{order}{'I' if kind == 4 else 'H'}", tiff, entry + 8)
                return value[0] if 1 <= value[0] <= 8 else 1
    except struct.error:
        return 1
    return 1
