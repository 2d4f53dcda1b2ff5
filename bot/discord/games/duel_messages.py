"""The message of a duel: sent once, changed when guessing closes and when the duel ends."""

import asyncio
import io

import discord

from bot.core import Core
from bot.discord.games.duel_buttons import duel_buttons
from bot.discord.games.duel_data import DuelData, read_duel
from bot.discord.games.duel_picture import SIDE, duel_picture
from bot.discord.games.render_duel import PICTURE, alt_text, duel_embed, footer
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.told_channel import sent_before
from bot.discord.texts.lookup import Texts
from bot.discord.ui.member_names import MemberNames
from bot.league.duels import duel_is_open
from models.decoding import ImageRefused
from storage.engine.scopes import ITS_ROWS
from storage.tables import Duel
from storage.types import DuelState


class DuelMessages:
    """Sends and changes them."""

    def __init__(self, client: discord.Client, core: Core, names: MemberNames) -> None:
        self._client = client
        self._core = core
        self._names = names

    async def send(self, channel: PostChannel, duel_id: int, *, look: bool) -> str | None:
        """Send the message of a duel that is recorded; return its address.

        Args:
            look: whether it may have been sent by a process that could not note it.

        Raises:
            discord.HTTPException: it was not sent.
        """
        texts = Texts(channel.guild.preferred_locale)
        told, is_open = await self._read(duel_id)
        if told is None:
            return None
        sent = None
        if look:
            mark = footer(texts, duel_id)
            sent = await sent_before(
                self._client, channel, told.duel.opened_at, lambda each: each.footer.text == mark
            )
        if sent is None:
            files = await self._files(texts, told, channel)
            sent = await channel.send(
                embed=duel_embed(
                    texts, told, self._names, is_open=is_open, has_picture=bool(files)
                ),
                files=files,
                view=duel_buttons(texts, duel_id) if is_open else discord.utils.MISSING,
                nonce=f"v{duel_id}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
        await self.note(duel_id, source_id=str(sent.id), tries=0, retry_at=None)
        return sent.jump_url

    async def change(self, channel: PostChannel, duel_id: int) -> None:
        """Have the message say what became of the duel, or that guessing has closed.

        Raises:
            discord.HTTPException: it was not changed.
        """
        texts, now = Texts(channel.guild.preferred_locale), self._core.clock()
        told, is_open = await self._read(duel_id)
        if told is None or told.duel.source_id is None or is_open:
            return
        # Of what is void nothing is shown any more: one of the posts may have been deleted.
        is_void = told.duel.state is DuelState.VOID
        files = [] if is_void else await self._files(texts, told, channel)
        await channel.get_partial_message(int(told.duel.source_id)).edit(
            embed=duel_embed(texts, told, self._names, is_open=False, has_picture=bool(files)),
            attachments=files,
            view=None,
            allowed_mentions=discord.AllowedMentions.none(),
        )
        done = told.duel.state is not DuelState.OPEN
        await self.note(
            duel_id, closed_at=told.duel.closed_at or now, told_at=now if done else None, tries=0,
            retry_at=None,
        )  # fmt: skip

    async def take_out(self, channel: PostChannel, duel_id: int) -> None:
        """Take picture and titles out of the message of an ended duel: one of its posts is gone.

        Raises:
            discord.HTTPException: it was not changed.
        """
        texts = Texts(channel.guild.preferred_locale)
        told, is_open = await self._read(duel_id)
        if told is None or told.duel.source_id is None or is_open:
            return
        embed = duel_embed(
            texts, told, self._names, is_open=False, has_picture=False, has_titles=False
        )
        await channel.get_partial_message(int(told.duel.source_id)).edit(
            embed=embed, attachments=[], view=None,
            allowed_mentions=discord.AllowedMentions.none(),
        )  # fmt: skip

    async def note(self, duel_id: int, **values: object) -> None:
        """Note what became of the message."""
        async with self._core.database.write(alone_in=ITS_ROWS) as session:
            duel = await session.get(Duel, duel_id)
            if duel is not None:
                for name, value in values.items():
                    setattr(duel, name, value)

    async def _read(self, duel_id: int) -> tuple[DuelData | None, bool]:
        now = self._core.clock()

        async with self._core.database.read() as session:
            told = await session.run_sync(read_duel, duel_id)
            if told is None or told.duel.state is not DuelState.OPEN:
                return told, False
            return told, await session.run_sync(duel_is_open, told.posts, now)

    async def _files(
        self, texts: Texts, told: DuelData, channel: PostChannel
    ) -> list[discord.File]:
        if not told.pictures or not channel.permissions_for(channel.guild.me).attach_files:
            return []
        images, serving = self._core.images, self._core.serving
        try:
            data = [await images.on_thread(images.get, sha256) for sha256 in told.pictures]
            # Twice as many pixels are decoded as are asked for.
            pixels = [await serving.pixels(each, size=SIDE // 2) for each in data]
        except (OSError, ImageRefused):
            # Deleted just now, or not to be read: the duel is told without.
            return []
        picture = await asyncio.to_thread(duel_picture, *pixels)
        return [discord.File(io.BytesIO(picture), PICTURE, description=alt_text(texts, told))]
