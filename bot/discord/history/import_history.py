"""One import: messages read in their order, posts stored with their reactions as scores."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

import discord
from sqlalchemy import select

from bot.core import Core
from bot.discord.gateway.channels import PostChannel, WatchedChannel
from bot.discord.gateway.error_codes import AWAY
from bot.discord.gateway.guild_options import KEPT, is_wanted
from bot.discord.gateway.history import readable_history
from bot.discord.gateway.post_rules import takes_from
from bot.discord.gateway.thread_rule import takes
from bot.discord.history.places import places_of
from bot.discord.messages.incoming import incoming_post, of_community
from bot.discord.messages.reaction_votes import VoteEmoji, count_votes, emoji_key, reaction_name
from bot.option_history import options_at
from bot.people.identity import hash_person
from bot.platform import PlatformUnavailable
from bot.posts.history_imports import note_progress
from bot.posts.past_posts import PastPost
from bot.runtime.download import DownloadFailed
from bot.serving.champion import NoChampion
from models.decoding import ImageUnread
from storage.engine.faults import DATABASE_ERRORS
from storage.tables import Community, HistoryImport
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: What stands before an emoji in the counts: how many reactions posts had with it.
EMOJI = "emoji "
MESSAGES = "messages"
#: Messages that could not be taken because of a fault of ours.
FAILED = "failed"
#: Emoji that are counted; people react with hundreds.
_MOST_EMOJI = 50
#: Messages after which it is noted how far the import has come, also where none is a post.
_NOTED_EVERY = 100
#: Tries after which a post whose image does not arrive is left out.
_PATIENCE = 3

#: What may pass: the import goes on later where it was.
MAY_PASS = (
    *AWAY, *DATABASE_ERRORS, PlatformUnavailable, DownloadFailed, ImageUnread,
    discord.HTTPException, NoChampion,
)  # fmt: skip


class Stopped(Exception):
    """Somebody ended the import."""


class OneImport:
    """Goes on with one import from where it is.

    Args:
        advanced: called with the counts after every step.
    """

    def __init__(
        self,
        client: discord.Client,
        core: Core,
        row: HistoryImport,
        community: Community,
        advanced: Callable[[Mapping[str, int]], Awaitable[None]],
    ) -> None:
        self._client = client
        self._core = core
        self._row = row
        self._community = community
        self._advanced = advanced
        self._past = core.past_posts
        self.counts: Counter[str] = Counter(row.counts)

    async def run(self, channel: WatchedChannel) -> None:
        """Read everything that is left.

        Raises:
            Stopped: somebody ended it.
            MAY_PASS: go on later.
        """
        reached = None if self._row.place is None else int(self._row.place)
        begin = discord.utils.time_snowflake(self._row.since)
        places = await places_of(channel, self._community, since=self._row.since)
        others = await self._watched_by_themselves(places)
        for place in places:
            if str(place.id) in others:
                continue
            if reached is not None and place.id < reached:
                continue
            if place.id == reached:
                await self._read(place, int(self._row.after or begin))
                continue
            # Noted before anything of it is read: what fails at its first message has its tries
            # counted here, and not where the place before it ended.
            await self._note(place, begin)
            await self._read(place, begin)

    async def _watched_by_themselves(self, places: Sequence[PostChannel]) -> frozenset[str]:
        """Threads that are communities of their own, as for what is posted now."""
        async with self._core.database.read() as session:
            found = await session.scalars(
                select(Community.source_id).where(
                    Community.platform == PlatformName.DISCORD,
                    Community.watched,
                    Community.id != self._community.id,
                )
            )
            return frozenset(found) & {str(each.id) for each in places}

    async def _read(self, place: PostChannel, after: int) -> None:
        final = self._core.clock() - timedelta(seconds=self._community.horizon_seconds)
        unnoted = 0
        async for message in readable_history(self._client, place, after):
            if message.created_at > final:
                # It and all after it are left to those who watch.
                break
            self.counts[MESSAGES] += 1
            unnoted += 1
            took = await self._take(place, message)
            after = message.id
            if took or unnoted == _NOTED_EVERY:
                unnoted = 0
                await self._note(place, after)
        if unnoted:
            await self._note(place, after)

    async def _note(self, place: PostChannel, after: int) -> None:
        if not await note_progress(
            self._core.database,
            self._row.id,
            place=place.id,
            after=after,
            counts=self.counts,
            now=self._core.clock(),
        ):
            raise Stopped
        self._row.tries = 0
        await self._advanced(self.counts)

    async def _take(self, place: PostChannel, message: discord.Message) -> bool:
        """Store a message if it is a post; return whether it was one."""
        try:
            incoming = incoming_post(message, fetch_links=self._core.settings.discord_fetch_links)
            if incoming is None or not takes(self._community, place, message.id):
                return False
            if not is_wanted(incoming.options, self._community.options) or not self._is_taken(
                message
            ):
                return False
            incoming = of_community(incoming, self._community)
            why_not = await self._past.why_not(self._community, incoming)
            if why_not is not None:
                self.counts[why_not.value] += 1
                return True
            options = options_at(self._community.options, KEPT, message.created_at)
            score, _ = await count_votes(message, VoteEmoji.of(options))
            self._count_emoji(message)
            self.counts[(await self._past.store(self._community, incoming, score)).value] += 1
        except (DownloadFailed, ImageUnread):
            if self._row.tries < _PATIENCE:
                raise
            self.counts[PastPost.NO_IMAGE.value] += 1
        except MAY_PASS as error:
            if not isinstance(error, discord.HTTPException) or self._row.tries < _PATIENCE:
                raise
            log.warning("Message %s is skipped: %s", message.id, error)
            self.counts[FAILED] += 1
        except Exception:
            # One odd message ends nothing.
            log.exception("Message %s cannot be imported and is skipped.", message.id)
            self.counts[FAILED] += 1
        return True

    def _is_taken(self, message: discord.Message) -> bool:
        """Whether its author's images are posts; which roles somebody had is not known any more."""
        person = hash_person(self._core.people_key, PlatformName.DISCORD, str(message.author.id))
        return takes_from(
            self._community.options, user_id=message.author.id, person=person, roles=None,
            posted_at=message.created_at,
        )  # fmt: skip

    def _count_emoji(self, message: discord.Message) -> None:
        seen = {key for key in self.counts if key.startswith(EMOJI)}
        for reaction in message.reactions:
            emoji = str(reaction.emoji)
            key = f"{EMOJI}{emoji}"
            if key in seen or len(seen) < _MOST_EMOJI:
                self.counts[key] += reaction.count


def other_emoji(counts: Mapping[str, int], emoji: VoteEmoji) -> str | None:
    """The emoji that people reacted with most, where nobody did with those that count."""
    found = {key.removeprefix(EMOJI): n for key, n in counts.items() if key.startswith(EMOJI)}
    if any(emoji_key(reaction_name(each)) in (emoji.up, emoji.down) for each in found):
        return None
    return max(found, key=lambda each: found[each], default=None)
