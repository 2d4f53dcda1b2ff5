"""Our own answers on a network: written once, found again before they are tried again."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.communities import set_option
from bot.community_language import speaking_in
from bot.networks.errors import NetworkRefusal, Refused
from bot.networks.network import Network, NetworkRules, Place
from bot.notices import NoticeKind, note
from bot.platform import PlatformUnavailable, PostGone, PostRef, ReplyDeclined, RequestRefused
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending
from storage.engine.database import Database
from storage.queries.posts import load_post
from storage.tables import Community, Post, Reply
from storage.types import ReplyMode

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
#: Out of sight is not gone: an answer is tried again after this long.
HIDDEN_WAIT = timedelta(minutes=5)
#: Key of `Community.options`: since when the account is banned there.
BANNED_AT = "banned_at"

BANNED = "The account is banned from this community."
_NOT_ASKED = "Nobody asked for it, and only those who ask are answered (PEORIA_{name}_REPLY)."
_OFF = "Replies on {title} are switched off (PEORIA_{name}_REPLY)."
_NOT_WATCHED = "Only posts of communities that are watched are answered on {title}."


class Replies:
    """Writes, changes and deletes the bot's own answers."""

    def __init__(
        self, network: Network, database: Database, rules: NetworkRules, *, clock: Clock
    ) -> None:
        self._network = network
        self._database = database
        self.rules = rules
        self._clock = clock
        self._words = {"title": network.title, "name": network.name.value.upper()}

    def reason_not_to_write(self, community: Community) -> str | None:
        """Why nothing may be written in a community, a sentence; None where it may."""
        if not self.rules.writes:
            return _OFF.format(**self._words)
        asked = self._network.asked
        if asked is not None and community.source_id == asked[0]:
            return None
        if community.source_id not in self._network.watched:
            return _NOT_WATCHED.format(**self._words)
        return BANNED if BANNED_AT in community.options else None

    async def reply(self, ref: PostRef, card: Card, *, sent_before: bool) -> str:
        """Answer a post with its prediction; returns the answer's id.

        Raises:
            PlatformUnavailable, ReplyDeclined, PostGone: as `Platform.reply` says.
        """
        post = await self._load(ref.post_id)
        place = reply_place(ref.source_id)
        if sent_before:
            recorded_at = post.reply.recorded_at if post.reply else self._clock()
            try:
                found = await self._network.own_answer(place, recorded_at)
            except NetworkRefusal as refusal:
                if refusal.why is not Refused.ABSENT:
                    raise ReplyDeclined(f"It cannot be looked for ({refusal}).") from refusal
                raise await self._why_absent(ref.source_id) from refusal
            if found is not None:
                return found
        self._check(post.community, ref)
        await self._check_rate(post)
        with speaking_in(post.community):
            text = self._network.prediction_text(card, post.community.name)
        return await self.write(post.community, place, text)

    async def find_reply(self, ref: PostRef) -> str | None:
        """Our answer to a post, sent by a try that did not learn of it.

        Raises:
            PlatformUnavailable: the network cannot be asked now.
            RequestRefused: it cannot be looked for.
        """
        post = await self._load(ref.post_id)
        since = post.reply.recorded_at if post.reply else post.posted_at
        try:
            return await self._network.own_answer(reply_place(ref.source_id), since)
        except NetworkRefusal as refusal:
            if refusal.why is Refused.ABSENT:
                return None
            raise RequestRefused(f"It cannot be looked for ({refusal}).") from refusal

    async def write(self, community: Community, place: Place, text: str) -> str:
        """Answer once; returns the answer's id.

        Raises:
            PlatformUnavailable: it may have been sent all the same: look before the next try.
            ReplyDeclined: the network will not have it.
            PostGone: the post was deleted.
        """
        try:
            with speaking_in(community):
                return await self._network.write(place, text)
        except NetworkRefusal as refusal:
            match refusal.why:
                case Refused.BANNED:
                    await self._note_ban(community)
                    raise ReplyDeclined(BANNED) from refusal
                case Refused.ABSENT:
                    raise await self._why_absent(place.post) from refusal
                case Refused.LOCKED:
                    raise ReplyDeclined("The post takes no answers.") from refusal
                case _:
                    raise ReplyDeclined(
                        f"{self._network.title} refused the answer ({refusal})."
                    ) from refusal

    async def settle(self, ref: PostRef, reply_id: str, outcome: Ending) -> None:
        """Put the outcome into the answer, where that is still possible."""
        if not self.rules.writes:
            return
        post = await self._load(ref.post_id)
        with speaking_in(post.community):
            text = self._network.settled_text(outcome, post.community.name)
        try:
            await self._network.edit(reply_id, text)
        except NetworkRefusal as refusal:
            # Deleted, removed, banned: there is nobody left to tell.
            log.info("The outcome of post %s cannot be shown (%s).", ref.post_id, refusal)

    async def withdraw(self, ref: PostRef, reply_id: str | None) -> None:
        """Delete the answer to a withdrawn post; no harm if it is gone already."""
        found = reply_id
        try:
            if found is None:
                post = await self._load(ref.post_id)
                since = post.reply.recorded_at if post.reply else post.seen_at
                found = await self._network.own_answer(reply_place(ref.source_id), since)
            if found is not None:
                await self._network.delete(found)
        except NetworkRefusal as refusal:
            if refusal.why is not Refused.ABSENT:
                raise PlatformUnavailable(
                    f"an answer cannot be deleted ({refusal})", HIDDEN_WAIT
                ) from refusal

    def _check(self, community: Community, ref: PostRef) -> None:
        reason = self.reason_not_to_write(community)
        asked = self._network.asked
        is_asked = asked is not None and community.source_id == asked[0]
        if reason is None and is_asked:
            reason = "Who asked is answered under their question."
        elif reason is None and self.rules.reply == "asked":
            reason = _NOT_ASKED.format(**self._words)
        elif reason is None and ref.mode is ReplyMode.REACT:
            reason = f"Reactions were asked for, and {self._network.title} has none for us."
        elif reason is None and ref.blind:
            reason = "People guess first here: the prediction is shown to who guessed."
        if reason is not None:
            raise ReplyDeclined(reason)

    async def _check_rate(self, post: Post) -> None:
        """Do nothing if one more answer is fine in a community now.

        Raises:
            PlatformUnavailable: not yet; it says when there is room.
            ReplyDeclined: there will be none in time.
        """
        now, until = self._clock(), post.posted_at + self.rules.within
        if now > until:
            raise ReplyDeclined("The post was too old for a reply when there could be one.")
        query = (
            select(Reply.sent_at)
            .join(Post, Post.id == Reply.post_id)
            .where(Post.community_id == post.community_id, Reply.sent_at >= now - HOUR)
        )
        async with self._database.read() as session:
            sent = sorted(time for time in await session.scalars(query) if time is not None)
        if len(sent) < self.rules.per_hour:
            return
        free_at = sent[-self.rules.per_hour] + HOUR
        if free_at > until:
            raise ReplyDeclined(
                f"There was no room for it in time: PEORIA_{self._words['name']}_REPLIES_PER_HOUR"
                f" is {self.rules.per_hour}."
            )
        raise PlatformUnavailable("there were enough answers within the hour", free_at - now)

    async def _why_absent(self, source_id: str) -> Exception:
        try:
            seen = (await self._network.look([source_id])).get(source_id)
        except NetworkRefusal:
            seen = None
        except PlatformUnavailable as error:
            return error
        if seen is not None and seen.is_deleted:
            return PostGone("Its author deleted the post.")
        return PlatformUnavailable("the post is out of sight", HIDDEN_WAIT)

    async def _note_ban(self, community: Community) -> None:
        """Remember a ban, and tell the admins once."""
        since = self._clock().isoformat()
        if await set_option(self._database, community.id, BANNED_AT, since):
            text = (
                f"The account is banned from {community.name}: nothing is written there any more."
                " Posts are still predicted and their scores read."
            )
            log.warning("%s", text)
            await note(
                self._database,
                NoticeKind.BANNED,
                text,
                now=self._clock(),
                community_id=community.id,
            )

    async def end_ban(self, community: Community) -> None:
        """Write in a community again."""
        await set_option(self._database, community.id, BANNED_AT, None)

    async def _load(self, post_id: int) -> Post:
        async with self._database.read() as session:
            post = await session.run_sync(load_post, post_id)
        assert post is not None  # noqa: S101 - the caller has just read it
        return post


def reply_place(source_id: str) -> Place:
    """Where the reply to a post is."""
    return Place(source_id, None, f"peoria reply {source_id}")


def answer_place(post: str, message: str) -> Place:
    """Where the answer to a message is."""
    return Place(post, message, f"peoria answer {message}")


def since_of(recorded_at: datetime, clocks: timedelta = timedelta(minutes=2)) -> datetime:
    """From when on an own answer is looked for; clocks may differ by some minutes."""
    return recorded_at - clocks
