"""Cards of pictures that somebody asked about; nothing is stored."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import discord
from sqlalchemy.orm import Session

from bot.core import Core
from bot.discord.commands.kept_back import check_kept_back
from bot.discord.messages.incoming import (
    has_spoiler,
    images_of,
    stickers_of,
    title_of,
    why_no_image,
)
from bot.discord.messages.render_card import CardMessage, card_message
from bot.discord.texts.lookup import Texts
from bot.discord.ui.error_replies import Refused, sentence_of
from bot.runtime.download import DownloadFailed, DownloadRefused
from bot.serving.audience import Audience
from bot.serving.duplicates import Duplicate, find_duplicate
from bot.serving.explain import explain_image
from bot.serving.predict_image import predict_image
from models.decoding import ImageRefused
from storage.tables import Community

#: Images that are looked at because somebody asked, at the same time.
AT_ONCE = 4
#: Images of one message that are answered for.
MOST_IMAGES = 4


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where.

    Attributes:
        texts: their language.
        person: their keyed hash.
        community: of what is posted where they ask; None: there is none.
        audience: whom the picture would meet there.
        alone: whether only they see the answer.
    """

    texts: Texts
    person: str
    community: Community | None
    audience: Audience
    alone: bool


@dataclass(slots=True)
class MessageAnswer:
    """The answer about a message's pictures.

    Attributes:
        text: what stands above; None: nothing.
    """

    text: str | None = None
    embeds: list[discord.Embed] = field(default_factory=list)
    files: list[discord.File] = field(default_factory=list)


def pictures_of(message: discord.Message, *, fetch_links: bool) -> Sequence[str]:
    """Addresses of the pictures of any message, its stickers among them where there are no others.

    Raises:
        Refused: there is none, and why.
    """
    urls = images_of(message, fetch_links=fetch_links) or stickers_of(message)
    if not urls:
        raise Refused(why_no_image(message))
    return urls


class PictureCards:
    """Makes them, a few at a time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._at_once = asyncio.Semaphore(AT_ONCE)

    async def of_message(self, asker: Asker, message: discord.Message) -> MessageAnswer:
        """The cards of a message's pictures.

        Raises:
            Refused: there is no picture, or what is said of one is kept back.
            ImageRefused, DownloadRefused, DownloadFailed: the only one cannot be used.
        """
        texts = asker.texts
        urls = pictures_of(message, fetch_links=self._core.settings.discord_fetch_links)
        answer = MessageAnswer()
        for number, url in enumerate(urls[:MOST_IMAGES], start=1):
            heading = texts("card.image_number", n=number, total=len(urls))
            try:
                card = await self.card(asker, url, title_of(message), spoiler=has_spoiler(message))
            except (ImageRefused, DownloadRefused, DownloadFailed) as error:
                if len(urls) == 1:
                    raise
                # One that cannot be used does not keep the others from an answer.
                said = sentence_of(texts, error)
                answer.embeds.append(discord.Embed(title=heading, description=said))
                continue
            if len(urls) > 1:
                card.embed.title = heading
            answer.embeds.append(card.embed)
            answer.files += card.files(f"what-drove-it-{number}.png")
        if len(urls) > MOST_IMAGES:
            answer.text = texts("predict.more_images", total=len(urls), shown=MOST_IMAGES)
        return answer

    async def card(self, asker: Asker, url: str, title: str, *, spoiler: bool) -> CardMessage:
        """The card of one picture.

        Raises:
            Refused: what is said of it is kept back.
            ImageRefused, DownloadRefused, DownloadFailed: it cannot be used.
        """
        core = self._core
        # Images are in memory in here only, however many people ask at the same moment.
        async with self._at_once:
            data = await core.downloader.fetch(url)
            predicted = await predict_image(
                core.serving, data, title=title, audience=asker.audience, now=core.clock()
            )
            seen = None
            if asker.community is not None:
                seen = await core.database.run_read(
                    partial(self._seen, asker, asker.community, predicted.phash)
                )
            heat_map = None
            if core.serving.has_free_thread:
                # It costs as much as several predictions, and those are waited for.
                heat_map = await explain_image(
                    core.serving, data, predicted.facts, asker.audience.version
                )
        where = None if asker.community is None else f"<#{asker.community.source_id}>"
        return card_message(
            asker.texts, predicted.card, community=where, seen=seen, heat_map=heat_map,
            spoiler=spoiler,
        )  # fmt: skip

    def _seen(
        self, asker: Asker, community: Community, phash: str, session: Session
    ) -> Duplicate | None:
        now = self._core.clock()
        seen = find_duplicate(session, community_id=community.id, phash=phash, before=now)
        check_kept_back(session, asker.person, seen, now, ephemeral=asker.alone)
        return seen
