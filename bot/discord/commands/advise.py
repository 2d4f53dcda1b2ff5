"""`/advise`: which of several pictures or titles, when and where; who asked sees it alone."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import discord
from discord import app_commands
from sqlalchemy.orm import Session

from bot.discord.commands.feature import Feature, community_here, texts_for
from bot.discord.commands.guild_scope import communities_of
from bot.discord.commands.kept_back import check_kept_back
from bot.discord.gateway.visibility import may_be_shown, readers_of
from bot.discord.messages.render_advice import advice_embeds
from bot.discord.texts.command_labels import label
from bot.discord.ui.error_replies import Refused, sentence_of
from bot.discord.ui.responses import Interaction, defer, respond
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.advise import MOST_VARIANTS, Advice, Refusal, Variant, advise
from bot.serving.audience import Audience, audience_of
from bot.serving.duplicates import find_duplicate
from storage.tables import Community

#: People whose pictures are in memory at the same time.
_AT_ONCE = 2
_LONGEST_TITLE = 300


class Adviser(Feature):
    """Advice that somebody asked for."""

    def __init__(self, *services: Any) -> None:
        super().__init__(*services)
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    @app_commands.command(name="advise", description=label("advise.about"))
    @app_commands.describe(
        image=label("predict.image"),
        title=label("predict.title"),
        title2=label("advise.title"),
        title3=label("advise.title"),
        hour=label("advise.hour"),
        channels=label("advise.channels"),
        **{f"image{number}": label("advise.image") for number in range(2, MOST_VARIANTS + 1)},
    )
    @app_commands.guild_only()
    async def advise(
        self,
        interaction: Interaction,
        image: discord.Attachment,
        title: app_commands.Range[str, 0, _LONGEST_TITLE] = "",
        title2: app_commands.Range[str, 0, _LONGEST_TITLE] = "",
        title3: app_commands.Range[str, 0, _LONGEST_TITLE] = "",
        hour: bool = False,
        channels: bool = False,
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
        """Rank pictures with titles, and say when and where to post the best."""
        await defer(interaction, ephemeral=True)
        others = (image2, image3, image4, image5, image6, image7, image8, image9, image10)
        pictures = [image, *(each for each in others if each is not None)]
        titles = list(dict.fromkeys(each for each in (title, title2, title3) if each)) or [""]
        await self.answer(
            interaction, pictures, titles, ephemeral=True, hour=hour, channels=channels
        )

    async def answer(
        self,
        interaction: Interaction,
        pictures: Sequence[discord.Attachment],
        titles: Sequence[str],
        *,
        ephemeral: bool,
        hour: bool = False,
        channels: bool = False,
    ) -> None:
        """Rank pictures and answer with it; the interaction is acknowledged.

        Args:
            interaction: who asked, and where.
            pictures: each is tried with each title.
            titles: at least one, which may be empty.
            ephemeral: whether only the person who asked sees the answer.
            hour: whether to say when to post the best.
            channels: whether to say in which of the server's channels.
        """
        texts = texts_for(interaction)
        self._check(pictures, titles)
        now = self.core.clock()

        def look_up(session: Session) -> tuple[Community | None, Audience]:
            community = community_here(session, interaction)
            return community, audience_of(session, community, now)

        community, audience = await self.core.database.run_read(look_up)
        self.take_question(community, self.person(interaction.user))
        places = await self._channels(interaction) if channels else {}
        # Pictures are in memory in here only, however many people ask at the same moment.
        async with self._at_once:
            variants, unread = [], []
            for number, picture in enumerate(pictures, start=1):
                name = texts("advise.picture", n=number)
                try:
                    data = await self.core.downloader.fetch(picture.url)
                except (DownloadRefused, DownloadFailed) as error:
                    reason = sentence_of(texts, error) or ""
                    unread.append(Refusal(Variant(name, b"", ""), reason))
                    continue
                variants += [Variant(name, data, title) for title in titles]
            if not variants:
                raise Refused("predict.not_arrived")
            advice = await advise(
                self.core.serving, self.core.database, variants, audience=audience, now=now,
                hours=hour, communities=list(places),
            )  # fmt: skip
        hidden = await self.core.database.run_read(
            partial(self._secrets, interaction, community, advice, list(places), ephemeral)
        )
        shown = {
            texts("advise.picture", n=number): None if each.is_spoiler() else each.url
            for number, each in enumerate(pictures, start=1)
        }
        embeds = advice_embeds(
            texts, advice, unread=unread, pictures=shown, is_here=community is not None,
            channels={place: name for place, name in places.items() if place not in hidden},
        )  # fmt: skip
        await respond(interaction, embeds=embeds)

    def _check(self, pictures: Sequence[discord.Attachment], titles: Sequence[str]) -> None:
        if len(pictures) * len(titles) > MOST_VARIANTS:
            raise Refused(
                "advise.too_many", pictures=len(pictures), titles=len(titles), most=MOST_VARIANTS
            )
        most = self.core.settings.max_image_bytes
        if max(each.size for each in pictures) > most:
            raise Refused("predict.too_large", megabytes=f"{most / 2**20:g}")

    async def _channels(self, interaction: Interaction) -> dict[int, str]:
        """Watched channels of the server that who asks can see: their mentions, by community."""
        readers = readers_of(interaction, private=True)
        async with self.core.database.read() as session:
            found = await communities_of(session, interaction.guild_id or 0)
        return {
            each.id: f"<#{each.source_id}>"
            for each in found
            if each.watched and may_be_shown(readers, int(each.source_id))
        }

    def _secrets(
        self,
        interaction: Interaction,
        community: Community | None,
        advice: Advice,
        places: Sequence[int],
        ephemeral: bool,
        session: Session,
    ) -> set[int]:
        """Channels where the prediction of the best picture is kept back.

        Raises:
            Refused: the prediction of one of the pictures is kept back here.
        """
        person = self.person(interaction.user)
        now = self.core.clock()

        def check(community_id: int, phash: str) -> None:
            seen = find_duplicate(session, community_id=community_id, phash=phash, before=now)
            check_kept_back(session, person, seen, now, ephemeral=ephemeral)

        if community is not None:
            for each in advice.ranked:
                check(community.id, each.phash)
        hidden = set()
        for place in places if advice.ranked else ():
            try:
                check(place, advice.ranked[0].phash)
            except Refused:
                hidden.add(place)
        return hidden
