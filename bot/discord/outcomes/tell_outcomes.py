"""Tells servers and people what became of posts, each outcome once, and who won a season."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import discord
from discord.ext import commands
from sqlalchemy.orm import Session

from bot.core import Core
from bot.discord.gateway.answers import judging_answers
from bot.discord.gateway.channels import PostChannel
from bot.discord.gateway.guild_options import PLACE
from bot.discord.gateway.server_places import Places, places_of_servers
from bot.discord.gateway.told_channel import is_there, sent_before
from bot.discord.gateway.visibility import channels_seen
from bot.discord.outcomes.render import outcomes_embed, season_embed, season_title
from bot.discord.outcomes.winner_role import hand_over, why_not_given, winner_of
from bot.discord.rounds import rounds
from bot.discord.texts.lookup import Texts
from bot.discord.texts.reasons import refusal_reason
from bot.discord.ui.member_names import MemberNames
from bot.discord.ui.told_place import (
    CannotBeTold,
    notice_about,
    tell_side_by_side,
    told_place,
)
from bot.league.outcome_feeds import (
    STALE,
    claim_feed,
    due_feeds,
    note_season,
    note_told,
    put_off_feed,
    stop_telling_person,
    stop_telling_server,
)
from bot.league.outcomes import ToldOutcome, communities_with_outcomes, read_outcomes
from bot.league.season_end import SeasonPlace, best_of_season
from bot.league.seasons import season_before, season_of
from bot.people.sealed_ids import open_id
from bot.platform import PlatformUnavailable, RequestFailed, RequestRefused
from storage.tables import Author, OutcomeFeed
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often is looked for what can be told, seconds.
_LOOK_SECONDS = 20.0
#: A label is told this long after it was written: those of other transactions are there by then.
_SETTLED = timedelta(seconds=10)
#: The last labels of a season are written by then.
_SEASON_IS_OVER = timedelta(hours=1)
#: A post whose score was read so short a time ago was there then.
_JUST_READ = timedelta(minutes=10)
#: Discord's times have thousandths of a second.
_TICK = timedelta(milliseconds=1)
#: Tries of what Discord refuses, before what comes after it is told.
_MOST_TRIES = 4
#: People who are named at the end of a season.
_NAMED = 3


class OutcomeTeller(commands.Cog):
    """Tells those who asked for it."""

    def __init__(self, client: commands.AutoShardedBot, core: Core, names: MemberNames) -> None:
        self._client = client
        self._core = core
        self._names = names
        self._rounds = rounds(core, "outcomes", "Telling outcomes", _LOOK_SECONDS, self.tell_due)

    async def cog_load(self) -> None:
        self._rounds.start()

    async def cog_unload(self) -> None:
        await self._rounds.stop()

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The bot was removed from a server: nobody there is told anything any more."""
        await stop_telling_server(self._core.database, PlatformName.DISCORD, str(guild.id))

    async def tell_due(self) -> int:
        """Tell what is due to who is served by this process; return how many messages it took."""
        if not self._client.is_ready():
            return 0
        now = self._core.clock()
        since = now - STALE

        def look(session: Session) -> tuple[Sequence[OutcomeFeed], frozenset[int]]:
            due = due_feeds(session, PlatformName.DISCORD, now)
            oldest = min((each.told_until for each in due), default=now)
            if not due:
                return due, frozenset()
            return due, communities_with_outcomes(session, max(oldest, since))

        due, news = await self._core.database.run_read(look)
        due = [each for each in due if each.server is None or self._guild(each) is not None]
        if not due:
            return 0
        async with self._core.database.read() as session:
            places = await places_of_servers(session)
        return await tell_side_by_side(due, lambda each: self._tell_safely(each, places, news))

    def _guild(self, feed: OutcomeFeed) -> discord.Guild | None:
        guild = self._client.get_guild(int(feed.server or 0))
        return None if guild is None or guild.unavailable else guild

    async def _tell_safely(self, feed: OutcomeFeed, places: Places, news: frozenset[int]) -> bool:
        database, now = self._core.database, self._core.clock
        try:
            with judging_answers():
                guild = self._guild(feed)
                if feed.server is None:
                    return await self._tell_person(feed, places, news)
                return guild is not None and await self._tell_server(guild, feed, places, news)
        except PlatformUnavailable as error:
            log.info("Outcomes are told later (%s).", error)
            await put_off_feed(database, feed, now())
        except RequestRefused as error:
            if feed.author_id is not None:
                log.info("Somebody takes no direct messages any more: %s", error)
                await stop_telling_person(database, feed.author_id)
            else:
                log.warning("Outcomes cannot be told on server %s: %s", feed.server, error)
                await self._leave_out_or_wait(feed, error)
        except RequestFailed as error:
            log.warning("Outcomes could not be told: %s", error)
            await self._leave_out_or_wait(feed, error)
        except Exception:
            # One odd server stops no other.
            log.exception("Outcomes could not be told; tried again.")
            await put_off_feed(database, feed, now())
        return False

    async def _leave_out_or_wait(self, feed: OutcomeFeed, error: Exception) -> None:
        """Try again a few times what was refused: one odd message keeps no other back."""
        database, now = self._core.database, self._core.clock()
        if feed.begun_at is None or feed.tries + 1 < _MOST_TRIES:
            await put_off_feed(database, feed, now, refusal_reason(error))
        elif feed.begun_until is not None:
            log.warning("Outcomes up to %s are left out.", feed.begun_until)
            await note_told(database, feed, feed.begun_until, now)
        else:
            await note_season(database, feed, self._last_season(), feed.winner_id)

    def _last_season(self) -> str:
        """The last season that has ended, with all its labels."""
        zone = self._core.settings.season_time_zone
        return season_before(season_of(self._core.clock() - _SEASON_IS_OVER, zone), zone)

    async def _tell_server(
        self, guild: discord.Guild, feed: OutcomeFeed, places: Places, news: frozenset[int]
    ) -> bool:
        here = places.get(str(feed.server), ())
        ended = self._last_season()
        season_due = feed.season is not None and feed.season < ended and feed.begun_until is None
        if not season_due and feed.begun_at is None and news.isdisjoint(id_ for id_, _ in here):
            return False
        try:
            channel, shown = await told_place(
                self._core, guild, int(feed.channel or 0), here, what="outcomes"
            )
        except CannotBeTold as why:
            await put_off_feed(self._core.database, feed, self._core.clock(), why.reason)
            return False
        if season_due:
            return await self._tell_season(guild, channel, feed, ended, shown)
        outcomes, until = await self._outcomes(feed, shown)
        texts = Texts(guild.preferred_locale)
        return await self._send(texts, channel, feed, outcomes, until)

    async def _tell_person(self, feed: OutcomeFeed, places: Places, news: frozenset[int]) -> bool:
        if feed.begun_at is None and not news:
            return False
        async with self._core.database.read() as session:
            author = await session.get(Author, feed.author_id)
        user_id = None
        if author is not None and author.sealed_id is not None:
            key = self._core.people_key
            user_id = open_id(key, PlatformName.DISCORD, author.hash, author.sealed_id)
        if author is None or user_id is None:
            # Nobody knows any more who that was.
            await stop_telling_person(self._core.database, feed.author_id or 0)
            return False
        everywhere = [mine for each in places.values() for mine, _ in each]
        outcomes, until = await self._outcomes(feed, everywhere)
        seen = await channels_seen(
            self._client,
            int(user_id),
            {int(each.community_source_id) for each in outcomes},
            # What is left out now does not come later.
            for_sure=True,
        )
        outcomes = [each for each in outcomes if int(each.community_source_id) in seen]
        user = self._client.get_user(int(user_id)) or await self._client.fetch_user(int(user_id))
        return await self._send(Texts(feed.locale), user, feed, outcomes, until)

    async def _outcomes(
        self, feed: OutcomeFeed, community_ids: Collection[int]
    ) -> tuple[Sequence[ToldOutcome], datetime]:
        """What comes next for a feed, and up to which label that is everything."""
        now = self._core.clock()
        until = feed.begun_until or now - _SETTLED
        # What was begun to be told is the same in another try.
        after = feed.told_until if feed.begun_until else max(feed.told_until, now - STALE)
        outcomes = await self._core.database.run_read(
            lambda session: read_outcomes(
                session, community_ids, after=after, until=until, author_id=feed.author_id
            )
        )
        if outcomes and feed.begun_until is None:
            # What was begun keeps its mark, though its last post may be gone by now.
            until = outcomes[-1].written_at
        there = []
        for each in outcomes:
            place = int(str(each.options.get(PLACE) or each.community_source_id))
            if each.written_at > now - _JUST_READ or await is_there(
                self._client, place, int(each.source_id)
            ):
                there.append(each)
        return there, until

    async def _send(
        self,
        texts: Texts,
        place: PostChannel | discord.User,
        feed: OutcomeFeed,
        outcomes: Sequence[ToldOutcome],
        until: datetime,
    ) -> bool:
        database, now = self._core.database, self._core.clock
        if not outcomes:
            await note_told(database, feed, until, now())
            return False
        if not await claim_feed(database, feed, now(), until=until):
            return False
        embed = outcomes_embed(texts, outcomes)
        embed.timestamp = until
        if feed.begun_at is not None and await sent_before(
            self._client, place, feed.begun_at,
            lambda each: each.timestamp is not None and abs(each.timestamp - until) < _TICK,
        ):  # fmt: skip
            await note_told(database, feed, until, now())
            return False
        await place.send(
            embed=embed,
            nonce=f"o{feed.id}-{int(until.timestamp() * 1000)}",
            allowed_mentions=discord.AllowedMentions.none(),
        )
        await note_told(database, feed, until, now())
        return True

    async def _tell_season(
        self,
        guild: discord.Guild,
        channel: PostChannel,
        feed: OutcomeFeed,
        season: str,
        shown: Collection[int],
    ) -> bool:
        database, now = self._core.database, self._core.clock
        texts, least = Texts(guild.preferred_locale), self._core.settings.min_guesses
        best = await database.run_read(
            lambda session: best_of_season(session, shown, season, min_guesses=least, limit=_NAMED)
        )
        if not best:
            has_it = await self._hand_role_over(guild, feed, None, shown)
            await note_season(database, feed, season, has_it)
            return False
        if not await claim_feed(database, feed, now(), until=None):
            return False
        has_it = await self._hand_role_over(guild, feed, best[0], shown)
        title = season_title(texts, season)
        if feed.begun_at is None or not await sent_before(
            self._client, channel, feed.begun_at, lambda each: each.title == title
        ):
            is_given = has_it == best[0].author_id and feed.winner_role is not None
            role = int(feed.winner_role or 0) if is_given else None
            await channel.send(
                embed=season_embed(texts, season, best, self._names, role),
                nonce=f"s{feed.id}-{season}",
                allowed_mentions=discord.AllowedMentions.none(),
            )
        await note_season(database, feed, season, has_it)
        return True

    async def _hand_role_over(
        self,
        guild: discord.Guild,
        feed: OutcomeFeed,
        best: SeasonPlace | None,
        shown: Collection[int],
    ) -> int | None:
        """Give the winner their role, and take it from the last one.

        Returns the author id of who has it now; None: nobody.

        Args:
            best: who won; None: nobody played.
        """
        if feed.winner_role is None:
            return None
        role = guild.get_role(int(feed.winner_role))
        why = why_not_given(guild, role)
        if why is not None or role is None:
            texts = Texts(guild.preferred_locale)
            text = texts(why or "outcomes.role_gone", role=f"<@&{feed.winner_role}>")
            if best is not None:
                await notice_about(self._core, min(shown, default=None), text)
            return feed.winner_id
        winner = None
        if best is not None and best.sealed is not None:
            key = self._core.people_key
            winner = open_id(key, PlatformName.DISCORD, best.person, best.sealed)
        given = await hand_over(
            self._client,
            guild,
            role,
            winner=None if winner is None else int(winner),
            before=await winner_of(self._core, feed),
        )
        return best.author_id if given and best is not None else None
