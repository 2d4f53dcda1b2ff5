"""`/me`: one's own record in the league."""

import discord
from discord import app_commands
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.render_board import signed
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.ui.responses import Interaction, defer, respond
from bot.league.board_rows import BoardRow
from bot.league.leaderboard import BoardName, read_board
from bot.league.seasons import ALL_TIME, season_of
from bot.serving.forecast import ENOUGH_FOR_SHARES
from storage.tables import Author, Guess, Post
from storage.types import UNLABELLED, PlatformName


class PersonalRecord(Feature):
    """What the league knows of the person who asks."""

    @app_commands.command(name="me", description=label("me.about"))
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def me(self, interaction: Interaction) -> None:
        """Show a person's own record, to them alone."""
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        person = self.person(interaction.user)
        async with self.core.database.read() as session:
            author = await session.scalar(
                select(Author).filter_by(platform=PlatformName.DISCORD, hash=person)
            )
            if author is not None and author.opted_out_at is not None:
                lines = [texts("me.opted_out")]
            elif author is None:
                lines = [texts("me.nothing")]
            else:
                lines = await self._record(session, texts, author.id)
        embed = discord.Embed(title=texts("me.heading"), description="\n".join(lines))
        await respond(interaction, embed=embed)

    async def _record(self, session: AsyncSession, texts: Texts, author_id: int) -> list[str]:
        settings = self.core.settings
        lines: list[str] = []
        for season in (season_of(self.core.clock(), settings.season_time_zone), ALL_TIME):
            page = await read_board(
                session,
                BoardName.FORECASTERS,
                season=season,
                community_id=None,
                offset=0,
                limit=1,
                min_guesses=settings.min_guesses,
                me=author_id,
                time_zone=settings.season_time_zone,
            )
            if page.mine is not None:
                name = texts("leaderboard.all_time") if season == ALL_TIME else season
                lines += [*_season_lines(texts, name, page.mine, page.total), ""]
        waiting = (
            await session.scalars(
                select(func.count())
                .select_from(Guess)
                .join(Post, Post.id == Guess.post_id)
                .where(Guess.author_id == author_id, Post.state.in_(UNLABELLED))
            )
        ).one()
        if waiting:
            lines.append(texts.count("me.open" if lines else "me.waiting", waiting))
        return lines or [texts("me.nothing")]


def _season_lines(texts: Texts, season: str, row: BoardRow, total: int) -> list[str]:
    lines = [
        texts(
            "me.row" if row.n >= ENOUGH_FOR_SHARES else "me.row_few",
            season=season,
            points=signed(texts, row.points),
            n=texts.number(row.n),
            hits=texts.number(row.hits),
            rate=texts.percent(row.hit_rate or 0.0),
            base=texts.percent(row.base_rate or 0.0),
        )
    ]
    if row.rank is not None:
        lines.append(texts("me.rank", rank=row.rank, total=texts.number(total)))
    if row.blind_n:
        hits = round((row.blind_hit_rate or 0.0) * row.blind_n)
        lines.append(
            texts(
                "me.blind",
                n=texts.number(row.blind_n),
                hits=texts.number(hits),
                points=signed(texts, row.blind_points),
            )
        )
    lines.append(texts("me.streak", now=row.streak or 0, most=row.best_streak or 0))
    return lines
