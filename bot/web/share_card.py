"""The picture that chats show of a link to a post: drawn by us, whatever the post holds."""

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

from bot.serving.number_format import percent
from bot.texts.translate import gettext as _
from models.captions.fonts import PACKAGED

WIDTH, HEIGHT = 1200, 630
_EDGE = 70
_PAPER, _INK, _FAINT, _TRACK = "#f6f0e4", "#221c16", "#645a4e", "#ebe2d0"
_COLOURS = ("#5b7083", "#b97b12", "#a3262d")
#: More of a title than this cannot fit.
_MOST_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class ShareCard:
    """What is on it.

    Attributes:
        place: where the post is.
        title: of the post, as people wrote it.
        line: what is said of it, one sentence.
        bars: a name and a share (0 to 1) each; empty: the prediction is not shown.
    """

    place: str
    title: str
    line: str
    bars: Sequence[tuple[str, float]] = ()


def draw_share_card(card: ShareCard) -> bytes:
    """Draw it as PNG. Text that does not fit is cut short with "…"."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(picture)
    room = WIDTH - 2 * _EDGE
    y = _EDGE
    for text, size, colour, lines in (
        (card.place, 34, _FAINT, 1),
        (card.title or _("A post"), 58, _INK, 3),
        (card.line, 36, _FAINT, 2),
    ):
        font = ImageFont.truetype(PACKAGED, size)
        for line in _wrapped(plain(text), font, room, lines):
            draw.text((_EDGE, y), line, colour, font)
            y += round(size * 1.25)
        y += 14
    font = ImageFont.truetype(PACKAGED, 28)
    y = HEIGHT - _EDGE - 44 * len(card.bars)
    for (name, share), colour in zip(card.bars, _COLOURS, strict=False):
        left, right = _EDGE + 170, WIDTH - _EDGE - 120
        draw.text((_EDGE, y), name, _INK, font)
        draw.rounded_rectangle((left, y + 6, right, y + 30), 6, _TRACK)
        end = left + round((right - left) * min(max(share, 0.0), 1.0))
        if end > left + 12:
            draw.rounded_rectangle((left, y + 6, end, y + 30), 6, colour)
        draw.text((right + 20, y), percent(share), _INK, font)
        y += 44
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def plain(text: str) -> str:
    """One line without what draws nothing, turns the direction of text or piles up on a letter."""
    letters: list[str] = []
    marks = 0
    for each in unicodedata.normalize("NFC", text[:_MOST_CHARACTERS]):
        kind = unicodedata.category(each)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        if kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            letters.append(" ")
        elif marks <= 2:
            letters.append(each)
    return " ".join("".join(letters).split())


def _wrapped(text: str, font: ImageFont.FreeTypeFont, room: int, most: int) -> list[str]:
    """The text in at most so many lines that fit into the room."""
    lines: list[str] = []
    words = text.split()
    while words and len(lines) < most:
        count = next(
            (n for n in range(len(words), 0, -1) if font.getlength(" ".join(words[:n])) <= room), 0
        )
        if count == 0:  # one word that is too long by itself
            cut = max(n for n in range(len(words[0]) + 1) if font.getlength(words[0][:n]) <= room)
            lines.append(words[0][:cut])
            words[0] = words[0][cut:]
        else:
            lines.append(" ".join(words[:count]))
            words = words[count:]
    if words and lines:
        last = lines[-1]
        while last and font.getlength(f"{last}…") > room:
            last = last[:-1]
        lines[-1] = f"{last.rstrip()}…"
    return lines
