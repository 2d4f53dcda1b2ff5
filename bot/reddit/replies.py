"""Comments: written once, found again before they are tried again, taken back when unwelcome."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select

from bot.community_language import speaking_in
from bot.notices import NoticeKind, note
from bot.platform import PlatformUnavailable, PostGone, PostRef, ReplyDeclined, RequestFailed
from bot.reddit.client import RedditClient
from bot.reddit.comment_rate import CommentRate
from bot.reddit.communities import Communities
from bot.reddit.errors import NotAllowed, NotThere, RedditBusy, RedditRefusal
from bot.reddit.items import is_closed, is_deleted, is_gone
from bot.reddit.own_comments import OwnComments
from bot.reddit.refusal_codes import CLOSED, OUT_OF_SIGHT, POST_DELETED
from bot.reddit.reply_rules import ReplyRules, is_in_contest
from bot.reddit.subreddit_service import check_rights
from bot.reddit.texts import prediction_text, settled_text
from bot.runtime.clock import Clock
from bot.serving.forecast import Card, Ending
from storage.engine.database import Database
from storage.queries.posts import load_post
from storage.tables import Community, Post

log = logging.getLogger(__name__)

#: Out of sight is not gone: a comment is tried again after this long.
HIDDEN_WAIT = timedelta(minutes=5)
#: A subreddit that is closed opens again after hours, or days.
CLOSED_WAIT = timedelta(hours=1)


class Replies:
    """Writes, changes and deletes the bot's own comments."""

    def __init__(
        self,
        client: RedditClient,
        database: Database,
        communities: Communities,
        rules: ReplyRules,
        *,
        clock: Clock,
    ) -> None:
        self._client = client
        self._database = database
        self._communities = communities
        self._rules = rules
        self._clock = clock
        self._own = OwnComments(client)
        self._rate = CommentRate(database, per_hour=rules.per_hour, clock=clock)

    async def about(self) -> str:
        """Address of the page that says what the bot is."""
        return self._rules.about or f"https://www.reddit.com/user/{await self._client.me()}"

    async def reply(self, ref: PostRef, card: Card, *, sent_before: bool) -> str:
        """Comment a prediction under its post; returns the comment's name.

        Raises:
            PlatformUnavailable, ReplyDeclined, PostGone: as `Platform.reply` says.
        """
        post = await self._load(ref.post_id)
        recorded_at = post.reply.recorded_at if post.reply else self._clock()
        if sent_before:
            found = await self._own.find(ref.source_id, since=recorded_at)
            if found is not None:
                return found
        try:
            self._rules.check_reply(post.community, ref, in_contest=is_in_contest(post))
            await self.check_rate(
                post.community, until=self._first_moment(post) + self._rules.within
            )
        except (RedditBusy, ReplyDeclined):
            self._own.note_unanswered(ref.source_id)
            raise
        if post.community.blind and self._clock() < (opens := self._first_moment(post)):
            raise RedditBusy("people guess first", opens - self._clock())
        about = await self.about()
        with speaking_in(post.community):
            text = prediction_text(card, post.community.name, about)
        return await self.comment(ref.source_id, text, post.community, ref.source_id)

    async def find_reply(self, ref: PostRef) -> str | None:
        """Our comment on a post, sent by a try that did not learn of it.

        Raises:
            PlatformUnavailable: Reddit cannot be asked now.
        """
        post = await self._load(ref.post_id)
        since = post.reply.recorded_at if post.reply else post.posted_at
        return await self._own.find(ref.source_id, since=since)

    def _first_moment(self, post: Post) -> datetime:
        """When a post may be answered at the earliest: where people guess first, after them."""
        if not post.community.blind or post.guessing_closed_at is None:
            return post.posted_at
        horizon = timedelta(seconds=post.community.horizon_seconds)
        return min(post.guessing_closed_at, post.posted_at + horizon)

    async def comment(self, parent: str, text: str, community: Community, source_id: str) -> str:
        """Comment once on a post or a comment; returns the comment's name.

        Args:
            parent: the thing to comment on.
            source_id: the submission that it belongs to.

        Raises:
            PlatformUnavailable: it may have been sent all the same: look before the next try.
            RequestFailed: nobody knows why it was refused; the same.
            ReplyDeclined: Reddit will not have it.
            PostGone: the submission was deleted.
        """
        check_rights()
        self._client.check_writing()
        self._own.note_sending(parent)
        try:
            return await self._client.comment(parent, text)
        except RedditRefusal as refusal:
            if refusal.code in POST_DELETED:
                raise PostGone(str(refusal)) from refusal
            if refusal.code in OUT_OF_SIGHT:
                raise await self._why_not(community, source_id) from refusal
            if refusal.code in CLOSED:
                raise ReplyDeclined("The thread is locked or archived.") from refusal
            log.warning("A comment in %s was refused (%s).", community.name, refusal)
            if not refusal.is_final:
                raise RequestFailed(f"Reddit refused the comment ({refusal}).") from refusal
            raise ReplyDeclined(f"Reddit refused the comment ({refusal.code}).") from refusal
        except (NotThere, NotAllowed) as error:
            raise await self._why_not(community, source_id) from error

    async def settle(self, ref: PostRef, reply_id: str, outcome: Ending) -> None:
        """Put the outcome into the comment, where that is still possible.

        Raises:
            PlatformUnavailable: try again later.
        """
        if not self._rules.writes:
            return
        async with self._database.read() as session:
            community = await session.scalar(
                select(Community)
                .join(Post, Post.community_id == Community.id)
                .filter(Post.id == ref.post_id)
            )
        if community is None:
            return
        about = await self.about()
        with speaking_in(community):
            text = settled_text(outcome, community.name, about)
        try:
            await self._client.edit(reply_id, text)
        except (RedditRefusal, NotAllowed, NotThere) as error:
            if isinstance(error, RedditRefusal) and not error.is_final:
                raise RequestFailed(f"Reddit refused the change ({error}).") from error
            if isinstance(error, NotAllowed) and await self._is_closed(community):
                raise RedditBusy("the subreddit is closed to this account", CLOSED_WAIT) from error
            # Deleted, archived, banned: there is nobody left to tell.
            log.info("The outcome of post %s cannot be shown (%s).", ref.post_id, error)

    async def withdraw(self, ref: PostRef, reply_id: str | None) -> None:
        """Delete the comment on a withdrawn post.

        Raises:
            PlatformUnavailable: try again later.
        """
        if reply_id is None:
            post = await self._load(ref.post_id)
            since = post.reply.recorded_at if post.reply else post.seen_at
            reply_id = await self._own.find(ref.source_id, since=since)
        if reply_id is not None:
            await self.delete(reply_id)

    async def delete(self, comment: str) -> None:
        """Delete an own comment; no harm if it is gone already.

        Raises:
            PlatformUnavailable: try again later.
        """
        try:
            await self._client.delete(comment)
        except NotThere:
            log.info("The comment %s is gone.", comment)
        except (RedditRefusal, NotAllowed) as error:
            # Somebody wants it gone: Reddit deletes own comments everywhere, sooner or later.
            raise RedditBusy(f"a comment cannot be deleted ({error})", HIDDEN_WAIT) from error

    async def check_rate(self, community: Community, *, until: datetime) -> None:
        """Do nothing if one more prediction is fine in a subreddit; see `CommentRate.check`."""
        await self._rate.check(community, until=until)

    async def check_answer_rate(self, community: Community, *, until: datetime) -> None:
        """The same for an answer to a message: answers use up no room for predictions."""
        await self._rate.check(community, until=until, answers=True)

    async def find_own(self, parent: str, *, since: datetime) -> str | None:
        """Our own comment on a thing; see `OwnComments.find`."""
        return await self._own.find(parent, since=since)

    async def _is_closed(self, community: Community) -> bool:
        """Whether a subreddit is closed to the account just now."""
        try:
            await self._client.about(community.source_id)
        except (NotAllowed, NotThere):
            return True
        return False

    async def _why_not(self, community: Community, source_id: str) -> Exception:
        """Why a comment was forbidden: what to raise."""
        try:
            about = await self._client.about(community.source_id)
            banned = about.get("user_is_banned") is True
            item = (await self._client.info([source_id])).get(source_id)
        except (NotAllowed, NotThere):
            return RedditBusy("the subreddit is closed to this account", HIDDEN_WAIT)
        except PlatformUnavailable as error:
            return error
        if banned:
            await self.note_ban(community)
            return ReplyDeclined("The account is banned from this subreddit.")
        if item is not None and is_deleted(item):
            return PostGone("Its author deleted the post.")
        if item is None or is_gone(item):
            return RedditBusy("the post is out of sight", HIDDEN_WAIT)
        if is_closed(item):
            return ReplyDeclined("The thread is locked or archived.")
        return ReplyDeclined("Reddit does not allow this account to comment there.")

    async def note_ban(self, community: Community) -> None:
        """Remember a ban, and tell the admins once."""
        if await self._communities.note_ban(community.id, self._clock()):
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

    async def _load(self, post_id: int) -> Post:
        async with self._database.read() as session:
            post = await session.run_sync(load_post, post_id)
        assert post is not None  # noqa: S101 - the caller has just read it
        return post
