"""The menu of genres that its author and moderators see beside a prediction."""

import re
from typing import Any

import discord

from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import plain

_TEMPLATE = r"peoria:genre:(?P<post>[0-9]{1,18})"
#: Longest label of a choice on Discord, characters.
_LABEL = 100


class GenreSelect(discord.ui.DynamicItem[discord.ui.Select[Any]], template=_TEMPLATE):
    """The menu; choosing from it is handled by the client's `GenreListener` cog."""

    def __init__(self, select: discord.ui.Select[Any], post_id: int) -> None:
        super().__init__(select)
        self.select = select
        self.post_id = post_id

    @classmethod
    def of(cls, texts: Texts, post_id: int, genres: tuple[str, ...]) -> "GenreSelect":
        """A menu to be sent, of at most 25 genres."""
        options = [
            discord.SelectOption(label=plain(texts.genre(name), _LABEL), value=name)
            for name in genres
        ]
        select: discord.ui.Select[Any] = discord.ui.Select(
            custom_id=f"peoria:genre:{post_id}", options=options, placeholder=texts("genre.which")
        )
        return cls(select, post_id)

    @classmethod
    async def from_custom_id(
        cls, _: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "GenreSelect":
        """A menu that somebody chose from."""
        assert isinstance(item, discord.ui.Select)  # noqa: S101 - nothing else has these ids
        return cls(item, int(match["post"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Somebody chose."""
        chosen = self.select.values
        if chosen:
            interaction.client.dispatch("genre_select", interaction, chosen[0], self.post_id)


def genre_menu(texts: Texts, post_id: int, genres: tuple[str, ...]) -> discord.ui.View:
    """A message's part with the menu in it."""
    view = discord.ui.View(timeout=None)
    view.add_item(GenreSelect.of(texts, post_id, genres))
    return view
