"""`/predict`, and "Will it play?" in a message's menu: what an image would come to.

Nothing is stored, so that anybody can ask about anything: in servers, in DMs, and with the app
installed for oneself, where the bot is no member.
"""

import asyncio
from functools import partial
from typing import Any

import discord
from discord import app_commands
from sqlalchemy.orm import Session

from bot.discord.commands.advise import Adviser
from bot.discord.commands.feature import Feature, community_here, texts_for
from bot.discord.commands.kept_back import check_kept_back
from bot.discord.messages.incoming import has_spoiler, images_of, title_of
from bot.discord.messages.render_card import CardMessage, card_message
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.error_replies import Refused, sentence_of
from bot.discord.ui.responses import Interaction, defer, respond
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.advise import MOST_VARIANTS
from bot.serving.audience import Audience, audience_of
from bot.serving.duplicates import Duplicate, find_duplicate
from bot.serving.explain import explain_image
from bot.serving.predict_image import predict_image
from models.decoding import ImageRefused
from storage.tables import Community

#: Images that are looked at because somebody asked, at the same time.
AT_ONCE = 4
#: Images of one message that are answered for.
MOST_IMAGES = 4
_LONGEST_TITLE = 300
_LONGEST_NAME = 60


class Predictions(Feature):
    """Predictions that somebody asked for."""

    def __init__(self, *services: Any) -> None:
        super().__init__(*services)
        self._at_once = asyncio.Semaphore(AT_ONCE)
        # discord.py takes no context menu declared inside a cog: it is added by hand.
        self._menu = app_commands.ContextMenu(
            name=label("predict.menu"),
            callback=self._look_at_message,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=True),
            allowed_contexts=app_commands.AppCommandContext(
                guild=True, dm_channel=True, private_channel=True
            ),
        )

    async def cog_load(self) -> None:
        """Offer the menu entry."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the menu entry back."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(name="predict", description=label("predict.about"))
    @app_commands.describe(
        image=label("predict.image"),
        title=label("predict.title"),
        private=label("predict.private"),
        **{f"image{number}": label("advise.image") for number in range(2, MOST_VARIANTS + 1)},
    )
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def predict(
        self,
        interaction: Interaction,
        image: discord.Attachment,
        title: app_commands.Range[str, 0, _LONGEST_TITLE] = "",
        private: bool = False,
        image2: discord.Attachment | None = None,
        image3: discord.Attachment | None = None,
        image4: discord.Attachment | None = None,
        image5: discord.Attachment | None = None,
        image6: discord.Attachment | None = None,
        image7: discord.Attachment | None = None,
        image8: discord.Attachment | None = None,
        image9: discord.Attachment | None = None,
        image10: discord.Attachment | None = None,
    ) -> None:
        """Predict one image, or rank several."""
        await defer(interaction, ephemeral=private)
        others = (image2, image3, image4, image5, image6, image7, image8, image9, image10)
        several = [image, *(each for each in others if each is not None)]
        if len(several) > 1:
            adviser = interaction.client.get_cog(Adviser.__name__)
            assert isinstance(adviser, Adviser)  # noqa: S101 - the registry adds both
            await adviser.answer(interaction, several, [title], ephemeral=private)
            return
        texts = texts_for(interaction)
        self._check_size(image.size)
        community, audience = await self._audience(interaction)
        message = await self._card(
            interaction, texts, image.url, title, community, audience,
            ephemeral=private, spoiler=image.is_spoiler(),
        )  # fmt: skip
        if heading := escape(title, _LONGEST_NAME):
            message.embed.title = heading
        files = message.files()
        await respond(interaction, embed=message.embed, files=files)

    async def _look_at_message(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry: predict the images of a message, for the one who asked alone."""
        await self.interaction_check(interaction)
        await defer(interaction, ephemeral=True)
        texts = texts_for(interaction)
        urls = images_of(message, fetch_links=self.core.settings.discord_fetch_links)
        if not urls:
            raise Refused("predict.no_image")
        community, audience = await self._audience(interaction)
        embeds: list[discord.Embed] = []
        files: list[discord.File] = []
        for number, url in enumerate(urls[:MOST_IMAGES], start=1):
            heading = texts("card.image_number", n=number, total=len(urls))
            try:
                card = await self._card(
                    interaction, texts, url, title_of(message), community, audience,
                    ephemeral=True, spoiler=has_spoiler(message),
                )  # fmt: skip
            except (ImageRefused, DownloadRefused, DownloadFailed) as error:
                if len(urls) == 1:
                    raise
                # One that cannot be used does not keep the others from an answer.
                embeds.append(discord.Embed(title=heading, description=sentence_of(texts, error)))
                continue
            if len(urls) > 1:
                card.embed.title = heading
            embeds.append(card.embed)
            files += card.files(f"what-drove-it-{number}.png")
        more = None
        if len(urls) > MOST_IMAGES:
            more = texts("predict.more_images", total=len(urls), shown=MOST_IMAGES)
        await respond(interaction, more, embeds=embeds, files=files)

    async def _audience(self, interaction: Interaction) -> tuple[Community | None, Audience]:
        def look_up(session: Session) -> tuple[Community | None, Audience]:
            community = community_here(session, interaction)
            return community, audience_of(session, community, self.core.clock())

        return await self.core.database.run_read(look_up)

    def _check_size(self, size: int) -> None:
        most = self.core.settings.max_image_bytes
        if size > most:
            raise Refused("predict.too_large", megabytes=f"{most / 2**20:g}")

    async def _card(
        self,
        interaction: Interaction,
        texts: Texts,
        url: str,
        title: str,
        community: Community | None,
        audience: Audience,
        *,
        ephemeral: bool,
        spoiler: bool,
    ) -> CardMessage:
        # Images are in memory in here only, however many people ask at the same moment.
        async with self._at_once:
            data = await self.core.downloader.fetch(url)
            predicted = await predict_image(
                self.core.serving, data, title=title, audience=audience, now=self.core.clock()
            )
            seen = None
            if community is not None:
                seen = await self.core.database.run_read(
                    partial(self._seen, interaction, community, predicted.phash, ephemeral)
                )
            heat_map = None
            if self.core.serving.has_free_thread:
                # It costs as much as several predictions, and those are waited for.
                heat_map = await explain_image(self.core.serving, data, predicted.facts)
        where = None if community is None else f"<#{community.source_id}>"
        return card_message(
            texts, predicted.card, community=where, seen=seen, heat_map=heat_map, spoiler=spoiler
        )

    def _seen(
        self,
        interaction: Interaction,
        community: Community,
        phash: str,
        ephemeral: bool,
        session: Session,
    ) -> Duplicate | None:
        now = self.core.clock()
        seen = find_duplicate(session, community_id=community.id, phash=phash, before=now)
        check_kept_back(session, self.person(interaction.user), seen, now, ephemeral=ephemeral)
        return seen
