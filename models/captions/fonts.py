"""Which font can draw which character: the one that ships, and those found on the machine."""

import struct
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

#: DejaVu Sans Condensed Bold: Latin, Greek, Cyrillic, Hebrew, Arabic and many signs.
PACKAGED = Path(__file__).parent / "fonts" / "DejaVuSansCondensed-Bold.ttf"

#: Where systems keep fonts.
_FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts",),
}
#: Files that are looked for there, best first: bold CJK, other scripts, colour emoji.
_WANTED = (
    "NotoSansCJK-Bold.ttc", "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Bold.otf", "wqy-zenhei.ttc",
    "wqy-microhei.ttc", "DroidSansFallbackFull.ttf", "unifont.otf", "PingFang.ttc",
    "Hiragino Sans GB.ttc", "msyhbd.ttc", "msgothic.ttc", "malgunbd.ttf",
    "NotoSansDevanagari-Bold.ttf", "NotoSansThai-Bold.ttf", "NotoSansBengali-Bold.ttf",
    "NotoSansTamil-Bold.ttf", "FreeSansBold.ttf", "Arial Unicode.ttf",
    "NotoColorEmoji.ttf", "Apple Color Emoji.ttc", "seguiemj.ttf",
)  # fmt: skip
#: Bitmap emoji fonts come in one size, pixels.
_BITMAP_SIZES = {"NotoColorEmoji.ttf": 109, "Apple Color Emoji.ttc": 160}
_MOST_FILES = 20_000


@dataclass(frozen=True, slots=True)
class Face:
    """One font file.

    Attributes:
        path: where it is.
        covers: the code points that it has a picture for.
        colour: whether it is of coloured emoji.
        only_size: the only size that it can be drawn in, pixels; None: any.
    """

    path: Path
    covers: frozenset[int]
    colour: bool
    only_size: int | None

    def at(self, size: int) -> ImageFont.FreeTypeFont:
        """The font at a size, pixels."""
        return _opened(self.path, self.only_size or size)


@lru_cache(maxsize=256)
def _opened(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)


@lru_cache(maxsize=1)
def faces() -> tuple[Face, ...]:
    """The packaged font, then what was found, in the order that they are asked in."""
    found: dict[str, Path] = {}
    looked_at = 0
    for folder in _FOLDERS.get(sys.platform, ()):
        for path in Path(folder).expanduser().rglob("*"):
            looked_at += 1
            if looked_at > _MOST_FILES:
                break
            if path.name in _WANTED:
                found.setdefault(path.name, path)
    ordered = [PACKAGED, *(found[name] for name in _WANTED if name in found)]
    return tuple(face for path in ordered if (face := _face(path)) is not None)


def _face(path: Path) -> Face | None:
    try:
        covers = covered(path.read_bytes())
    except (OSError, ValueError, struct.error):
        # A font of the machine that cannot be read is as good as not there.
        return None
    colour = path.name in _BITMAP_SIZES or path.name == "seguiemj.ttf"
    return Face(path, covers, colour, _BITMAP_SIZES.get(path.name))


def covered(data: bytes) -> frozenset[int]:
    """The code points of a TrueType or OpenType font, from its `cmap` (formats 4 and 12).

    Of a collection, the first font's.

    Raises:
        ValueError, struct.error: the file is not such a font.
    """
    start = struct.unpack_from(">I", data, 12)[0] if data[:4] == b"ttcf" else 0
    tables = struct.unpack_from(">H", data, start + 4)[0]
    for number in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * number)
        if tag == b"cmap":
            return _covered(data, offset)
    raise ValueError("the font has no cmap")


def _covered(data: bytes, cmap: int) -> frozenset[int]:
    found: set[int] = set()
    for number in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        platform, encoding, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * number)
        if platform not in (0, 3) or (platform == 3 and encoding not in (1, 10)):
            continue
        table = cmap + offset
        kind = struct.unpack_from(">H", data, table)[0]
        if kind == 12:
            groups = struct.unpack_from(">I", data, table + 12)[0]
            for group in range(min(groups, 100_000)):
                first, last, _ = struct.unpack_from(">III", data, table + 16 + 12 * group)
                if first <= last <= 0x10FFFF:
                    found.update(range(first, last + 1))
        elif kind == 4:
            found |= _segments(data, table)
    found.discard(0xFFFF)
    return frozenset(found)


def _segments(data: bytes, table: int) -> set[int]:
    count = struct.unpack_from(">H", data, table + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", data, table + 14)
    starts = struct.unpack_from(f">{count}H", data, table + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}H", data, table + 16 + 4 * count)
    places = table + 16 + 6 * count
    offsets = struct.unpack_from(f">{count}H", data, places)
    found: set[int] = set()
    for number, (first, last, delta, offset) in enumerate(
        zip(starts, ends, deltas, offsets, strict=True)
    ):
        for code in range(first, last + 1):
            glyph = code + delta
            if offset:
                at = places + 2 * number + offset + 2 * (code - first)
                glyph = struct.unpack_from(">H", data, at)[0] if at + 2 <= len(data) else 0
            if glyph & 0xFFFF:
                found.add(code)
    return found
