"""The two buttons under a duel: which one is written in their ids, so they outlive a restart."""

import re
from typing import Any

import discord

from bot.discord.texts.lookup import Texts

_TEMPLATE = r"peoria:duel:(?P<side>[12]):(?P<duel>[0-9]{1,18})"


class DuelButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=_TEMPLATE):
    """One button; pressing it is handled by the client's `Games` cog."""

    def __init__(self, button: discord.ui.Button[Any], duel_id: int, *, first: bool) -> None:
        super().__init__(button)
        self.duel_id = duel_id
        self.first = first

    @classmethod
    def of(cls, texts: Texts, duel_id: int, *, first: bool) -> "DuelButton":
        """A button to be sent."""
        button: discord.ui.Button[Any] = discord.ui.Button(
            label=texts("duel.button", n=1 if first else 2),
            style=discord.ButtonStyle.primary,
            custom_id=f"peoria:duel:{1 if first else 2}:{duel_id}",
        )
        return cls(button, duel_id, first=first)

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "DuelButton":
        """A button that somebody pressed."""
        assert isinstance(item, discord.ui.Button)  # noqa: S101 - nothing else has these ids
        return cls(item, int(match["duel"]), first=match["side"] == "1")

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Somebody pressed it."""
        interaction.client.dispatch("duel_button", interaction, self.duel_id, self.first)


def duel_buttons(texts: Texts, duel_id: int) -> discord.ui.View:
    """Both."""
    view = discord.ui.View(timeout=None)
    for first in (True, False):
        view.add_item(DuelButton.of(texts, duel_id, first=first))
    return view
