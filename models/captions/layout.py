"""Lines of text that mix scripts: which font draws what, where lines break, how wide they are."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, features

from models.captions.fonts import Face, faces
from storage.errors import ExpectedError

#: A letter's height is about this share of the font's size; lines are this far apart.
LINE_HEIGHT = 1.18

#: Characters that no font needs to have: joiners, variation selectors, direction marks.
_UNSEEN = {0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0x200E, 0x2010), *range(0x202A, 0x202F),
           *range(0x2066, 0x206A), *range(0xFE00, 0xFE10), *range(0xE0000, 0xE0080)}  # fmt: skip


class CaptionRefused(ExpectedError):
    """The caption cannot be drawn; the message is a sentence for the person."""


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that one font draws in one go; emoji come one by one."""

    text: str
    face: Face


def clean(text: str) -> str:
    """Composed characters, single spaces, no control characters."""
    composed = unicodedata.normalize("NFC", text)
    shown = "".join(
        " " if letter.isspace() else letter
        for letter in composed
        if letter.isspace() or unicodedata.category(letter) not in ("Cc", "Cs", "Co", "Cn")
    )
    shown = " ".join(shown.split())
    return shown if any(ord(letter) not in _UNSEEN for letter in shown) else ""


def is_rtl(text: str) -> bool:
    """Whether the first letter with a direction is written from the right."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


@lru_cache(maxsize=4096)
def runs(text: str) -> tuple[Run, ...]:
    """A text in the order written, cut where the font changes.

    Raises:
        CaptionRefused: no font here has a character.
    """
    found: list[Run] = []
    for cluster, is_emoji in _clusters(text):
        face = _face_for(cluster, is_emoji=is_emoji)
        if found and not is_emoji and found[-1].face == face and not face.colour:
            found[-1] = Run(found[-1].text + cluster, face)
        else:
            found.append(Run(cluster, face))
    return tuple(found)


def _clusters(text: str) -> list[tuple[str, bool]]:
    """Each emoji as it is, and the characters between, marks with the letter before them."""
    import emoji  # its tables take longer to read than a start may

    found: list[tuple[str, bool]] = []
    for token in emoji.analyze(text, non_emoji=True, join_emoji=True):
        if not isinstance(token.value, str):
            found.append((token.chars, True))
            continue
        for letter in token.chars:
            joins = unicodedata.combining(letter) or ord(letter) in _UNSEEN
            if joins and found and not found[-1][1]:
                found[-1] = (found[-1][0] + letter, False)
            else:
                found.append((letter, False))
    return found


def _face_for(cluster: str, *, is_emoji: bool) -> Face:
    needed = {ord(letter) for letter in cluster} - _UNSEEN - {0x20}
    able = [face for face in faces() if needed <= face.covers]
    if is_emoji:
        # In colour where there is such a font; else as the text fonts have it.
        able.sort(key=lambda face: not face.colour)
        if not able:
            # A sequence that nobody has a picture for is shown by its first part.
            first = {ord(cluster[0])}
            able = sorted(
                (f for f in faces() if first <= f.covers), key=lambda face: not face.colour
            )
    else:
        able.sort(key=lambda face: face.colour)
    if not able:
        raise CaptionRefused(
            f"No font on this machine has the character “{cluster}”. Install one that has it (for"
            " Chinese, Japanese and Korean: Noto Sans CJK; for emoji: Noto Color Emoji), or leave"
            " it out."
        )
    return able[0]


#: Widths are measured at this size and scaled: they are proportional up to hinting.
_MEASURED = 64


def width_of(text: str, size: int) -> float:
    """How wide a line is drawn at a size, pixels."""
    return _measured(text) * size / _MEASURED


@lru_cache(maxsize=8192)
def _measured(text: str) -> float:
    return sum(_width(run, _MEASURED) for run in runs(text))


def _width(run: Run, size: int) -> float:
    if run.face.colour:
        return size * 1.1
    return float(run.face.at(size).getlength(run.text))


def wrap(text: str, size: int, most: float) -> list[str]:
    """Lines no wider than ``most`` pixels, broken at spaces, between CJK characters, or anywhere
    in a word that is longer than a line."""
    lines, line = [""], 0.0
    for word, spaced in _words(text):
        gap = width_of(" ", size) if spaced and lines[-1] else 0.0
        wide = width_of(word, size)
        if line + gap + wide <= most:
            lines[-1] += (" " if gap else "") + word
            line += gap + wide
            continue
        if lines[-1]:
            lines.append("")
        for piece in [word] if wide <= most else _broken(word, size, most):
            if lines[-1]:
                lines.append("")
            lines[-1], line = piece, width_of(piece, size)
    return lines


def _words(text: str) -> list[tuple[str, bool]]:
    """Pieces that stay together, and whether a space is before each."""
    import emoji  # its tables take longer to read than a start may

    found: list[tuple[str, bool]] = []
    for word in text.split():
        piece, spaced = "", True
        for letter in word:
            if unicodedata.east_asian_width(letter) in "WF" and not emoji.is_emoji(letter):
                if piece:
                    found.append((piece, spaced))
                    piece, spaced = "", False
                found.append((letter, spaced))
                spaced = False
            else:
                piece += letter
        if piece:
            found.append((piece, spaced))
    return found


def _broken(word: str, size: int, most: float) -> list[str]:
    pieces, wide = [""], 0.0
    for cluster, _ in _clusters(word):
        more = width_of(cluster, size)
        if pieces[-1] and wide + more > most:
            pieces.append("")
            wide = 0.0
        pieces[-1] += cluster
        wide += more
    return pieces


def draw_line(
    image: Image.Image, text: str, *, centre: float, top: float, size: int,
    fill: str, stroke: int, stroke_fill: str,
) -> None:  # fmt: skip
    """Draw one line, centred, from the right where its script is written so."""
    draw = ImageDraw.Draw(image)
    found: Sequence[Run] = runs(text)
    rtl = is_rtl(text)
    x = centre - width_of(text, size) / 2
    baseline = top + size * 0.95
    # Without raqm Pillow draws letters as they come and takes no direction.
    direction = ("rtl" if rtl else "ltr") if features.check("raqm") else None
    for run in reversed(found) if rtl else found:
        if run.face.colour:
            _draw_emoji(image, run, x, baseline, size)
        else:
            draw.text(
                (x, baseline),
                run.text,
                font=run.face.at(size),
                fill=fill,
                anchor="ls",
                stroke_width=stroke,
                stroke_fill=stroke_fill,
                direction=direction,
            )
        x += _width(run, size)


def _draw_emoji(image: Image.Image, run: Run, x: float, baseline: float, size: int) -> None:
    font = run.face.at(size)
    side = int(font.size * 1.4)
    tile = Image.new("RGBA", (side, side))
    ImageDraw.Draw(tile).text((side / 2, side / 2), run.text, font=font, anchor="mm",
                              embedded_color=True)  # fmt: skip
    box = tile.getbbox()
    if box is None:
        return
    small = tile.crop(box)
    small.thumbnail((size, size), Image.Resampling.LANCZOS)
    place = (round(x + size * 0.05), round(baseline - small.height + size * 0.12))
    image.paste(small, place, small)
