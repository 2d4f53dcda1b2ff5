"""A GIF: its first picture, on the screen that it is drawn on."""

import struct
from collections.abc import Iterator

from models.image_headers.container import MAX_FRAMES, Container, ContainerError

#: Of 20 MiB a real GIF has 82,000 data blocks.
MAX_GIF_BLOCKS = 200_000


def read_gif(data: bytes) -> Container:
    """Keep the first picture and what colours it.

    Raises:
        ContainerError: the file is damaged or would cost too much.
        IndexError, struct.error: it ends too early.
    """
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
    later = list(_pictures(data, len(head), budget))
    return Container(
        format="GIF",
        width=max(screen_width, left + width),
        height=max(screen_height, top + height),
        picture=head + control + data[position:end] + b";",
        animated=_has_another_picture(data, end, budget),
        complete=end < len(data),
        pixel_bytes=1,
        frame_count=max(1, len(later)),
        frames=head + b"".join(later[:MAX_FRAMES]) + b";",
    )


def _pictures(data: bytes, position: int, budget: int) -> Iterator[bytes]:
    """The pictures, each with what controls it, as far as they are whole."""
    control = b""
    while True:
        try:
            while data[position] != 0x2C:
                if data[position] != 0x21:
                    return
                start = position
                position, budget = _skip_blocks(data, position + 2, budget)
                if data[start + 1] == 0xF9:
                    control = data[start:position]
            start = position
            flags = data[position + 9]
            position, budget = _skip_blocks(data, position + 11 + _palette_bytes(flags), budget)
        except (IndexError, ContainerError):
            return
        yield control + data[start:position]
        control = b""


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
