"""`/leaderboard`: who and what is right most often, page by page."""

import re
from typing import Any

import discord
from discord import app_commands
from sqlalchemy.ext.asyncio import AsyncSession

from bot.discord.commands.board_page import ROWS, BoardQuery, read_page
from bot.discord.commands.feature import Feature, community_here, texts_for
from bot.discord.commands.render_board import board_embed
from bot.discord.gateway.visibility import readers_of
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.error_replies import Refused, answer_error
from bot.discord.ui.responses import Interaction, defer, respond
from bot.league.leaderboard import BoardName, list_seasons
from bot.league.seasons import ALL_TIME, UnknownSeason, read_season

_CHOICES = 25
_NAMED_SEASONS = 12


class Leaderboard(Feature):
    """The boards of the league."""

    @app_commands.command(name="leaderboard", description=label("leaderboard.about"))
    @app_commands.describe(
        board=label("leaderboard.board"),
        season=label("leaderboard.season"),
        where=label("leaderboard.where"),
    )
    @app_commands.choices(
        board=[
            app_commands.Choice(name=label(f"board.{board.value}"), value=board.value)
            for board in BoardName
        ],
        where=[
            app_commands.Choice(name=label(f"leaderboard.where.{where}"), value=where)
            for where in ("here", "everywhere")
        ],
    )
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def leaderboard(
        self,
        interaction: Interaction,
        board: str = BoardName.FORECASTERS.value,
        season: str = "",
        where: str | None = None,
    ) -> None:
        """Show the first page of a board."""
        await defer(interaction, ephemeral=False)
        channel = interaction.channel_id or 0
        async with self.core.database.read() as session:
            community = await session.run_sync(community_here, interaction)
            which = await self._season(session, season)
        if where == "everywhere" or (where is None and community is None):
            channel = 0
        elif community is not None:
            channel = int(community.source_id)
        await self.show(
            interaction, BoardQuery(BoardName(board), which, channel, 0, interaction.user.id)
        )

    @leaderboard.autocomplete("season")
    async def _seasons(self, _: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        async with self.core.database.read() as session:
            seasons = await list_seasons(session)
        wanted = typed.strip().casefold()
        found = [each for each in (*seasons, ALL_TIME) if wanted in each]
        return [app_commands.Choice(name=each, value=each) for each in found[:_CHOICES]]

    async def show(self, interaction: Interaction, query: BoardQuery) -> None:
        """Put a page in the place of the answer so far; the interaction is acknowledged."""
        texts = texts_for(interaction)
        settings = self.core.settings
        async with self.core.database.read() as session:
            page = await read_page(
                session,
                query,
                # A page is turned in the message that everybody in the channel sees.
                readers=readers_of(interaction, private=False),
                guild_id=interaction.guild_id,
                person=self.person(interaction.user),
                settings=settings,
            )
        embed = board_embed(texts, query, page, self.names, min_guesses=settings.min_guesses)
        await respond(interaction, embed=embed, view=_buttons(texts, query, page.board.total))

    async def _season(self, session: AsyncSession, text: str) -> str:
        zone = self.core.settings.season_time_zone
        try:
            return read_season(text, now=self.core.clock(), time_zone=zone)
        except UnknownSeason as error:
            seasons = [*(await list_seasons(session))[:_NAMED_SEASONS], ALL_TIME]
            raise Refused(
                "leaderboard.unknown_season", season=escape(text, 30), seasons=", ".join(seasons)
            ) from error


class PageButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"board:(?P<board>[a-z]+):(?P<season>[0-9a-z-]+):(?P<channel>\d+)"
    r":(?P<offset>\d{1,6}):(?P<who>\d+)",
):
    """Turns to another page. Which one is written in the button: a restart changes nothing."""

    def __init__(self, query: BoardQuery, text: str, *, disabled: bool = False) -> None:
        parts = (
            query.board.value, query.season, query.channel, query.offset, query.who,
        )  # fmt: skip
        super().__init__(
            discord.ui.Button(
                label=text,
                style=discord.ButtonStyle.secondary,
                custom_id="board:" + ":".join(map(str, parts)),
                disabled=disabled,
            )
        )
        self._query = query

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> "PageButton":
        """The button as it was, from what is written in it."""
        query = BoardQuery(
            BoardName(match["board"]), match["season"], int(match["channel"]),
            int(match["offset"]), int(match["who"]),
        )  # fmt: skip
        return cls(query, getattr(item, "label", None) or "")

    async def callback(self, interaction: Interaction) -> None:
        """Show that page, to the person who asked for the board."""
        try:
            await self._pressed(interaction)
        except Exception as error:  # noqa: BLE001 - the one handler sorts them
            await answer_error(interaction, error)

    async def _pressed(self, interaction: Interaction) -> None:
        boards = interaction.client.get_cog(Leaderboard.__name__)
        if not isinstance(boards, Leaderboard) or interaction.user.id != self._query.who:
            raise Refused("leaderboard.not_yours")
        await boards.interaction_check(interaction)
        await interaction.response.defer()
        await boards.show(interaction, self._query)


def _buttons(texts: Texts, query: BoardQuery, total: int) -> discord.ui.View | None:
    if total <= ROWS:
        return None
    view = discord.ui.View(timeout=None)
    for key, step in (("leaderboard.previous", -ROWS), ("leaderboard.next", ROWS)):
        offset = query.offset + step
        there = BoardQuery(query.board, query.season, query.channel, max(offset, 0), query.who)
        view.add_item(PageButton(there, texts(key), disabled=not 0 <= offset < total))
    return view
