"""The form in which somebody names an interval for a post's score."""

import re
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import discord

from bot.discord.texts.lookup import Texts
from bot.discord.ui.error_replies import Refused, answer_error

#: What is done with an interval.
Taken: TypeAlias = Callable[[discord.Interaction[Any], float, float], Awaitable[None]]

_MOST_CHARACTERS = 12
#: No post of a community on Discord has a score beyond that.
_MOST = 10_000_000
#: No score has thousandths, so three digits after a comma, a point or a space are thousands.
_NUMBER = re.compile(
    r"(?P<whole>(?:[+-] ?)?(?:[1-9]\d{0,2}(?:[., ]\d{3})+|\d{1,9}))(?:[.,](?P<part>\d{1,2}))?"
)
_MINUS = str.maketrans({"−": "-", "–": "-", "—": "-"})


class ScoreForm(discord.ui.Modal):
    """Two numbers."""

    def __init__(self, texts: Texts, taken: Taken) -> None:
        super().__init__(title=texts("score.heading"), timeout=900)
        self._taken = taken
        self.low = _field(texts("score.low"), "low")
        self.high = _field(texts("score.high"), "high")
        self.add_item(self.low)
        self.add_item(self.high)

    async def on_submit(self, interaction: discord.Interaction[Any], /) -> None:
        """Somebody sent it."""
        low, high = sorted(read_score(each.value) for each in (self.low, self.high))
        await self._taken(interaction, low, high)

    async def on_error(  # type: ignore[override]
        self, interaction: discord.Interaction[Any], error: Exception, /
    ) -> None:
        """Something in it cannot be taken."""
        await answer_error(interaction, error)


def read_score(text: str) -> float:
    """A score as somebody typed it: ``12``, ``-3``, ``2,5``, ``1,200``.

    Raises:
        Refused: it is no number, or beyond all scores.
    """
    words = unicodedata.normalize("NFKC", text).translate(_MINUS)
    found = _NUMBER.fullmatch(words.strip())
    if found is None:
        raise Refused("score.no_number")
    value = float(re.sub(r"[., ]", "", found["whole"]) + "." + (found["part"] or "0"))
    if abs(value) > _MOST:
        raise Refused("score.no_number")
    return value


def _field(text: str, name: str) -> discord.ui.TextInput[Any]:
    return discord.ui.TextInput(label=text, custom_id=name, max_length=_MOST_CHARACTERS)
