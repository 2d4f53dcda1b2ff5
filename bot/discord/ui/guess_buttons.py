"""The buttons under a reply: what they are for stands in their ids, so they outlive a restart."""

import re
from enum import StrEnum
from typing import Any

import discord

from bot.discord.texts.lookup import Texts
from storage.types import Bucket

_TEMPLATE = r"peoria:(?P<choice>low|medium|high|skip|why):(?P<post>[0-9]{1,18})"
_MARKS = {"low": "🟦", "medium": "🟨", "high": "🟧"}


class Choice(StrEnum):
    """What a button stands for."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    #: See a blind post's prediction without a guess.
    SKIP = "skip"
    #: See what drove the prediction.
    WHY = "why"

    @property
    def bucket(self) -> Bucket | None:
        """The bucket that is guessed; None where the button is no guess."""
        return Bucket(self.value) if self.value in tuple(Bucket) else None


class GuessButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=_TEMPLATE):
    """One button; pressing it is handled by the client's `GuessListener` cog."""

    def __init__(self, button: discord.ui.Button[Any], choice: Choice, post_id: int) -> None:
        super().__init__(button)
        self.choice = choice
        self.post_id = post_id

    @classmethod
    def of(cls, texts: Texts, choice: Choice, post_id: int) -> "GuessButton":
        """A button to be sent."""
        bucket = choice.bucket
        button: discord.ui.Button[Any] = discord.ui.Button(
            label=texts(f"bucket.{bucket.value}" if bucket else f"guess.{choice.value}"),
            emoji=_MARKS.get(choice.value),
            style=discord.ButtonStyle.primary if bucket else discord.ButtonStyle.secondary,
            custom_id=f"peoria:{choice.value}:{post_id}",
        )
        return cls(button, choice, post_id)

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "GuessButton":
        """A button that somebody pressed."""
        assert isinstance(item, discord.ui.Button)  # noqa: S101 - nothing else has these ids
        return cls(item, Choice(match["choice"]), int(match["post"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Somebody pressed it."""
        interaction.client.dispatch("guess_button", interaction, self.choice, self.post_id)


def buttons_when_open(texts: Texts, post_id: int, *, blind: bool) -> discord.ui.View:
    """Low, medium, high, and a way to see more."""
    return _view(
        texts,
        post_id,
        Choice.LOW,
        Choice.MEDIUM,
        Choice.HIGH,
        Choice.SKIP if blind else Choice.WHY,
    )


def buttons_when_closed(texts: Texts, post_id: int) -> discord.ui.View:
    """What is left when guessing has closed."""
    return _view(texts, post_id, Choice.WHY)


def _view(texts: Texts, post_id: int, *choices: Choice) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for choice in choices:
        view.add_item(GuessButton.of(texts, choice, post_id))
    return view
