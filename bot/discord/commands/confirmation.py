"""Asking before something is done that cannot be taken back.

Two buttons, for the one who was asked, for a while. What they are about is written in the buttons
themselves, so that nothing is kept in memory and a restart loses no question.
"""

import re
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any

import discord

from bot.discord.commands.feature import Feature, texts_for
from bot.discord.texts.lookup import Texts
from bot.discord.ui.error_replies import Refused, answer_error
from bot.discord.ui.responses import Interaction, respond

#: How long an answer is taken. After that, people have forgotten the question.
OPEN_FOR = timedelta(minutes=2)

_NO = "no"


class ConfirmFirst(Feature):
    """A feature that does something only after a second yes."""

    @abstractmethod
    async def confirmed(self, interaction: Interaction, what: str, about: str) -> None:
        """Do what was asked for; the interaction is acknowledged, `say` replaces the question.

        Args:
            interaction: of the button.
            what: which of the feature's questions was answered.
            about: what it was about, as it was given to `ask`.
        """

    async def ask(
        self, interaction: Interaction, question: str, *, what: str, about: str = ""
    ) -> None:
        """Put a question in the place of "is thinking", which only the person asked sees.

        Args:
            what: name of the question, letters only; the text of its yes is ``confirm.yes_WHAT``.
            about: what it is about, at most 30 characters.
        """
        texts = texts_for(interaction)
        until = int((self.core.clock() + OPEN_FOR).timestamp())
        view = discord.ui.View(timeout=None)
        for answer, text in ((what, texts(f"confirm.yes_{what}")), (_NO, texts("confirm.no"))):
            view.add_item(
                ConfirmButton(type(self).__name__, answer, interaction.user.id, until, about, text)
            )
        await respond(interaction, question, view=view)


class ConfirmButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"sure:(?P<feature>\w+):(?P<what>\w+):(?P<who>\d+):(?P<until>\d+):(?P<about>.*)",
):
    """Yes or no to one question."""

    def __init__(
        self, feature: str, what: str, who: int, until: int, about: str, text: str
    ) -> None:
        super().__init__(
            discord.ui.Button(
                label=text,
                style=discord.ButtonStyle.secondary if what == _NO else discord.ButtonStyle.danger,
                custom_id=f"sure:{feature}:{what}:{who}:{until}:{about}",
            )
        )
        self._feature, self._what, self._about = feature, what, about
        self._who, self._until = who, datetime.fromtimestamp(until, UTC)

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "ConfirmButton":
        """The button as it was, from what is written in it."""
        text = getattr(item, "label", None) or ""
        return cls(
            match["feature"], match["what"], int(match["who"]), int(match["until"]),
            match["about"], text,
        )  # fmt: skip

    async def callback(self, interaction: Interaction) -> None:
        """Do what was asked about, or not."""
        try:
            await self._pressed(interaction)
        except Exception as error:  # noqa: BLE001 - the one handler sorts them
            await answer_error(interaction, error)

    async def _pressed(self, interaction: Interaction) -> None:
        feature = interaction.client.get_cog(self._feature)
        if not isinstance(feature, ConfirmFirst):
            raise Refused("confirm.too_late")
        if interaction.user.id != self._who:
            raise Refused("confirm.not_yours")
        texts: Texts = texts_for(interaction)
        await interaction.response.defer()
        if self._what == _NO:
            await respond(interaction, texts("confirm.cancelled"))
        elif feature.core.clock() >= self._until:
            await respond(interaction, texts("confirm.too_late"))
        else:
            await feature.confirmed(interaction, self._what, self._about)
