"""Comments on Lemmy: written once, found again before they are tried again, taken back."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from bot.communities import set_option
from bot.lemmy.client import LemmyClient
from bot.lemmy.errors import LemmyRefusal
from bot.lemmy.items import is_deleted, local_id, part, published
from bot.lemmy.texts import prediction_text, settled_text
from bot.notices import NoticeKind, note
from bot.platform import PlatformUnavailable, PostGone, PostRef, ReplyDeclined
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending
from bot.settings import Settings
from storage.engine.database import Database
from storage.queries.posts import load_post
from storage.tables import Community, Post, Reply
from storage.types import ReplyMode

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
#: Out of sight is not gone: a comment is tried again after this long.
HIDDEN_WAIT = timedelta(minutes=5)
#: The clocks of the instance and of this machine may differ by so much.
CLOCKS = timedelta(minutes=2)
#: Key of `Community.options`: since when the account is banned there.
BANNED_AT = "banned_at"

SWITCHED_OFF = "Replies on Lemmy are switched off (PEORIA_LEMMY_REPLY)."
OTHER_INSTANCE = "The post is one of an instance that Peoria was on before."
BANNED = "The account is banned from this community."


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """Where and how the bot writes.

    Attributes:
        writes: whether it writes at all.
        watched: communities in which it answers posts, in small letters.
        per_hour: most comments in one of them within an hour.
        within: age of a post beyond which it is not answered.
        about: address of the page that says what the bot is.
    """

    writes: bool
    watched: frozenset[str]
    per_hour: int
    within: timedelta
    about: str

    @classmethod
    def of(cls, settings: Settings, instance: str) -> "ReplyRules":
        """The rules that the settings make."""
        return cls(
            writes=settings.lemmy_reply == "on",
            watched=frozenset(name.lower() for name in settings.lemmy_communities),
            per_hour=settings.lemmy_replies_per_hour,
            within=timedelta(minutes=settings.lemmy_reply_minutes),
            about=settings.lemmy_about or f"{instance}/u/{settings.lemmy_username}",
        )

    def reason_not_to_write(self, community: Community) -> str | None:
        """Why nothing may be written in a community, a sentence; None where it may."""
        if not self.writes:
            return SWITCHED_OFF
        if community.source_id.lower() not in self.watched:
            return "Comments are written in the communities of PEORIA_LEMMY_COMMUNITIES alone."
        return BANNED if BANNED_AT in community.options else None


class Replies:
    """Writes, changes and deletes the bot's own comments."""

    def __init__(
        self,
        client: LemmyClient,
        database: Database,
        rules: ReplyRules,
        *,
        instance: str,
        clock: Clock,
    ) -> None:
        self._client = client
        self._database = database
        self.rules = rules
        self._instance = instance
        self._clock = clock

    async def reply(self, ref: PostRef, card: Card, *, sent_before: bool) -> str:
        """Comment a prediction under its post; returns the comment's id.

        Raises:
            PlatformUnavailable, ReplyDeclined, PostGone: as `Platform.reply` says.
        """
        post = await self._load(ref.post_id)
        post_id = self._id(ref)
        if sent_before:
            recorded_at = post.reply.recorded_at if post.reply else self._clock()
            found = await self.find_own(post_id, recorded_at)
            if found is not None:
                return str(found)
        self._check(post.community, ref)
        await self._check_rate(post)
        text = prediction_text(card, post.community.name, self.rules.about)
        return str(await self.comment(post.community, post_id, text))

    async def comment(
        self, community: Community, post_id: int, text: str, parent: int | None = None
    ) -> int:
        """Comment once; returns the comment's id.

        Raises:
            PlatformUnavailable: it may have been sent all the same: look before the next try.
            ReplyDeclined: the instance will not have it.
            PostGone: the post was deleted.
        """
        try:
            return await self._client.comment(post_id, text, parent)
        except LemmyRefusal as refusal:
            if refusal.is_ban:
                await self._note_ban(community)
                raise ReplyDeclined(BANNED) from refusal
            if refusal.is_absent:
                raise await self._why_absent(post_id) from refusal
            if refusal.code == "locked":
                raise ReplyDeclined("The post is locked.") from refusal
            raise ReplyDeclined(f"The instance refused the comment ({refusal}).") from refusal

    async def settle(self, ref: PostRef, reply_id: str, outcome: Ending) -> None:
        """Put the outcome into the comment, where that is still possible."""
        if not self.rules.writes:
            return
        post = await self._load(ref.post_id)
        text = settled_text(outcome, post.community.name, self.rules.about)
        try:
            await self._client.edit(int(reply_id), text)
        except LemmyRefusal as refusal:
            # Deleted, removed, banned: there is nobody left to tell.
            log.info("The outcome of post %s cannot be shown (%s).", ref.post_id, refusal)

    async def withdraw(self, ref: PostRef, reply_id: str | None) -> None:
        """Delete the comment on a withdrawn post; no harm if it is gone already."""
        post_id = local_id(ref.source_id, self._instance)
        found = None if reply_id is None else int(reply_id)
        if found is None and post_id is not None:
            post = await self._load(ref.post_id)
            found = await self.find_own(
                post_id, post.reply.recorded_at if post.reply else post.seen_at
            )
        if found is None:
            return
        try:
            await self._client.delete(found)
        except LemmyRefusal as refusal:
            if not refusal.is_absent:
                raise PlatformUnavailable(
                    f"a comment cannot be deleted ({refusal})", HIDDEN_WAIT
                ) from refusal

    async def find_own(
        self, post_id: int, since: datetime, *, parent: int | None = None
    ) -> int | None:
        """Our own comment on a post or (``parent``) a comment, written since then."""
        me = (await self._client.me())["id"]
        for view in await self._client.comments(post_id, parent):
            comment, at = part(view, "comment"), published(view, "comment")
            ours = comment.get("creator_id") == me and not comment.get("deleted")
            above = str(comment.get("path", "")).split(".")[-2:-1]
            right = above == ["0"] if parent is None else above == [str(parent)]
            if ours and right and at is not None and at > since - CLOCKS:
                return int(comment["id"])
        return None

    def _id(self, ref: PostRef) -> int:
        post_id = local_id(ref.source_id, self._instance)
        if post_id is None:
            raise ReplyDeclined(OTHER_INSTANCE)
        return post_id

    def _check(self, community: Community, ref: PostRef) -> None:
        reason = self.rules.reason_not_to_write(community)
        if ref.mode is ReplyMode.REACT:
            reason = "Reactions were asked for, and Lemmy has none."
        elif ref.blind:
            reason = "It is for guessers first, and nobody can guess on Lemmy."
        if reason is not None:
            raise ReplyDeclined(reason)

    async def _check_rate(self, post: Post) -> None:
        """Do nothing if one more comment is fine in a community now.

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
                "There was no room for it in time: PEORIA_LEMMY_REPLIES_PER_HOUR is"
                f" {self.rules.per_hour}."
            )
        raise PlatformUnavailable("there were enough comments within the hour", free_at - now)

    async def _why_absent(self, post_id: int) -> Exception:
        try:
            view: Mapping[str, Any] = await self._client.post(post_id)
        except LemmyRefusal:
            return PlatformUnavailable("the post is out of sight", HIDDEN_WAIT)
        except PlatformUnavailable as error:
            return error
        if is_deleted(view):
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
