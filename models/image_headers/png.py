"""A PNG: its pixels, palette and transparency, without any other chunk."""

import struct
import zlib
from collections.abc import Iterator

from models.image_headers.container import (
    MAX_FRAMES,
    MAX_PARTS,
    MAX_PROFILE,
    Container,
    ContainerError,
)
from models.image_headers.exif import exif_orientation

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# An animation's chunks, beside those of its first picture.
_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})

# By colour type.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}

_DEFLATE_RATIO = 1032  # at most


def read_png(data: bytes) -> Container:
    """Keep the chunks of the first picture.

    Raises:
        ContainerError: the file is damaged or would cost too much.
        IndexError, struct.error: it ends too early.
    """
    chunks: dict[bytes, bytes] = {}
    pixels: list[bytes] = []
    later: list[bytes] = []
    orientation = frames = 1
    announced = 0
    complete = False
    profile = b""
    for name, start, end in _chunks(data):
        if name == b"IDAT":
            pixels.append(_checked(data, start, end))
            later.append(pixels[-1])
        elif name in _ANIMATION and frames <= MAX_FRAMES and end <= len(data):
            frames += name == b"fcTL"
            later.append(_fewer_frames(data[start:end]) if name == b"acTL" else data[start:end])
            announced |= (name == b"acTL") * int.from_bytes(data[start + 8 : start + 12], "big")
        elif name in {b"IHDR", b"PLTE", b"tRNS"}:
            if name in chunks:
                raise ContainerError("corrupt")
            chunks[name] = _checked(data, start, end)[8:-4]
        elif name == b"iCCP" and not profile:
            profile = _profile(data[start + 8 : end - 4])
        elif name == b"eXIf":
            orientation = exif_orientation(data[start + 8 : end - 4])
        complete = name == b"IEND"
    if b"IHDR" not in chunks or not pixels:
        raise ContainerError("corrupt" if complete else "truncated")
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    if depth not in _DEPTHS.get(colour, ()) or (colour == 3 and b"PLTE" not in chunks):
        raise ContainerError("corrupt")
    head = list(_head(chunks, depth, colour))
    return Container(
        format="PNG",
        width=width,
        height=height,
        picture=b"".join([*head, *pixels, _chunk(b"IEND", b"")]),
        orientation=orientation,
        animated=announced > 1,
        frame_count=max(1, announced),
        complete=complete,
        pixel_bytes=_pixel_bytes(depth, colour),
        frames=b"".join([*head, *later, _chunk(b"IEND", b"")]) if announced > 1 else b"",
        profile=profile,
        least_bytes=height * (width * depth * _CHANNELS[colour] // 8 + 1) // _DEFLATE_RATIO,
    )


def _profile(body: bytes) -> bytes:
    """The colour profile of an iCCP chunk; empty where it is damaged or unpacks to too much."""
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(body.partition(b"\0")[2][1:], MAX_PROFILE)
    except zlib.error:
        return b""
    return profile if unpacker.eof else b""


def _fewer_frames(control: bytes) -> bytes:
    """An animation's control chunk that announces no more frames than are passed on."""
    frames, plays = struct.unpack_from(">II", control, 8)
    return _chunk(b"acTL", struct.pack(">II", min(frames, MAX_FRAMES), plays))


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk; the end of the last may lie beyond the data."""
    position = len(SIGNATURE)
    for _ in range(MAX_PARTS):
        if position + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        yield name, position, end
        if name == b"IEND":
            return
        position = end
    raise ContainerError("too_complex")


def _checked(data: bytes, start: int, end: int) -> bytes:
    """A whole chunk. Pillow does not look at the checksum of pixels; browsers do.

    A chunk that was cut has none: it is for Pillow to say whether its pixels suffice.
    """
    stored = int.from_bytes(data[end - 4 : end], "big")
    if end <= len(data) and zlib.crc32(memoryview(data)[start + 4 : end - 4]) != stored:
        raise ContainerError("corrupt")
    return data[start:end]


def _pixel_bytes(depth: int, colour: int) -> int:
    stored = _CHANNELS[colour] * max(depth, 8) // 8
    return stored if _CHANNELS[colour] == 1 else max(stored, 4)  # Pillow pads colours to 4


def _head(chunks: dict[bytes, bytes], depth: int, colour: int) -> Iterator[bytes]:
    yield SIGNATURE
    yield _chunk(b"IHDR", chunks[b"IHDR"])
    if colour == 3:
        yield _chunk(b"PLTE", chunks[b"PLTE"])
    if b"tRNS" in chunks:
        yield _transparency(chunks[b"tRNS"], depth, colour)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _transparency(body: bytes, depth: int, colour: int) -> bytes:
    """The tRNS chunk in the terms of the pixels that Pillow decodes.

    It stretches 2- and 4-bit greys to 8 bits and keeps the high byte of 16-bit colours, but
    leaves their transparent colour as it was in the file, so that it would match nothing.
    """
    if colour == 3:
        return _chunk(b"tRNS", body[:256])
    values = [int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body), 2)]
    if len(values) != {0: 1, 2: 3}.get(colour):
        return b""
    if colour == 2 and depth == 16:
        values = [value >> 8 for value in values]
    elif colour == 0 and depth < 8:
        values = [value * 255 // (2**depth - 1) for value in values]
    return _chunk(b"tRNS", struct.pack(f">{len(values)}H", *(v & 0xFFFF for v in values)))
