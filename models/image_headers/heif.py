"""An AVIF or a HEIC: pictures in the same kind of file (HEIF), coded as AV1 or as HEVC."""

import struct
from collections.abc import Iterator

from models.image_headers.container import MAX_PARTS, Container, ContainerError

#: Brands of files that hold pictures coded as AV1, and as HEVC.
_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")

#: What files of this kind begin with; the general brands are those of both and of others.
BRANDS = (*_AVIF_BRANDS, *_HEIC_BRANDS, b"mif1", b"msf1")

# Bytes for a pixel while it is decoded, measured with 24 megapixels: planes of the colours, with
# 16 bits where there are more than 8, and the RGB made of them.
_AVIF_BYTES, _HEIC_BYTES = 12, 6


def read_heif(data: bytes) -> Container:
    """The size of the largest picture in the file; the file is passed on whole.

    The decoder takes the file apart within limits of its own, and does not look at more than its
    main picture and that picture's transparency.

    Raises:
        ContainerError: the file is damaged, cut short or holds neither.
        IndexError, struct.error: it ends too early.
    """
    boxes = dict(_boxes(data, 0, len(data)))
    first, end = boxes[b"ftyp"]
    brands = {data[place : place + 4] for place in (first, *range(first + 8, end, 4))}
    avif = bool(brands.intersection(_AVIF_BRANDS))
    if not avif and not brands.intersection(_HEIC_BRANDS):
        raise ContainerError("unsupported_format")
    size = (0, 0)
    for path in ((b"meta", b"iprp", b"ipco"), (b"moov",)):
        if path[0] in boxes:
            for width, height in _sizes(data, path, boxes[path[0]]):
                size = max(size, (width, height), key=lambda each: each[0] * each[1])
    if not all(size):
        raise ContainerError("truncated" if boxes[b"last"][1] > len(data) else "corrupt")
    return Container(
        format="AVIF" if avif else "HEIF",
        width=size[0],
        height=size[1],
        picture=data,
        animated=b"avis" in brands,
        frames=data if b"avis" in brands else b"",
        complete=boxes[b"last"][1] <= len(data),
        # Of a HEIC no picture is made but a strip at a time.
        pixel_bytes=4 if avif else 0,
        working_bytes=(_AVIF_BYTES if avif else _HEIC_BYTES) * size[0] * size[1],
    )


def _sizes(
    data: bytes, path: tuple[bytes, ...], place: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    start, end = place
    if path[0] == b"meta":
        start += 4  # version and flags
        for name in path[1:]:
            start, end = dict(_boxes(data, start, end)).get(name, (0, 0))
        for name, (first, last) in _boxes(data, start, end):
            if name == b"ispe" and last - first >= 12:
                yield struct.unpack_from(">II", data, first + 4)
        return
    for name, (first, last) in _boxes(data, start, end):
        if name == b"trak":
            for inner, (begin, stop) in _boxes(data, first, last):
                # Width and height are the last two fields, with 16 bits behind the point.
                if inner == b"tkhd" and stop - begin >= 84:
                    width, height = struct.unpack_from(">II", data, stop - 8)
                    yield width >> 16, height >> 16


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Name of each box, and where its content begins and ends; at last, as ``last``, the whole."""
    position = start
    for _ in range(MAX_PARTS):
        if position + 8 > min(end, len(data)):
            break
        length, name = struct.unpack_from(">I4s", data, position)
        first = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, first)
            first += 8
        if length == 0:
            length = end - position
        if length < first - position:
            raise ContainerError("corrupt")
        yield name, (first, min(position + length, end))
        position += length
    else:
        raise ContainerError("too_complex")
    yield b"last", (start, position)
