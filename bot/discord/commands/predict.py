"""`/predict`, "Will it play?" in a message's menu, and a mention: what an image would come to.

Nothing is stored, so that anybody can ask about anything: in servers, in DMs, and with the app
installed for oneself, where the bot is no member.
"""

import logging
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands
from sqlalchemy.orm import Session

from bot.discord.commands.advise import Adviser
from bot.discord.commands.feature import Feature, texts_for
from bot.discord.commands.picture_cards import Asker, MessageAnswer, PictureCards
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.thread_rule import community_of_channel
from bot.discord.gateway.told_channel import missing_to_tell
from bot.discord.messages.incoming import is_from_a_person
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.error_replies import Refused, sentence_of
from bot.discord.ui.responses import Interaction, defer, respond
from bot.serving.advise import MOST_VARIANTS
from bot.serving.audience import Audience, audience_of
from storage.tables import Community

log = logging.getLogger(__name__)

_LONGEST_TITLE = 300
_LONGEST_NAME = 60


class Predictions(Feature):
    """Predictions that somebody asked for."""

    def __init__(self, *services: Any) -> None:
        super().__init__(*services)
        self._cards = PictureCards(self.core)
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
        self._check_size(image.size)
        asker = await self._asker(interaction, alone=private)
        message = await self._cards.card(asker, image.url, title, spoiler=image.is_spoiler())
        if heading := escape(title, _LONGEST_NAME):
            message.embed.title = heading
        files = message.files()
        await respond(interaction, embed=message.embed, files=files)

    async def _look_at_message(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry: predict the images of a message, for the one who asked alone."""
        await self.interaction_check(interaction)
        await defer(interaction, ephemeral=True)
        answer = await self._cards.of_message(await self._asker(interaction, alone=True), message)
        await respond(interaction, answer.text, embeds=answer.embeds, files=answer.files)

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Somebody mentions the bot in reply to a picture, or sends it one in a direct message."""
        try:
            asked = await self._asked_about(message)
            if asked is None:
                return
            self.cooldowns.take(message.author.id, message.channel.id)
        except (Refused, discord.HTTPException) as error:
            # Who asks too often is not answered that, either.
            log.info("A question in message %s is not answered: %s", message.id, error)
            return
        texts = Texts(None if message.guild is None else message.guild.preferred_locale)
        answer = MessageAnswer()
        try:
            community, audience = await self._audience(message.channel)
            if asked is message and community is not None and community.watched:
                # It is a post, and gets its reply as one.
                return
            person = self.names.remember(message.author.id)
            self.take_question(community, person)
            asker = Asker(texts, person, community, audience, alone=message.guild is None)
            answer = await self._cards.of_message(asker, asked)
        except Exception as error:
            answer.text = sentence_of(texts, error)
            if answer.text is None:
                raise
        await message.reply(
            answer.text,
            embeds=answer.embeds,
            files=answer.files,
            mention_author=False,
            nonce=f"q{message.id}",
        )

    async def _asked_about(self, message: discord.Message) -> discord.Message | None:
        """The message whose pictures somebody asks about; None: nobody asks anything.

        Raises:
            discord.HTTPException: what it replies to cannot be read.
        """
        me, guild = self.bot.user, message.guild
        if me is None or not is_from_a_person(message):
            return None
        if guild is None:
            return message if message.attachments or message.embeds or message.stickers else None
        # A reply to what the bot said mentions it, too, but not in what was written.
        if me.id not in message.raw_mentions or not _may_answer(message):
            return None
        reference = message.reference
        if reference is None or message.flags.forwarded:
            has_any = message.attachments or message.embeds or message.message_snapshots
            return message if has_any else None
        asked = reference.resolved
        if asked is None and reference.message_id is not None:
            asked = await message.channel.fetch_message(reference.message_id)
        if not isinstance(asked, discord.Message) or asked.author.id == me.id:
            return None
        return asked

    async def _asker(self, interaction: Interaction, *, alone: bool) -> Asker:
        channel = interaction.channel or discord.Object(interaction.channel_id or 0)
        community, audience = await self._audience(channel)
        person = self.person(interaction.user)
        self.take_question(community, person)
        return Asker(texts_for(interaction), person, community, audience, alone)

    async def _audience(self, channel: object) -> tuple[Community | None, Audience]:
        def look_up(session: Session) -> tuple[Community | None, Audience]:
            community = community_of_channel(session, channel)
            return community, audience_of(session, community, self.core.clock())

        return await self.core.database.run_read(look_up)

    def _check_size(self, size: int) -> None:
        most = self.core.settings.max_image_bytes
        if size > most:
            raise Refused("predict.too_large", megabytes=f"{most / 2**20:g}")


def _may_answer(message: discord.Message) -> bool:
    """Whether the bot may write and show pictures where a message of a server is."""
    channel = message.channel
    return isinstance(channel, PostChannel) and not missing_to_tell(channel)
