"""A TIFF: its first picture, with nothing but what decoding it needs."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from models.image_headers.container import MAX_PROFILE, Container, ContainerError

SIGNATURES = (b"II*\0", b"MM\0*")

#: Bytes of a value, by its type.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I"}

_WIDTH, _HEIGHT, _BITS, _PACKING, _COLOURS = 256, 257, 258, 259, 262
_STRIPS, _ORIENTATION, _SAMPLES, _STRIP_BYTES = 273, 274, 277, 279
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_SAMPLE_FORMAT, _PROFILE = 339, 34675

#: What decoding needs besides: fill order, rows of a strip, planes, predictor,
#: palette, extra samples, JPEG tables, what YCbCr means.
_KEPT = frozenset(
    {_WIDTH, _HEIGHT, _BITS, _PACKING, _COLOURS, _STRIPS, _SAMPLES, _STRIP_BYTES}
    | {_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES, _SAMPLE_FORMAT}
    | {266, 278, 284, 317, 320, 338, 347, 529, 530, 531, 532}
)

#: Not packed, LZW, JPEG, deflate, PackBits: what libtiff unpacks safely and programs write.
#: Not fax: for every line of it that is damaged libtiff writes one to standard error.
_PACKINGS = frozenset({1, 5, 7, 8, 32773, 32946})
#: Black and white, RGB, palette, CMYK, YCbCr; the others are raw data of cameras and the like.
_COLOUR_KINDS = frozenset({0, 1, 2, 3, 5, 6})

_MAX_ENTRIES = 512
_MAX_VALUES = 2**20  # bytes of one entry
_MAX_TILE = 2**26  # bytes of one tile, unpacked


@dataclass(frozen=True, slots=True)
class _Entry:
    kind: int
    count: int
    value: bytes


def read_tiff(data: bytes) -> Container:
    """Keep the first picture's pixels and what says how they are stored.

    Pillow copies every value of a directory, of which there may be 65,535 with the whole file in
    each; so a new directory is written, of the entries that decoding needs.

    Raises:
        ContainerError: the file is damaged, a camera's raw data, or would cost too much.
        IndexError, struct.error: it ends too early.
    """
    order = "<" if data.startswith(b"II") else ">"
    if data[8:10] == b"CR":  # a raw file of Canon
        raise ContainerError("unsupported_format")
    entries = dict(_entries(data, order))
    values = {tag: _integers(entry, order) for tag, entry in entries.items() if tag in _KEPT}

    def first(tag: int, default: int) -> int:
        return next(iter(values.get(tag, ())), default)

    width, height = first(_WIDTH, 0), first(_HEIGHT, 0)
    samples = first(_SAMPLES, 1)
    bits = max(values.get(_BITS, [1]), default=1)
    packing = first(_PACKING, 1)
    if first(_COLOURS, 1) not in _COLOUR_KINDS:
        raise ContainerError("unsupported_format")
    if (
        packing not in _PACKINGS
        or not 1 <= samples <= 5
        or bits > 16
        or not set(values.get(_SAMPLE_FORMAT, [1])) <= {1, 4}
    ):
        raise ContainerError("too_complex")
    if width < 1 or height < 1:
        raise ContainerError("corrupt")
    stored = (width * samples * bits + 7) // 8 * height
    _check_parts(data, values, samples * bits, width, height)
    if packing == 1 and sum(values.get(_STRIP_BYTES) or values[_TILE_BYTES]) < stored:
        raise ContainerError("truncated")
    orientation = (
        next(iter(_integers(entries[_ORIENTATION], order)), 1) if (_ORIENTATION in entries) else 1
    )
    profile = entries[_PROFILE].value if _PROFILE in entries else b""
    return Container(
        format="TIFF",
        width=width,
        height=height,
        picture=_with_directory(data, order, entries),
        orientation=orientation if 1 <= orientation <= 8 else 1,
        pixel_bytes=max(4, samples * bits // 8) if samples > 1 else max(1, bits // 8),
        working_bytes=stored if packing != 1 else 0,
        profile=profile,
    )


def _check_parts(
    data: bytes, values: Mapping[int, list[int]], bits: int, width: int, height: int
) -> None:
    """Make sure that the strips or tiles lie in the file, and are of a size that makes sense."""
    offsets = values.get(_STRIPS) or values.get(_TILES) or []
    sizes = values.get(_STRIP_BYTES) or values.get(_TILE_BYTES) or []
    if not offsets or len(offsets) != len(sizes):
        raise ContainerError("corrupt")
    if any(offset + size > len(data) for offset, size in zip(offsets, sizes, strict=True)):
        raise ContainerError("truncated")
    if _TILES in values:
        tile_width, tile_height = (
            next(iter(values.get(tag, ())), 0) for tag in (_TILE_WIDTH, _TILE_HEIGHT)
        )
        if not (0 < tile_width <= 2 * width + 512 and 0 < tile_height <= 2 * height + 512):
            raise ContainerError("corrupt")
        if tile_width * tile_height * bits // 8 > _MAX_TILE:
            raise ContainerError("too_complex")


def _entries(data: bytes, order: str) -> Iterator[tuple[int, _Entry]]:
    """The entries of the first directory that mean anything here."""
    (directory,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, directory)
    if count > _MAX_ENTRIES:
        raise ContainerError("too_complex")
    for number in range(count):
        place = directory + 2 + 12 * number
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, place)
        if tag == 50706:  # the version of a digital negative
            raise ContainerError("unsupported_format")
        if tag not in _KEPT and tag not in {_ORIENTATION, _PROFILE}:
            continue
        size = _SIZES.get(kind, 1) * values
        if size > (MAX_PROFILE if tag == _PROFILE else _MAX_VALUES):
            if tag == _PROFILE:
                continue
            raise ContainerError("too_complex")
        (start,) = struct.unpack_from(f"{order}I", data, place + 8) if size > 4 else (place + 8,)
        if start + size > len(data):
            if tag == _PROFILE:
                continue
            raise ContainerError("truncated")
        yield tag, _Entry(kind, values, data[start : start + size])


def _integers(entry: _Entry, order: str) -> list[int]:
    letter = _INTEGERS.get(entry.kind)
    if letter is None:
        return []
    return list(struct.unpack(f"{order}{entry.count}{letter}", entry.value))


def _with_directory(data: bytes, order: str, entries: Mapping[int, _Entry]) -> bytes:
    """The file with a directory of the entries that are kept, behind everything else."""
    kept = sorted((tag, entry) for tag, entry in entries.items() if tag in _KEPT)
    padding = b"\0" * (len(data) % 2)
    directory = len(data) + len(padding)
    position = directory + 2 + 12 * len(kept) + 4
    lines, values = [struct.pack(f"{order}H", len(kept))], []
    for tag, entry in kept:
        line = struct.pack(f"{order}HHI", tag, entry.kind, entry.count)
        if len(entry.value) <= 4:
            line += entry.value.ljust(4, b"\0")
        else:
            line += struct.pack(f"{order}I", position)
            values.append(entry.value + b"\0" * (len(entry.value) % 2))
            position += len(values[-1])
        lines.append(line)
    head = data[:4] + struct.pack(f"{order}I", directory)
    return b"".join([head, data[8:], padding, *lines, bytes(4), *values])
