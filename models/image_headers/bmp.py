"""A BMP: Windows' plain pictures."""

import struct

from models.image_headers.container import Container, ContainerError

#: Sizes of the header's second part, by which its versions are told.
_VERSIONS = {12, 16, 40, 52, 56, 64, 108, 124}
_PLAIN, _RLE8, _RLE4, _BITFIELDS, _ALPHA_BITFIELDS = 0, 1, 2, 3, 6

#: Pillow unpacks runs of pixels in Python, at about a million a second.
_MAX_PACKED = 2**20
_MAX_RUN_PIXELS = 4_000_000


def read_bmp(data: bytes) -> Container:
    """Read the header; the file is passed on whole, because nothing else is in it.

    Raises:
        ContainerError: the file is damaged or would cost too much.
        IndexError, struct.error: it ends too early.
    """
    offset, version = struct.unpack_from("<II", data, 10)
    if version not in _VERSIONS:
        raise ContainerError("corrupt")
    if version == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        packing = _PLAIN
    else:
        width, height, _, bits, packing = struct.unpack_from("<iiHHI", data, 18)
    height = abs(height)  # negative: from the top down
    if bits not in {1, 2, 4, 8, 16, 24, 32} or width < 1 or height < 1:
        raise ContainerError("corrupt")
    if packing in {_RLE8, _RLE4}:
        if len(data) > _MAX_PACKED or width * height > _MAX_RUN_PIXELS:
            raise ContainerError("too_complex")
    elif packing not in {_PLAIN, _BITFIELDS, _ALPHA_BITFIELDS}:
        raise ContainerError("too_complex")
    elif offset + (width * bits + 31) // 32 * 4 * height > len(data):
        raise ContainerError("truncated")
    return Container(
        format="BMP",
        width=width,
        height=height,
        picture=data,
        pixel_bytes=1 if bits <= 8 else 4,
        working_bytes=width * height if packing in {_RLE8, _RLE4} else 0,
    )
