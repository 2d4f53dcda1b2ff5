"""AVIF: everything stays where it is, and what is no picture is written over.

A file of this kind points at its pictures by their places, which must not change. Which side is up
is said by the picture itself, not by what a camera wrote.
"""

import struct
from collections.abc import Iterator, Mapping

from storage.files.public_copy.pieces import NotUnderstood, Piece, PublicCopy, joined

_MOST_BOXES = 10_000
_TOP = frozenset({b"ftyp", b"meta", b"mdat", b"moov"})
#: Items that describe the picture.
_TELLING = frozenset({b"Exif", b"mime", b"uri "})
#: Boxes in a film's head that hold boxes, and those that describe it.
_HOLDERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"})
_DESCRIPTIONS = frozenset({b"udta", b"meta", b"uuid"})
#: EXIF data that say nothing: some decoders refuse a picture whose EXIF data are damaged.
_NO_EXIF = b"\0\0\0\0MM\0*" + struct.pack(">IHI", 8, 0, 0)


def public_avif(data: bytes) -> PublicCopy:
    """The copy of an AVIF.

    Raises:
        NotUnderstood: it is not built as an AVIF.
    """
    if data[4:8] != b"ftyp":
        raise NotUnderstood
    try:
        over = dict(_to_write_over(data))
    except (struct.error, KeyError, IndexError) as error:
        raise NotUnderstood from error
    pieces: list[Piece] = []
    position = 0
    for start in sorted(over):
        if start < position:
            raise NotUnderstood
        pieces += [(position, start), over[start]]
        position = start + len(over[start])
    return joined([*pieces, (position, len(data))])


def _to_write_over(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Places in the file, and what is to stand there."""
    for name, start, first, end in _boxes(data, 0, len(data)):
        if name not in _TOP:
            yield _free(start, first, end)
        elif name == b"moov":
            yield from _film(data, first, end)
        elif name == b"meta":
            yield from _items(data, first + 4, end)


def _film(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    for name, begin, first, last in _boxes(data, start, end):
        if name in _DESCRIPTIONS:
            yield _free(begin, first, last)
        elif name in _HOLDERS:
            yield from _film(data, first, last)


def _items(data: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    boxes = {name: (first, last) for name, _, first, last in _boxes(data, start, end)}
    if b"iinf" not in boxes or b"iloc" not in boxes:
        return
    places = _places(data, boxes)
    for item, kind in _kinds(data, *boxes[b"iinf"]):
        if kind in _TELLING:
            for first, last in places.get(item, ()):
                length = min(last, len(data)) - first
                said = _NO_EXIF if kind == b"Exif" and length >= len(_NO_EXIF) else b""
                yield first, said.ljust(max(length, 0), b"\0" if kind == b"Exif" else b" ")


def _kinds(data: bytes, first: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Id and kind of each item."""
    start = first + (6 if data[first] == 0 else 8)
    for name, _, entry, _ in _boxes(data, start, end):
        if name == b"infe" and data[entry] in (2, 3):
            wide = data[entry] == 3
            item, _, kind = struct.unpack_from(">IH4s" if wide else ">HH4s", data, entry + 4)
            yield item, kind


def _places(
    data: bytes, boxes: Mapping[bytes, tuple[int, int]]
) -> dict[int, list[tuple[int, int]]]:
    """Where the bytes of each item are."""
    position, _ = boxes[b"iloc"]
    version = data[position]
    offset_size, length_size = data[position + 4] >> 4, data[position + 4] & 15
    base_size, index_size = data[position + 5] >> 4, data[position + 5] & 15
    wide = ">I" if version == 2 else ">H"
    position += 6
    (count,) = struct.unpack_from(wide, data, position)
    position += struct.calcsize(wide)
    places: dict[int, list[tuple[int, int]]] = {}
    for _ in range(min(count, _MOST_BOXES)):
        (item,) = struct.unpack_from(wide, data, position)
        position += struct.calcsize(wide)
        method = 0
        if version in (1, 2):
            method = data[position + 1] & 15
            position += 2
        position += 2
        base = _number(data, position, base_size)
        if method == 1:
            base += boxes[b"idat"][0]
        position += base_size
        (extents,) = struct.unpack_from(">H", data, position)
        position += 2
        for _ in range(extents):
            position += index_size if version in (1, 2) else 0
            offset = base + _number(data, position, offset_size)
            length = _number(data, position + offset_size, length_size)
            position += offset_size + length_size
            places.setdefault(item, []).append((offset, offset + length))
    return places


def _number(data: bytes, position: int, size: int) -> int:
    return int.from_bytes(data[position : position + size], "big")


def _free(start: int, first: int, end: int) -> tuple[int, bytes]:
    """A box in place of another one, of the same length, that says nothing."""
    length = end - start
    if first - start == 16:
        return start, struct.pack(">I4sQ", 1, b"free", length) + bytes(length - 16)
    return start, struct.pack(">I4s", length, b"free") + bytes(length - 8)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Name of each box, where it begins, where its content begins, and where it ends."""
    position = start
    for _ in range(_MOST_BOXES):
        if position + 8 > min(end, len(data)):
            return
        length, name = struct.unpack_from(">I4s", data, position)
        first = position + 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", data, first)
            first += 8
        elif length == 0:
            length = end - position
        if length < first - position:
            raise NotUnderstood
        yield name, position, first, min(position + length, end, len(data))
        position += length
    raise NotUnderstood
