"""Guesses: what happens when somebody presses a button under a reply."""

from typing import Any

import discord
from discord.ext import commands

from bot.core import Core
from bot.discord.games.may_play import check_may_play, in_their_language
from bot.discord.gateway.guild_options import GUESSES_PER_DAY, place_of
from bot.discord.messages.distribution_picture import FILE, distribution_file
from bot.discord.messages.render_card import card_message
from bot.discord.messages.reply_data import find_earlier_post, load_guessed_post
from bot.discord.texts.lookup import Texts
from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.error_replies import Refused, answer_error
from bot.discord.ui.genre_select import genre_menu
from bot.discord.ui.guess_buttons import Choice
from bot.discord.ui.member_names import MemberNames
from bot.discord.ui.responses import defer
from bot.league.blind import note_view
from bot.league.guesses import GuessRefused, place_guess
from bot.league.secrecy import Reader, Secret, has_seen, why_secret
from bot.people.sealed_ids import keep_id
from bot.posts.genres import genres_of
from bot.serving.explain import explain_post
from bot.serving.forecast import stored_card
from storage.engine.scopes import ITS_ROWS
from storage.queries.communities import find_author
from storage.tables import Post
from storage.types import Bucket, PlatformName


class GuessListener(commands.Cog):
    """Takes guesses, and shows blind predictions to those who may see them."""

    def __init__(self, core: Core, names: MemberNames, cooldowns: Cooldowns) -> None:
        self._core = core
        self._names = names
        self._cooldowns = cooldowns

    @commands.Cog.listener()
    async def on_guess_button(
        self, interaction: discord.Interaction[Any], choice: Choice, post_id: int
    ) -> None:
        """Somebody pressed a button under a reply, however old."""
        try:
            self._cooldowns.take(interaction.user.id, interaction.channel_id or 0)
            await defer(interaction, ephemeral=True)
            await self._answer(interaction, choice, post_id)
        except Exception as error:  # noqa: BLE001 - answered and logged there
            await answer_error(interaction, error)

    async def _answer(
        self, interaction: discord.Interaction[Any], choice: Choice, post_id: int
    ) -> None:
        post = await self._post(interaction, post_id)
        person = self._names.remember(interaction.user.id)
        if choice.bucket is not None:
            await self._guess(interaction, post, person, choice.bucket)
        elif choice is Choice.SKIP and self._is_kept_back(post):
            await self._note_view(post, person)
            await self._show(interaction, post, "guess.skipped")
        else:
            await self._check_may_see(post, person)
            await self._show(interaction, post, None)

    async def _post(self, interaction: discord.Interaction[Any], post_id: int) -> Post:
        post = await self._core.database.run_read(
            lambda session: load_guessed_post(session, post_id)
        )
        # The number stands in a message of ours, but a message can be passed on elsewhere.
        if (
            post is None
            or post.platform is not PlatformName.DISCORD
            or place_of(post) != str(interaction.channel_id)
        ):
            raise Refused("guess.no_such_post")
        return post

    async def _guess(
        self, interaction: discord.Interaction[Any], post: Post, person: str, bucket: Bucket
    ) -> None:
        texts = Texts(interaction.locale)
        check_may_play(interaction.user, post, person)
        most = post.community.options.get(GUESSES_PER_DAY)
        blind = post.community.blind
        try:
            await place_guess(
                self._core.database,
                post_id=post.id,
                platform=PlatformName.DISCORD,
                person=person,
                bucket=bucket,
                blind=blind,
                now=self._core.clock(),
                is_bot=interaction.user.bot,
                most_a_day=most,
            )
        except GuessRefused as refusal:
            raise in_their_language(refusal, most=most) from refusal
        await self._keep_name(interaction.user.id, person)
        if blind:
            # Before it is shown: a guess that is changed afterwards has seen it.
            await self._note_view(post, person)
            await self._show(interaction, post, "guess.placed_shown", bucket)
            return
        picture = []
        if post.prediction_rows and self._why_secret(post, Reader(asked=True)) is None:
            bins = post.prediction_rows[0].bins
            picture = [await distribution_file(texts, bins, guess=bucket)]
        await interaction.edit_original_response(
            content=texts(
                "guess.placed",
                bucket=texts(f"bucket.{bucket.value}"),
                when=_closes(post),
            ),
            attachments=picture,
        )

    async def _keep_name(self, user_id: int, person: str) -> None:
        """Have boards name a player after a restart, too."""
        sealed = self._names.seal(user_id)
        await self._core.database.run_write(
            lambda session: keep_id(session, PlatformName.DISCORD, person, sealed),
            alone_in=ITS_ROWS,
        )

    def _is_kept_back(self, post: Post) -> bool:
        """Whether a prediction is kept from those who have not seen it."""
        return self._why_secret(post, Reader()) is Secret.GUESS_FIRST

    def _why_secret(self, post: Post, reader: Reader) -> Secret | None:
        return why_secret(post, reader, self._core.clock(), votes_are_in=post.label is not None)

    async def _note_view(self, post: Post, person: str) -> None:
        await note_view(
            self._core.database,
            post_id=post.id,
            platform=PlatformName.DISCORD,
            person=person,
            now=self._core.clock(),
        )

    async def _check_may_see(self, post: Post, person: str) -> None:
        """Whether somebody may see a prediction without skipping.

        Raises:
            Refused: it is kept back, and they neither guessed nor skipped.
        """
        seen = await self._core.database.run_read(
            lambda session: has_seen(session, post.id, PlatformName.DISCORD, person)
        )
        if self._why_secret(post, Reader(has_seen=seen, asked=True)) is not None:
            raise Refused("guess.kept_secret")

    async def _show(
        self,
        interaction: discord.Interaction[Any],
        post: Post,
        key: str | None,
        bucket: Bucket | None = None,
    ) -> None:
        """Show a prediction, and what drove it, to the person who asked alone."""
        texts = Texts(interaction.locale)
        if not post.prediction_rows:
            raise Refused("guess.no_prediction")
        content = None
        if key is not None:
            content = texts(
                key, bucket=texts(f"bucket.{bucket.value}") if bucket else "", when=_closes(post)
            )
        seen = await self._core.database.run_read(lambda session: find_earlier_post(session, post))
        message = card_message(
            texts,
            stored_card(post.prediction_rows[0], genre=post.shown_genre),
            community=f"<#{post.community.source_id}>",
            seen=seen,
            heat_map=await explain_post(
                self._core.database, self._core.images, self._core.serving, post.id
            ),
            spoiler=post.is_spoiler,
        )
        files = message.files()
        message.embed.set_thumbnail(url=f"attachment://{FILE}")
        bins = post.prediction_rows[0].bins
        await interaction.edit_original_response(
            content=content,
            embed=message.embed,
            attachments=[*files, await distribution_file(texts, bins, guess=bucket)],
            view=await self._genre_menu(interaction, texts, post),
        )

    async def _genre_menu(
        self, interaction: discord.Interaction[Any], texts: Texts, post: Post
    ) -> discord.ui.View | None:
        """The menu of genres for a post's author and for moderators; None for others."""
        if not interaction.permissions.manage_messages:
            person = self._names.remember(interaction.user.id)
            author = await self._core.database.run_read(
                lambda session: find_author(session, PlatformName.DISCORD, person)
            )
            if author is None or author.id != post.author_id:
                return None
        return genre_menu(texts, post.id, genres_of(post.community))


def _closes(post: Post) -> str:
    closes_at = post.guessing_closed_at
    return "" if closes_at is None else discord.utils.format_dt(closes_at, "R")
