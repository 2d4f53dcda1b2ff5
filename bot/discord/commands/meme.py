"""`/meme`, and "Make a meme" in a message's menu: captions for a picture, the best first.

Who asked sees them alone until they post one. A picture that was hidden behind a spoiler stays so.
"""

import asyncio
import io
from collections.abc import Awaitable, Callable
from functools import partial
from secrets import randbits
from typing import Any, TypeAlias

import discord
from discord import app_commands
from sqlalchemy.orm import Session

from bot.discord.commands.feature import Feature, community_here, texts_for
from bot.discord.commands.picture_cards import pictures_of
from bot.discord.messages.incoming import has_spoiler, title_of
from bot.discord.texts.command_labels import label
from bot.discord.texts.lookup import Texts
from bot.discord.texts.markdown import escape
from bot.discord.ui.error_replies import Refused, answer_error
from bot.discord.ui.responses import Interaction, defer, respond
from bot.league.secrecy import Reader, has_seen, votes_are_in, why_secret
from bot.memes.choices import note_choice
from bot.memes.open_maker import open_maker
from bot.memes.suggest import MemeMaker, NoCaptions, Suggestions
from bot.serving.audience import Audience, audience_of
from bot.serving.duplicates import find_duplicate
from models.captions.layout import CaptionRefused
from models.captions.render import Meme
from models.preprocessing import perceptual_hash
from storage.engine.scopes import person_scope
from storage.tables import Community, Post
from storage.types import PlatformName

_AT_ONCE = 2
_LONGEST_TITLE, _LONGEST_CAPTION, _LONGEST_SHOWN = 300, 2_000, 120
#: Discord takes edits of an answer for fifteen minutes.
_SECONDS = 14 * 60.0


class Memes(Feature):
    """Memes that somebody asked for."""

    def __init__(self, *services: Any) -> None:
        super().__init__(*services)
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._maker: MemeMaker | None = None
        # discord.py takes no context menu declared inside a cog: it is added by hand.
        self._menu = app_commands.ContextMenu(
            name=label("meme.menu"),
            callback=self._of_message,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
        )

    async def cog_load(self) -> None:
        """Offer the menu entry."""
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        """Take the menu entry back."""
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(name="meme", description=label("meme.about"))
    @app_commands.describe(
        image=label("predict.image"), title=label("predict.title"), caption=label("meme.caption")
    )
    @app_commands.guild_only()
    async def meme(
        self,
        interaction: Interaction,
        image: discord.Attachment,
        title: app_commands.Range[str, 0, _LONGEST_TITLE] = "",
        caption: app_commands.Range[str, 0, _LONGEST_CAPTION] = "",
    ) -> None:
        """Find captions for one picture."""
        await defer(interaction, ephemeral=True)
        most = self.core.settings.max_image_bytes
        if image.size > most:
            raise Refused("predict.too_large", megabytes=f"{most / 2**20:g}")
        await self._offer(interaction, image.url, title, caption, spoiler=image.is_spoiler())

    async def _of_message(self, interaction: Interaction, message: discord.Message) -> None:
        """The menu entry: captions for the first image of a message."""
        await self.interaction_check(interaction)
        await defer(interaction, ephemeral=True)
        urls = pictures_of(message, fetch_links=self.core.settings.discord_fetch_links)
        spoiler = has_spoiler(message)
        await self._offer(interaction, urls[0], title_of(message), "", spoiler=spoiler)

    async def _offer(
        self, interaction: Interaction, url: str, title: str, caption: str, *, spoiler: bool
    ) -> None:
        # Pictures are in memory in here only, however many people ask at the same moment.
        async with self._at_once:
            found = await self._suggest(interaction, url, title, caption)
        choice = MemeChoice(
            texts_for(interaction), found, spoiler=spoiler, note=partial(self._note, found)
        )
        await respond(interaction, choice.text(), files=[await choice.file()], view=choice)

    async def _note(self, found: Suggestions, interaction: Interaction, chosen: int) -> None:
        """Keep what was chosen, where Peoria watches: captions are ranked by it."""
        person = self.person(interaction.user)

        def note(session: Session) -> None:
            community = community_here(session, interaction)
            if community is not None:
                note_choice(
                    session, community_id=community.id, platform=PlatformName.DISCORD,
                    person=person, offered=found.chosen, chosen=chosen,
                    post_id=None, now=self.core.clock(),
                )  # fmt: skip

        await self.core.database.run_write(
            note, alone_in=[person_scope(PlatformName.DISCORD, person)]
        )

    async def _suggest(
        self, interaction: Interaction, url: str, title: str, caption: str
    ) -> Suggestions:
        if self._maker is None:
            self._maker = await asyncio.to_thread(
                open_maker, self.core.settings, self.core.serving, self.core.database
            )
        now = self.core.clock()

        def look_up(session: Session) -> tuple[Community | None, Audience]:
            community = community_here(session, interaction)
            return community, audience_of(session, community, now)

        community, audience = await self.core.database.run_read(look_up)
        self.take_question(community, self.person(interaction.user))
        data = await self.core.downloader.fetch(url)
        own = [tuple(caption.split("|"))] if caption.strip() else []
        try:
            found = await self._maker.suggest(
                data, title=title, audience=audience, now=now, own=own, seed=randbits(31)
            )
        except CaptionRefused as refusal:
            raise Refused("meme.cannot_draw") from refusal
        except NoCaptions as nothing:
            raise Refused("meme.none") from nothing
        if community is not None:
            phash = perceptual_hash(found.canvas.picture)
            await self.core.database.run_read(
                partial(self._check_secret, interaction, community.id, phash)
            )
        return found

    def _check_secret(
        self, interaction: Interaction, community_id: int, phash: str, session: Session
    ) -> None:
        """Give nothing away of a post of the same picture whose prediction is kept back."""
        now = self.core.clock()
        seen = find_duplicate(session, community_id=community_id, phash=phash, before=now)
        post = None if seen is None else session.get(Post, seen.post_id)
        if post is None:
            return
        known = has_seen(session, post.id, PlatformName.DISCORD, self.person(interaction.user))
        reader = Reader(has_seen=known, alone=True, asked=True)
        if why_secret(post, reader, now, votes_are_in=votes_are_in(session, post.id)):
            raise Refused("meme.kept_back")


#: Told who posted which of the captions.
Note: TypeAlias = Callable[[Interaction, int], Awaitable[None]]


class MemeChoice(discord.ui.View):
    """A list of captions, and a button that posts the chosen one for all to see."""

    def __init__(self, texts: Texts, found: Suggestions, *, spoiler: bool, note: Note) -> None:
        super().__init__(timeout=_SECONDS)
        self._texts = texts
        self._found = found
        self._spoiler = spoiler
        self._note = note
        #: Drawn already, by the caption's number: choosing again and again costs nothing.
        self._drawn: dict[int, Meme] = {}
        self._chosen = 0
        self._posted = False
        self._menu: discord.ui.Select[Any] = discord.ui.Select(
            placeholder=texts("meme.choose"),
            options=[
                discord.SelectOption(
                    label=_short(each.boxes), value=str(number),
                    description=texts("meme.beats", share=texts.percent(each.card.beats)),
                )
                for number, each in enumerate(found.chosen)
            ],
        )  # fmt: skip
        self._menu.callback = self._choose  # type: ignore[method-assign]
        self._button: discord.ui.Button[Any] = discord.ui.Button(
            label=texts("meme.post"), style=discord.ButtonStyle.primary
        )
        self._button.callback = self._post  # type: ignore[method-assign]
        self.add_item(self._menu)
        self.add_item(self._button)

    def text(self) -> str:
        """The captions with what each would come to, the chosen one in bold."""
        lines = [self._texts("meme.heading")]
        for number, each in enumerate(self._found.chosen):
            words = escape(_short(each.boxes), _LONGEST_SHOWN)
            shown = f"**{words}**" if number == self._chosen else words
            beats = self._texts("meme.beats", share=self._texts.percent(each.card.beats))
            lines.append(f"{number + 1}. {shown} – {beats}")
        return "\n".join(lines)

    async def file(self) -> discord.File:
        """The picture with the chosen caption."""
        chosen = self._found.chosen[self._chosen]
        meme = self._drawn.get(self._chosen)
        if meme is None:
            meme = self._drawn[self._chosen] = await asyncio.to_thread(
                self._found.canvas.meme, chosen.boxes, generated=chosen.source.generated
            )
        return discord.File(
            io.BytesIO(meme.data), f"meme{meme.suffix}", spoiler=self._spoiler,
            description=" ".join(chosen.boxes)[:1000],
        )  # fmt: skip

    async def on_error(
        self, interaction: Interaction, error: Exception, item: discord.ui.Item[Any], /
    ) -> None:
        """Say what went wrong, as commands do."""
        await answer_error(interaction, error)

    async def _choose(self, interaction: Interaction) -> None:
        self._chosen = int(self._menu.values[0])
        await interaction.response.defer()
        await interaction.edit_original_response(
            content=self.text(), attachments=[await self.file()], view=self,
            allowed_mentions=discord.AllowedMentions.none(),
        )  # fmt: skip

    async def _post(self, interaction: Interaction) -> None:
        if self._posted:
            await interaction.response.defer()
            return
        _check_may_post(interaction)
        # Before anything is sent: a second press finds it done.
        self._posted = True
        await interaction.response.edit_message(content=self._texts("meme.posted"), view=None)
        await interaction.followup.send(
            self._texts("meme.by", person=interaction.user.mention), file=await self.file(),
            ephemeral=False, allowed_mentions=discord.AllowedMentions.none(),
        )  # fmt: skip
        await self._note(interaction, self._chosen)
        self.stop()


def _check_may_post(interaction: Interaction) -> None:
    """What the bot sends for somebody is what they might send themselves.

    Raises:
        Refused: they may not send messages with files here.
    """
    may = interaction.permissions
    in_thread = isinstance(interaction.channel, discord.Thread)
    speak = may.send_messages_in_threads if in_thread else may.send_messages
    if not (speak and may.attach_files):
        raise Refused("meme.may_not_post")


def _short(boxes: tuple[str, ...]) -> str:
    words = " / ".join(box for box in boxes if box)
    return words if len(words) <= 100 else f"{words[:99]}…"
