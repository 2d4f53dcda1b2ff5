"""GIF: frames, their times and repetitions. No comments, and nothing that programs left."""

from storage.files.public_copy.pieces import NotUnderstood, Piece, PublicCopy, joined

_EXTENSION, _IMAGE, _END = 0x21, 0x2C, 0x3B
_GRAPHIC_CONTROL, _APPLICATION = 0xF9, 0xFF
#: Repetitions, twice, and colour profiles.
_KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def public_gif(data: bytes) -> PublicCopy:
    """The copy of a GIF.

    Raises:
        NotUnderstood: it is not built as a GIF.
    """
    if data[:6] not in (b"GIF87a", b"GIF89a") or len(data) < 13:
        raise NotUnderstood
    position = 13 + _table_bytes(data[10])
    pieces: list[Piece] = [(0, min(position, len(data)))]
    while position < len(data):
        start, kind = position, data[position]
        if kind == _END:
            pieces.append((position, position + 1))
            break
        if kind == _IMAGE and position + 10 <= len(data):
            position = _behind_blocks(data, position + 11 + _table_bytes(data[position + 9]))
            pieces.append((start, position))
        elif kind == _EXTENSION and position + 2 <= len(data):
            label = data[position + 1]
            position = _behind_blocks(data, position + 2)
            if label == _GRAPHIC_CONTROL or (
                label == _APPLICATION and data[start + 3 : start + 14] in _KEPT
            ):
                pieces.append((start, position))
        elif kind == 0:
            position += 1
        else:
            raise NotUnderstood
    return joined(pieces)


def _table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, position: int) -> int:
    """Where a row of blocks that begins at ``position`` ends."""
    while position < len(data) and data[position]:
        position += 1 + data[position]
    return min(position + 1, len(data))
