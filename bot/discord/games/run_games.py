"""Duels and scores as numbers: guesses are taken, and what can be decided is decided and told."""

import logging
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import discord
from discord.ext import commands
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.core import Core
from bot.discord.games.duel_data import DuelData, read_duel
from bot.discord.games.duel_messages import DuelMessages
from bot.discord.games.may_play import check_may_play, in_their_language
from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.guild_options import GUESSES_PER_DAY
from bot.discord.gateway.told_channel import find_told_channel
from bot.discord.rounds import rounds
from bot.discord.texts.lookup import Texts
from bot.discord.ui.cooldowns import Cooldowns
from bot.discord.ui.error_replies import Refused, answer_error
from bot.discord.ui.member_names import MemberNames
from bot.discord.ui.responses import defer, respond
from bot.league import duels as dueling
from bot.league import score_guesses as numbers
from bot.league.guesses import GuessRefused
from bot.people.sealed_ids import keep_id
from bot.platform import PlatformUnavailable, RequestFailed, RequestRefused
from storage.engine.scopes import DUELS, ITS_ROWS
from storage.tables import Community, Duel, Post
from storage.types import DuelState, PlatformName

log = logging.getLogger(__name__)

#: How often is looked for what can be decided and told, seconds.
_LOOK_SECONDS = 20.0
#: A duel that was recorded so long ago and has no message: its process ended before it was sent.
_SENT_WITHIN = timedelta(minutes=1)
#: Tries of what may be a fault of ours, and the pauses between them.
_MOST_TRIES = 4
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=30)
_ENDED = (DuelState.DECIDED, DuelState.DRAWN)


class Games(commands.Cog):
    """What people play beside low, medium and high."""

    def __init__(
        self,
        client: commands.AutoShardedBot,
        core: Core,
        names: MemberNames,
        cooldowns: Cooldowns,
    ) -> None:
        self._client = client
        self._core = core
        self._names = names
        self._cooldowns = cooldowns
        self.duels = DuelMessages(client, core, names)
        self._rounds = rounds(core, "games", "Deciding duels", _LOOK_SECONDS, self.look)

    async def cog_load(self) -> None:
        self._rounds.start()

    async def cog_unload(self) -> None:
        await self._rounds.stop()

    @commands.Cog.listener()
    async def on_duel_button(
        self, interaction: discord.Interaction[Any], duel_id: int, first: bool
    ) -> None:
        """Somebody pressed a button under a duel, however old."""
        try:
            self._cooldowns.take(interaction.user.id, interaction.channel_id or 0)
            await defer(interaction, ephemeral=True)
            await self._guess(interaction, duel_id, first)
        except Exception as error:  # noqa: BLE001 - answered and logged there
            await answer_error(interaction, error)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted."""
        await self._take_out([event.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages were deleted at once."""
        await self._take_out(event.message_ids)

    async def _take_out(self, message_ids: Collection[int]) -> None:
        """Show nothing more of deleted posts under ended duels; other duels become void."""
        ids = [str(each) for each in message_ids]

        def find(session: Session) -> Sequence[tuple[Duel, int]]:
            query = select(Post.id).filter_by(platform=PlatformName.DISCORD)
            gone = session.scalars(query.where(Post.source_id.in_(ids))).all()
            if not gone:
                return ()
            theirs = or_(Duel.first_post_id.in_(gone), Duel.second_post_id.in_(gone))
            rows = session.execute(
                select(Duel, Community.options)
                .join(Community, Community.id == Duel.community_id)
                .where(theirs, Duel.state.in_(_ENDED), Duel.source_id.is_not(None))
                .order_by(Duel.id)
            )
            return [(row.Duel, int(row.options.get("guild") or 0)) for row in rows]

        for duel, guild_id in await self._core.database.run_read(find):
            guild = self._client.get_guild(guild_id)
            if guild is None:
                continue
            try:
                with judging_answers():
                    channel = await find_told_channel(guild, int(duel.place))
                    if isinstance(channel, PostChannel):
                        await self.duels.take_out(channel, duel.id)
            except (PlatformUnavailable, RequestRefused, RequestFailed) as error:
                log.info("Duel %s still shows a post that was deleted: %s", duel.id, error)

    async def _guess(
        self, interaction: discord.Interaction[Any], duel_id: int, first: bool
    ) -> None:
        told = await self._core.database.run_read(lambda session: read_duel(session, duel_id))
        # The number stands in a message of ours, but a message can be passed on elsewhere.
        if told is None or told.duel.place != str(interaction.channel_id):
            raise Refused("guess.no_such_post")
        person = self._names.remember(interaction.user.id)
        for post in told.posts:
            check_may_play(interaction.user, post, person)
        most = told.posts[0].community.options.get(GUESSES_PER_DAY)
        try:
            await dueling.place_duel_guess(
                self._core.database, duel_id, platform=PlatformName.DISCORD, person=person,
                first=first, now=self._core.clock(), is_bot=interaction.user.bot, most_a_day=most,
            )  # fmt: skip
        except GuessRefused as refusal:
            raise in_their_language(refusal, most=most) from refusal
        async with self._core.database.write(alone_in=ITS_ROWS) as session:
            sealed = self._names.seal(interaction.user.id)
            await session.run_sync(keep_id, PlatformName.DISCORD, person, sealed)
        texts = Texts(interaction.locale)
        await respond(interaction, self._placed(texts, told, first=first))

    def _placed(self, texts: Texts, told: DuelData, *, first: bool) -> str:
        closes_at = dueling.closes_at(told.posts)
        when = "" if closes_at is None else discord.utils.format_dt(closes_at, "R")
        earns = texts.number(told.sides[0 if first else 1].points, 1)
        return texts("duel.placed", n=1 if first else 2, points=earns, when=when)

    async def look(self) -> int:
        """Decide and tell what can be; return how many messages that took."""
        database = self._core.database

        def due(session: Session) -> tuple[bool, bool]:
            return dueling.can_be_settled(session), numbers.can_be_scored(session)

        duels, scores = await database.run_read(due)
        if duels:
            await database.run_write(dueling.settle_duels, alone_in=[DUELS])
        if scores:
            await database.run_write(numbers.score_due, alone_in=ITS_ROWS)
        if not self._client.is_ready():
            return 0
        told = 0
        for duel, guild_id in await database.run_read(self._untold):
            guild = self._client.get_guild(guild_id)
            # Another process serves the others, or their turn comes when they are back.
            if guild is not None and not guild.unavailable:
                told += await self._tell_safely(guild, duel)
        return told

    def _untold(self, session: Session) -> Sequence[tuple[Duel, int]]:
        """Duels whose message may have to be sent or changed, each with its server."""
        now = self._core.clock()
        rows = session.execute(
            select(Duel, Community.options)
            .join(Community, Community.id == Duel.community_id)
            .where(Duel.told_at.is_(None), or_(Duel.retry_at.is_(None), Duel.retry_at <= now))
            .order_by(Duel.id)
        )
        return [(row.Duel, int(row.options.get("guild") or 0)) for row in rows]

    async def _tell_safely(self, guild: discord.Guild, duel: Duel) -> bool:
        now = self._core.clock()
        try:
            with judging_answers():
                return await self._tell(guild, duel)
        except PlatformUnavailable as error:
            log.info("Duel %s is told later (%s).", duel.id, error)
        except RequestRefused as error:
            log.info("Duel %s cannot be told: %s", duel.id, error)
            await self.duels.note(duel.id, told_at=now)
            return False
        except Exception as error:
            # One odd duel stops no other.
            log.exception("Duel %s could not be told.", duel.id)
            if isinstance(error, RequestFailed) and duel.tries + 1 >= _MOST_TRIES:
                await self.duels.note(duel.id, told_at=now)
                return False
        wait = min(_FIRST_WAIT * 2 ** min(duel.tries, 10), _LONGEST_WAIT)
        await self.duels.note(duel.id, tries=duel.tries + 1, retry_at=now + wait)
        return False

    async def _tell(self, guild: discord.Guild, duel: Duel) -> bool:
        if duel.source_id is None and duel.opened_at > self._core.clock() - _SENT_WITHIN:
            # Whoever opened it is sending it.
            return False
        if duel.source_id is not None and duel.state is DuelState.OPEN:
            if duel.closed_at is not None:
                return False
            told = await self._core.database.run_read(lambda session: self._is_open(session, duel))
            if told:
                return False
        channel = await find_told_channel(guild, int(duel.place))
        if not isinstance(channel, PostChannel):
            raise RequestRefused("its channel is not there any more")
        if duel.source_id is None:
            await self.duels.send(channel, duel.id, look=True)
        else:
            await self.duels.change(channel, duel.id)
        return True

    def _is_open(self, session: Session, duel: Duel) -> bool:
        told = read_duel(session, duel.id)
        return told is not None and dueling.duel_is_open(session, told.posts, self._core.clock())
