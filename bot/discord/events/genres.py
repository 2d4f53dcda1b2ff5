"""Genres: what happens when somebody chooses one in the menu beside a prediction."""

from typing import Any

import discord
from discord.ext import commands

from bot.core import Core
from bot.discord.gateway.guild_options import place_of
from bot.discord.texts.lookup import Texts
from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.error_replies import Refused, answer_error
from bot.discord.ui.member_names import MemberNames
from bot.discord.ui.responses import defer
from bot.posts import genres
from bot.posts.genres import GenreRefused, correct_genre
from storage.engine.scopes import person_scope
from storage.queries.posts import load_post
from storage.types import PlatformName

_REFUSALS = {
    genres.NO_SUCH_POST: "guess.no_such_post",
    genres.NOT_YOURS: "genre.not_yours",
    genres.OPTED_OUT: "genre.opted_out",
}


class GenreListener(commands.Cog):
    """Takes corrections of genres in."""

    def __init__(self, core: Core, names: MemberNames, cooldowns: Cooldowns) -> None:
        self._core = core
        self._names = names
        self._cooldowns = cooldowns

    @commands.Cog.listener()
    async def on_genre_select(
        self, interaction: discord.Interaction[Any], genre: str, post_id: int
    ) -> None:
        """Somebody chose a genre, in a message however old."""
        try:
            self._cooldowns.take(interaction.user.id, interaction.channel_id or 0)
            await defer(interaction, ephemeral=True)
            await self._correct(interaction, genre, post_id)
        except GenreRefused as refusal:
            await answer_error(interaction, Refused(_REFUSALS.get(str(refusal), "genre.unknown")))
        except Exception as error:  # noqa: BLE001 - answered and logged there
            await answer_error(interaction, error)

    async def _correct(
        self, interaction: discord.Interaction[Any], genre: str, post_id: int
    ) -> None:
        post = await self._core.database.run_read(lambda session: load_post(session, post_id))
        # The number stands in a message of ours, but a message can be passed on elsewhere.
        if post is None or place_of(post) != str(interaction.channel_id):
            raise GenreRefused(genres.NO_SUCH_POST)
        person = self._names.remember(interaction.user.id)
        await self._core.database.run_write(
            lambda session: correct_genre(
                session,
                post_id=post_id,
                platform=PlatformName.DISCORD,
                person=person,
                looks_after=interaction.permissions.manage_messages,
                genre=genre,
                now=self._core.clock(),
            ),
            alone_in=[person_scope(PlatformName.DISCORD, person)],
        )
        texts = Texts(interaction.locale)
        await interaction.edit_original_response(
            content=texts("genre.noted", genre=texts.genre(genre))
        )
