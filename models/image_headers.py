"""What an image file says about itself, read from its bytes without decoding a pixel.

Pillow reads every part of a file that it knows: text, colour profiles, EXIF directories, later
frames. Each of these has cost somebody memory or minutes (a text chunk that inflates to 200 MB,
EXIF joined segment by segment in quadratic time, a JPEG of a thousand empty scans). So the file
is walked here first, within bounds, and only the parts that make up the first picture are handed
on as `Container.picture`, together with the three facts wanted from the rest: size, orientation
and whether it moves.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Fault = Literal["unsupported_format", "truncated", "corrupt", "too_complex"]

# Real files stay far below: of 20 MiB, a PNG has 2,600 chunks and a GIF 82,000 data blocks.
MAX_PARTS = 20_000
MAX_GIF_BLOCKS = 200_000

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
_DEFLATE_RATIO = 1032  # at most
_SOF_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_USUAL_SOF_MARKERS = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # not lossless, not hierarchical
_ORIENTATION_TAG = 0x0112


class ContainerError(ValueError):
    """The file cannot be taken apart; `fault` says in which way."""

    def __init__(self, fault: Fault, file_format: str | None = None) -> None:
        super().__init__(fault)
        self.fault: Fault = fault
        self.format = file_format


@dataclass(frozen=True, slots=True)
class Container:
    """The first picture of a file and what its decoding will take."""

    format: str  # "JPEG" | "PNG" | "WEBP" | "GIF"
    width: int  # as stored, before orientation
    height: int
    picture: bytes  # a file of the same format with nothing in it but the first picture
    orientation: int = 1  # EXIF: 1 to 8
    animated: bool = False
    complete: bool = True  # False: the file ends before its own end mark
    pixel_bytes: int = 4  # per pixel: the decoded picture's, or the unpacked file's if more
    working_bytes: int = 0  # what the decoder holds besides, whatever the scale
    scans: int = 1  # how often a JPEG goes over its pixels
    least_bytes: int = 0  # a picture of this size cannot be packed into fewer


def read_container(data: bytes) -> Container:
    """Recognise `data` by content and take it apart. Raises ContainerError only."""
    for file_format, starts, read in (
        ("JPEG", data.startswith(b"\xff\xd8\xff"), _read_jpeg),
        ("PNG", data.startswith(PNG_SIGNATURE), _read_png),
        ("GIF", data.startswith((b"GIF87a", b"GIF89a")), _read_gif),
        ("WEBP", data.startswith(b"RIFF") and data[8:12] == b"WEBP", _read_webp),
    ):
        if starts:
            try:
                container = read(data)
            except ContainerError as error:
                raise ContainerError(error.fault, file_format) from error
            except (IndexError, struct.error) as error:
                raise ContainerError("truncated", file_format) from error
            if container.width < 1 or container.height < 1:
                raise ContainerError("corrupt", file_format)
            return container
    raise ContainerError("unsupported_format")


def _read_jpeg(data: bytes) -> Container:
    kept = [b"\xff\xd8"]
    frame = b""
    orientation = 1
    for marker, start, end in _jpeg_segments(data):
        body = data[start + 4 : end]
        if marker in _SOF_MARKERS:
            if frame:
                raise ContainerError("corrupt")
            if marker not in _USUAL_SOF_MARKERS:
                raise ContainerError("too_complex")
            frame = body
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = exif_orientation(body)
        if marker == 0xDA:
            first_scan, first_scan_components = start, body[0]
            break
        # Of the application segments only these two bear on colour: JFIF and Adobe.
        if marker < 0xE0 or (marker, body[:5]) in {(0xE0, b"JFIF\0"), (0xEE, b"Adobe")}:
            kept.append(data[start:end])
    else:
        raise ContainerError("truncated")
    height, width, components = struct.unpack_from(">HHB", frame, 1)
    # Within a scan 0xFF is followed by 0, so the next end mark is the real one. What follows it
    # is another picture or a motion photo's video.
    end_mark = data.find(b"\xff\xd9", first_scan)
    end = len(data) if end_mark < 0 else end_mark + 2
    scans = data.count(b"\xff\xda", first_scan, end)
    kept.append(data[first_scan:end])
    # In more than one scan, libjpeg keeps the coefficients (2 bytes each) of the whole picture.
    whole = scans > 1 or first_scan_components < components
    return Container(
        format="JPEG",
        width=width,
        height=height,
        picture=b"".join(kept),
        orientation=orientation,
        complete=end_mark >= 0,
        pixel_bytes=1 if components == 1 else 4,
        working_bytes=_coefficients(frame, width * height) * 2 if whole else 0,
        scans=scans,
    )


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment up to and including the first start of scan."""
    position = 2
    for _ in range(MAX_PARTS):
        position = data.find(b"\xff", position)  # libjpeg too skips what lies between segments
        if position < 0:
            return
        marker = data[position + 1]
        if marker in (0xFF, 0x00, 0x01) or 0xD0 <= marker <= 0xD8:  # padding, or no length
            position += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            raise ContainerError("corrupt")
        (length,) = struct.unpack_from(">H", data, position + 2)
        end = position + 2 + length
        if length < 2:
            raise ContainerError("corrupt")
        if end > len(data):
            raise ContainerError("truncated")
        yield marker, position, end
        position = end
    raise ContainerError("too_complex")


def _coefficients(frame: bytes, pixels: int) -> int:
    """DCT coefficients of a picture: fewer than its samples where colour is subsampled."""
    samplings = [frame[i] for i in range(7, min(len(frame), 6 + 3 * frame[5]), 3)]
    areas = [(sampling >> 4) * (sampling & 15) for sampling in samplings]
    widest = max((sampling >> 4 for sampling in samplings), default=1)
    tallest = max((sampling & 15 for sampling in samplings), default=1)
    return pixels * sum(areas) // max(widest * tallest, 1)


def _read_png(data: bytes) -> Container:
    chunks: dict[bytes, bytes] = {}
    pixels: list[bytes] = []
    orientation = 1
    animated = complete = False
    for name, start, end in _png_chunks(data):
        if name == b"IDAT":
            pixels.append(_checked(data, start, end))
        elif name in {b"IHDR", b"PLTE", b"tRNS"}:
            if name in chunks:
                raise ContainerError("corrupt")
            chunks[name] = _checked(data, start, end)[8:-4]
        elif name == b"eXIf":
            orientation = exif_orientation(data[start + 8 : end - 4])
        elif name == b"acTL":
            animated = int.from_bytes(data[start + 8 : start + 12], "big") > 1
        complete = name == b"IEND"
    if b"IHDR" not in chunks or not pixels:
        raise ContainerError("corrupt" if complete else "truncated")
    width, height, depth, colour = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    if depth not in _PNG_DEPTHS.get(colour, ()) or (colour == 3 and b"PLTE" not in chunks):
        raise ContainerError("corrupt")
    return Container(
        format="PNG",
        width=width,
        height=height,
        picture=b"".join([*_png_head(chunks, depth, colour), *pixels, _png_chunk(b"IEND", b"")]),
        orientation=orientation,
        animated=animated,
        complete=complete,
        pixel_bytes=_png_pixel_bytes(depth, colour),
        least_bytes=height * (width * depth * _PNG_CHANNELS[colour] // 8 + 1) // _DEFLATE_RATIO,
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, start and end of each chunk; the end of the last may lie beyond the data."""
    position = len(PNG_SIGNATURE)
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


def _png_pixel_bytes(depth: int, colour: int) -> int:
    stored = _PNG_CHANNELS[colour] * max(depth, 8) // 8
    return stored if _PNG_CHANNELS[colour] == 1 else max(stored, 4)  # Pillow pads colours to 4


def _png_head(chunks: dict[bytes, bytes], depth: int, colour: int) -> Iterator[bytes]:
    yield PNG_SIGNATURE
    yield _png_chunk(b"IHDR", chunks[b"IHDR"])
    if colour == 3:
        yield _png_chunk(b"PLTE", chunks[b"PLTE"])
    if b"tRNS" in chunks:
        yield _transparency(chunks[b"tRNS"], depth, colour)


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _transparency(body: bytes, depth: int, colour: int) -> bytes:
    """The tRNS chunk in the terms of the pixels that Pillow decodes.

    It stretches 2- and 4-bit greys to 8 bits and keeps the high byte of 16-bit colours, but
    leaves their transparent colour as it was in the file, so that it would match nothing.
    """
    if colour == 3:
        return _png_chunk(b"tRNS", body[:256])
    values = [int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body), 2)]
    if len(values) != {0: 1, 2: 3}.get(colour):
        return b""
    if colour == 2 and depth == 16:
        values = [value >> 8 for value in values]
    elif colour == 0 and depth < 8:
        values = [value * 255 // (2**depth - 1) for value in values]
    return _png_chunk(b"tRNS", struct.pack(f">{len(values)}H", *(v & 0xFFFF for v in values)))


def _read_gif(data: bytes) -> Container:
    screen_width, screen_height, flags = struct.unpack_from("<HHB", data, 6)
    position = 13 + _palette_bytes(flags)
    head = data[:position]
    control = b""
    budget = MAX_GIF_BLOCKS
    while data[position] != 0x2C:  # the first picture
        if data[position] == 0x21:
            label = data[position + 1]
            start, position = position, position + 2
            position, budget = _skip_blocks(data, position, budget)
            if label == 0xF9 and data[start + 2] >= 4:
                # Its disposal is about the next picture; Pillow would allocate for it at once.
                control = b"!\xf9\x04" + bytes([data[start + 3] & 1]) + data[start + 4 : start + 7]
                control += b"\0"
        elif data[position] == 0x3B:
            raise ContainerError("corrupt")
        else:  # Pillow too skips stray bytes
            position, budget = position + 1, budget - 1
        if budget < 0:
            raise ContainerError("too_complex")
    left, top, width, height, flags = struct.unpack_from("<HHHHB", data, position + 1)
    blocks = position + 11 + _palette_bytes(flags)
    try:
        end, budget = _skip_blocks(data, blocks, budget)
    except IndexError:
        end = len(data)
    if not (width and height):
        raise ContainerError("corrupt")
    return Container(
        format="GIF",
        width=max(screen_width, left + width),
        height=max(screen_height, top + height),
        picture=head + control + data[position:end] + b";",
        animated=_has_another_picture(data, end, budget),
        complete=end < len(data),
        pixel_bytes=1,
    )


def _palette_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip_blocks(data: bytes, position: int, budget: int) -> tuple[int, int]:
    """Past a chain of GIF sub-blocks; the budget counts them. IndexError where the data end."""
    while size := data[position]:
        position += size + 1
        budget -= 1
        if budget < 0:
            raise ContainerError("too_complex")
    return position + 1, budget


def _has_another_picture(data: bytes, position: int, budget: int) -> bool:
    try:
        while data[position] == 0x21:
            position, budget = _skip_blocks(data, position + 2, budget)
        return data[position] == 0x2C
    except IndexError:
        return False


def _read_webp(data: bytes) -> Container:
    kept: list[bytes] = []
    orientation = 1
    frames = 0
    promised = int.from_bytes(data[4:8], "little") + 8
    stop = min(len(data), promised)
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
        elif name == b"EXIF":
            orientation = exif_orientation(data[position + 8 : end])
        position = end
    else:
        raise ContainerError("too_complex")
    if not kept:
        raise ContainerError("truncated" if promised > len(data) else "corrupt")
    width, height = _webp_size(kept[0])
    body = b"".join(kept)
    return Container(
        format="WEBP",
        width=width,
        height=height,
        picture=b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body,
        orientation=orientation,
        animated=frames > 1,
        complete=promised <= len(data),
        # libwebp's animation decoder holds two canvases and hands over a third.
        working_bytes=12 * width * height,
    )


def _webp_size(chunk: bytes) -> tuple[int, int]:
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
