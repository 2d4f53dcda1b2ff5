"""A prediction as a picture: ten bars, what was guessed, what became of it; and the same in words.

The picture has no words of any language, so that it is drawn once for all readers.
"""

import asyncio
import io
from collections.abc import Sequence
from functools import lru_cache

import discord
from PIL import Image, ImageDraw

from bot.discord.texts.lookup import Texts
from storage.types import Bucket

#: How the file is called.
FILE = "chances.png"
_WIDTH, _HEIGHT, _MARGIN, _GAP, _AXIS = 480, 180, 12, 6, 26
_BACK, _INK, _BAND = (43, 45, 49), (219, 222, 225), (78, 80, 88)
#: By thirds, as beside the bars of characters.
_COLOURS = ((76, 120, 168), (224, 168, 0), (228, 87, 46))
#: A share that fills the height, where none is larger: a flat prediction looks flat.
_FULL = 0.25
#: Discord's longest description of a file.
_LONGEST = 1024


async def distribution_file(
    texts: Texts,
    bins: Sequence[float],
    *,
    guess: Bucket | None = None,
    outcome: tuple[float, float] | None = None,
) -> discord.File:
    """A picture of a prediction with its description; a new file for each sending.

    Args:
        texts: the reader's language, for the description.
        bins: probabilities of the ten bins, the lowest first.
        guess: what somebody guessed: its third is underlined.
        outcome: which interval of the percentile it came to, 0 to 1 each; None: not known.
    """
    rounded = tuple(round(float(each), 3) for each in bins)
    data = await asyncio.to_thread(_draw, rounded, guess, outcome)
    return discord.File(io.BytesIO(data), FILE, description=describe(texts, bins, outcome))


def describe(texts: Texts, bins: Sequence[float], outcome: tuple[float, float] | None) -> str:
    """What the picture shows, in words."""
    said = texts("chances.words", chances=", ".join(texts.percent(each) for each in bins))
    if outcome is not None:
        low, high = (texts.percent(each) for each in outcome)
        said += " " + texts("chances.outcome", low=low, high=high)
    return said[:_LONGEST]


@lru_cache(maxsize=256)
def _draw(
    bins: tuple[float, ...], guess: Bucket | None, outcome: tuple[float, float] | None
) -> bytes:
    """A PNG file; the same for the same prediction, guess and outcome."""
    image = Image.new("RGB", (_WIDTH, _HEIGHT), _BACK)
    draw = ImageDraw.Draw(image)
    inner, floor = _WIDTH - 2 * _MARGIN, _HEIGHT - _AXIS

    def across(share: float) -> float:
        return _MARGIN + share * inner

    if outcome is not None:
        low, high = outcome
        # A tie of one place would be a line that nobody sees.
        middle, half = (low + high) / 2, max((high - low) / 2, 0.01)
        draw.rectangle((across(middle - half), 0, across(middle + half), floor), fill=_BAND)
    top = max(*bins, _FULL)
    for index, share in enumerate(bins):
        left, right = across(index / len(bins)), across((index + 1) / len(bins))
        third = min(int((index + 0.5) / len(bins) * 3), 2)
        height = share / top * (floor - _MARGIN)
        draw.rectangle(
            (left + _GAP / 2, floor - height, right - _GAP / 2, floor), fill=_COLOURS[third]
        )
    draw.line((_MARGIN, floor, _WIDTH - _MARGIN, floor), fill=_INK)
    for share, anchor in ((0.0, "lt"), (0.5, "mt"), (1.0, "rt")):
        draw.text((across(share), floor + 8), f"{share:.0%}", fill=_INK, anchor=anchor)
    if guess is not None:
        third = [*Bucket].index(guess)
        draw.rectangle(
            (across(third / 3), floor + 1, across((third + 1) / 3), floor + 5),
            fill=_COLOURS[third],
        )
    if outcome is not None:
        middle = across(sum(outcome) / 2)
        draw.polygon(((middle - 7, 0), (middle + 7, 0), (middle, 10)), fill=_INK)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
