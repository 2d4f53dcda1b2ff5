"""A WebP: its first frame."""

import struct

from models.image_headers.container import (
    MAX_FRAMES,
    MAX_PARTS,
    MAX_PROFILE,
    Container,
    ContainerError,
)
from models.image_headers.exif import exif_orientation


def read_webp(data: bytes) -> Container:
    """Keep the first frame.

    Raises:
        ContainerError: the file is damaged or would cost too much.
        IndexError, struct.error: it ends too early.
    """
    kept: list[bytes] = []
    later: list[bytes] = []
    orientation = 1
    profile = b""
    frames = 0
    declared = int.from_bytes(data[4:8], "little") + 8
    stop = min(len(data), declared)
    position = 12
    for _ in range(MAX_PARTS):
        if position + 8 > stop:
            break
        name, length = struct.unpack_from("<4sI", data, position)
        end = position + 8 + length + (length & 1)
        if name == b"ANMF":
            frames += 1
        if name in {b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM"} or (
            name == b"ANMF" and frames == 1
        ):
            kept.append(data[position:end])
        elif name == b"ANMF" and frames <= MAX_FRAMES and end <= stop:
            later.append(data[position:end])
        elif name == b"ICCP" and length <= MAX_PROFILE:
            profile = data[position + 8 : position + 8 + length]
        elif name == b"EXIF":
            orientation = exif_orientation(data[position + 8 : end])
        position = end
    else:
        raise ContainerError("too_complex")
    if not kept:
        raise ContainerError("truncated" if declared > len(data) else "corrupt")
    width, height = _canvas_size(kept[0])
    return Container(
        format="WEBP",
        width=width,
        height=height,
        picture=_riff(kept),
        frames=_riff([*kept, *later]) if later else b"",
        orientation=orientation,
        animated=frames > 1,
        frame_count=max(1, frames),
        profile=profile,
        complete=declared <= len(data),
        # libwebp's animation decoder holds two canvases and hands over a third.
        working_bytes=12 * width * height,
    )


def _riff(chunks: list[bytes]) -> bytes:
    body = b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _canvas_size(chunk: bytes) -> tuple[int, int]:
    """Canvas size from a WebP's first chunk, header included."""
    if chunk.startswith(b"VP8X"):
        sides = chunk[12:15], chunk[15:18]
        if len(sides[1]) < 3:
            raise ContainerError("truncated")
        return int.from_bytes(sides[0], "little") + 1, int.from_bytes(sides[1], "little") + 1
    if chunk.startswith(b"VP8L"):
        signature, bits = struct.unpack_from("<BI", chunk, 8)
        if signature != 0x2F:
            raise ContainerError("corrupt")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk.startswith(b"VP8 "):
        code, width, height = struct.unpack_from("<3sHH", chunk, 11)
        if code != b"\x9d\x01\x2a":
            raise ContainerError("corrupt")
        return width & 0x3FFF, height & 0x3FFF
    raise ContainerError("corrupt")
