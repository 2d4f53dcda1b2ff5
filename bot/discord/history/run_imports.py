"""Goes on with imports of channels' pasts in the background, whoever began them."""

import asyncio
import logging
from collections.abc import Mapping

import discord
from discord.ext import commands
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from bot.core import Core
from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.channels import WatchedChannel
from bot.discord.gateway.error_codes import UNKNOWN_CHANNEL, UNKNOWN_MESSAGE
from bot.discord.gateway.guild_options import GUILD, downvote_of, upvote_of
from bot.discord.gateway.told_channel import sent_before
from bot.discord.history.import_history import MAY_PASS, OneImport, Stopped, other_emoji
from bot.discord.history.render import progress_embed
from bot.discord.messages.reaction_votes import VoteEmoji
from bot.discord.rounds import rounds
from bot.discord.texts.lookup import Texts
from bot.operations.import_labels import label_imported
from bot.platform import PlatformUnavailable, RequestFailed, RequestRefused
from bot.posts.history_imports import (
    claim_import,
    due_imports,
    end_import,
    let_go,
    note_shown,
    put_off,
    stop_import,
)
from bot.runtime.supervisor import describe
from bot.runtime.task_group import TaskGroup
from bot.training.schedule import new_labels
from models.extras import TrainMissing
from storage.engine.faults import may_pass
from storage.tables import Community, HistoryImport, Label
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often imports are looked for, seconds.
_LOOK_SECONDS = 5.0
#: How often what is shown of an import is changed, seconds.
_SHOW_SECONDS = 20.0
#: Imports that go on at the same time.
_AT_ONCE = 2
#: Tries in a row after which an import is given up.
_MOST_TRIES = 20

CHANNEL, MESSAGE, LANGUAGE = "channel", "message", "language"


async def end_and_label(core: Core, community: Community) -> bool:
    """End the import of a community, and label what it stored; return whether there was one."""
    now = core.clock()
    if not await stop_import(core.database, community.id, now):
        return False
    await label_imported(core.database, community, now)
    return True


class HistoryImports(commands.Cog):
    """Reads, one message after another, what was posted before a channel was watched.

    Requests are made one by one; what Discord allows beside them is left to replies.
    """

    def __init__(self, client: commands.AutoShardedBot, core: Core) -> None:
        self._client = client
        self._core = core
        self._tasks = TaskGroup()
        self._busy: set[int] = set()
        self._rounds = rounds(
            core, "imports", "Importing the past of channels", _LOOK_SECONDS, self.take_up
        )

    async def cog_load(self) -> None:
        self._rounds.start()

    async def cog_unload(self) -> None:
        await self._rounds.stop()
        await self._tasks.stop()

    async def take_up(self) -> None:
        """Go on with imports that nobody works on; they go on in the background."""
        if not self._client.is_ready() or not self._client.intents.message_content:
            return
        async with self._core.database.read() as session:
            due = await due_imports(
                session, PlatformName.DISCORD, self._core.clock(), without=self._busy
            )
        # Those of other processes, and of servers that are gone, take nobody's turn here.
        mine = [(row, community) for row, community in due if self._serves(community)]
        for row, community in mine[: _AT_ONCE - len(self._busy)]:
            self._busy.add(row.id)
            self._tasks.start(self._work(row, community), f"Import {row.id}")

    def _serves(self, community: Community) -> bool:
        """Whether this process hears of a channel's server now."""
        guild_id = community.options.get(GUILD)
        if guild_id is None:
            return self._client.get_channel(int(community.source_id)) is not None
        guild = self._client.get_guild(int(guild_id))
        return guild is not None and not guild.unavailable

    async def _work(self, row: HistoryImport, community: Community) -> None:
        database = self._core.database
        try:
            channel = await self._channel(row, community)
            if channel is None or not await claim_import(database, row.id, self._core.clock()):
                return
            try:
                await self._go_on(row, community, channel)
            except asyncio.CancelledError:
                await let_go(database, row.id)
                raise
        finally:
            self._busy.discard(row.id)

    async def _channel(self, row: HistoryImport, community: Community) -> WatchedChannel | None:
        """The channel; an import of one that is gone is ended, one out of sight is put off."""
        found: object = self._client.get_channel(int(community.source_id))
        if isinstance(found, WatchedChannel):
            return found
        try:
            # A thread that is archived is not among those that a server tells of.
            found = await self._client.fetch_channel(int(community.source_id))
        except discord.NotFound as error:
            if error.code == UNKNOWN_CHANNEL:
                await self._fail(row, community, "history.gone")
                return None
            log.info("Channel %s cannot be imported now (%s).", community.source_id, error)
        except (discord.HTTPException, discord.InvalidData, OSError) as error:
            log.info("Channel %s cannot be imported now (%s).", community.source_id, error)
        if isinstance(found, WatchedChannel):
            return found
        # Others have their turn meanwhile.
        progress = _Progress(self._client, self._core, row, community)
        await self._put_off(row, community, progress, row.counts)
        return None

    async def _put_off(
        self,
        row: HistoryImport,
        community: Community,
        progress: "_Progress",
        counts: Mapping[str, int],
    ) -> None:
        """Try again later, and after many tries no more."""
        if row.tries + 1 >= _MOST_TRIES:
            await self._fail(row, community, "history.given_up")
            return
        await put_off(self._core.database, row.id, row.tries, self._core.clock())
        await progress.show(counts, progress.texts("history.waits"), at_once=True)

    async def _go_on(
        self, row: HistoryImport, community: Community, channel: WatchedChannel
    ) -> None:
        progress = _Progress(self._client, self._core, row, community)
        if not community.watched:
            # The bot was removed from the server and invited again, for example.
            await stop_import(self._core.database, community.id, self._core.clock())
            await progress.show(row.counts, progress.texts("history.stopped"), at_once=True)
            return
        await progress.show(row.counts, at_once=True)
        one = OneImport(self._client, self._core, row, community, progress.show)
        try:
            await one.run(channel)
        except Stopped:
            # What was stored since it was ended.
            await label_imported(self._core.database, community, self._core.clock())
            await progress.show(one.counts, progress.texts("history.stopped"), at_once=True)
            return
        except MAY_PASS as error:
            ours = isinstance(error, DBAPIError) and not may_pass(error)
            log.log(
                logging.ERROR if ours else logging.INFO,
                "Import %s goes on later (%s).", row.id, describe(error),
                exc_info=error if ours else None,
            )  # fmt: skip
            await self._put_off(row, community, progress, one.counts)
            return
        labels = await label_imported(self._core.database, community, self._core.clock())
        more = [progress.texts("history.ended", labels=progress.texts.number(labels))]
        more += await self._learn(progress.texts)
        emoji = VoteEmoji.of(community.options)
        other = other_emoji(one.counts, emoji)
        if other is not None:
            more.append(
                progress.texts(
                    "history.emoji",
                    upvote=upvote_of(community.options),
                    downvote=downvote_of(community.options),
                    other=other,
                )
            )
        await end_import(self._core.database, row.id, self._core.clock(), counts=one.counts)
        await progress.show(one.counts, *more, at_once=True)

    async def _learn(self, texts: Texts) -> list[str]:
        """Have a training run started if there are enough labels; what is said of it."""
        settings = self._core.settings
        async with self._core.database.read() as session:
            new = await new_labels(session, now=self._core.clock())
            labels = (await session.scalars(select(func.count()).select_from(Label))).one()
        if labels < settings.train_min_labels:
            needed = texts.number(settings.train_min_labels)
            return [texts.count("history.few_labels", labels, needed=needed)]
        if new < settings.retrain_min_new_labels:
            return []
        try:
            await self._core.training.start_or_join(asked_by="import")
        except TrainMissing as error:
            log.info("Nothing is learned from an import: %s", error)
            return []
        return [texts("history.training")]

    async def _fail(self, row: HistoryImport, community: Community, key: str) -> None:
        await end_import(self._core.database, row.id, self._core.clock(), fault=Texts()(key))
        await label_imported(self._core.database, community, self._core.clock())
        progress = _Progress(self._client, self._core, row, community)
        words = progress.texts("history.fault", reason=progress.texts(key))
        await progress.show(row.counts, words, at_once=True)


class _Progress:
    """One message that shows how far an import has come. Nothing hangs on whether it can be."""

    def __init__(
        self, client: discord.Client, core: Core, row: HistoryImport, community: Community
    ) -> None:
        self._client = client
        self._core = core
        self._row = row
        self._community = community
        self._shown_in = dict(row.shown_in)
        self._shown_at: float | None = None
        self.texts = Texts(self._shown_in.get(LANGUAGE))

    async def show(self, counts: Mapping[str, int], *more: str, at_once: bool = False) -> None:
        """Show figures, unless others were shown just before; ``more``: sentences."""
        now = asyncio.get_running_loop().time()
        recent = self._shown_at is not None and now < self._shown_at + _SHOW_SECONDS
        if CHANNEL not in self._shown_in or (recent and not at_once):
            return
        self._shown_at = now
        embed = progress_embed(self.texts, self._community.source_id, counts, *more)
        try:
            with judging_answers():
                await self._put(embed)
        except (PlatformUnavailable, RequestRefused, RequestFailed) as error:
            log.info("How far import %s has come cannot be shown: %s", self._row.id, error)

    async def _put(self, embed: discord.Embed) -> None:
        place = self._client.get_partial_messageable(int(self._shown_in[CHANNEL]))
        known = self._shown_in.get(MESSAGE)
        if known is not None:
            try:
                await place.get_partial_message(int(known)).edit(embed=embed)
            except discord.NotFound as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                # Somebody deleted it: they do not want to see it.
                self._shown_in.pop(CHANNEL)
                await note_shown(self._core.database, self._row.id, self._shown_in)
            return
        sent = await self._shown_before(place, embed)
        if sent is None:
            sent = await place.send(embed=embed, nonce=f"i{self._row.id}")
        self._shown_in[MESSAGE] = str(sent.id)
        await note_shown(self._core.database, self._row.id, self._shown_in)

    async def _shown_before(
        self, place: discord.abc.Messageable, embed: discord.Embed
    ) -> discord.Message | None:
        """What a process showed that was killed before it could note it."""
        try:
            return await sent_before(
                self._client, place, self._row.asked_at, lambda each: each.title == embed.title
            )
        except discord.Forbidden as error:
            log.info("Whether an import was shown before cannot be seen (%s).", error)
            return None
