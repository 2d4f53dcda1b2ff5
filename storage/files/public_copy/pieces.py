"""Copies as lists of pieces: ranges of a file, and bytes that stand between them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

#: Where a piece begins and ends in the file, or the bytes themselves.
Piece: TypeAlias = tuple[int, int] | bytes


class NotUnderstood(Exception):
    """The file is not built as its format says, so that what is in it cannot be told apart."""


@dataclass(frozen=True, slots=True)
class PublicCopy:
    """A file without what is nobody's business.

    Attributes:
        pieces: in their order.
        size: bytes of all of them.
    """

    pieces: Sequence[Piece]
    size: int

    def of(self, data: bytes) -> bytes:
        """The copy of a file that is in memory."""
        return b"".join(
            piece if isinstance(piece, bytes) else data[piece[0] : piece[1]]
            for piece in self.pieces
        )


def joined(pieces: Iterable[Piece]) -> PublicCopy:
    """A copy of these pieces; ranges that follow each other become one."""
    kept: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            if piece:
                kept.append(piece)
            continue
        last = kept[-1] if kept else b""
        if not isinstance(last, bytes) and last[1] == piece[0]:
            kept[-1] = (last[0], piece[1])
        elif piece[1] > piece[0]:
            kept.append(piece)
    size = sum(len(each) if isinstance(each, bytes) else each[1] - each[0] for each in kept)
    return PublicCopy(kept, size)
