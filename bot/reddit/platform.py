"""Reddit behind the protocol that every platform has."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from bot.core import Core
from bot.notices import NoticeKind, note
from bot.platform import PlatformRefused, PlatformUnavailable, PostRef, Reading
from bot.posts.pipeline import Pipeline
from bot.reddit.client import RedditClient
from bot.reddit.comment_cleanup import CommentCleanup
from bot.reddit.communities import Communities
from bot.reddit.credentials import read_credentials
from bot.reddit.errors import CredentialsRefused, NotAllowed, NotThere
from bot.reddit.inbox import Inbox
from bot.reddit.items import Rules
from bot.reddit.replies import Replies, ReplyRules
from bot.reddit.score_reader import ScoreReader
from bot.reddit.watcher import Watcher
from bot.serving.forecast import Card, Outcome, TooLate
from bot.settings import Settings
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often own comments are looked after.
TEND_EVERY = timedelta(minutes=15)

#: A subreddit that is closed to us is tried again after this long.
CLOSED_WAIT = timedelta(hours=1)

#: How often it is looked whether something is due, seconds.
_PULSE = 1.0


class RedditPlatform:
    """Watches subreddits, comments where that is wanted, and reads scores.

    Nothing happens on its own but through `tick`, which does what is due by the clock; once
    started, a task calls it every second.

    Raises:
        PlatformRefused: the credentials are not whole.
    """

    name = PlatformName.REDDIT

    def __init__(self, core: Core, pipeline: Pipeline) -> None:
        settings, database, clock = core.settings, core.database, core.clock
        self._database = database
        self._clock = clock
        self._every = timedelta(seconds=settings.reddit_poll_seconds)
        how = manners(settings)
        self._subreddits = tuple(
            name for name in settings.reddit_subreddits if name.lower() not in how.denied
        )
        self.client = RedditClient(
            read_credentials(settings),
            url=settings.reddit_url,
            oauth_url=settings.reddit_oauth_url,
            clock=clock,
        )
        self._communities = Communities(
            database, horizon_seconds=round(settings.reddit_horizon_hours * 3600), clock=clock
        )
        rules = Rules(
            timedelta(hours=settings.reddit_max_age_hours),
            nsfw=settings.reddit_nsfw,
            crossposts=settings.reddit_crossposts,
        )
        self.watcher = Watcher(
            self.client, database, pipeline, self._communities, rules, clock=clock
        )
        self.scores = ScoreReader(
            self.client,
            self.watcher.listed_score,
            gather=timedelta(minutes=settings.reddit_gather_minutes),
            clock=clock,
        )
        self._replies = Replies(self.client, database, self._communities, how, clock=clock)
        self._tending = CommentCleanup(
            self.client,
            database,
            self._replies,
            delete_below=settings.reddit_delete_below,
            clock=clock,
        )
        self._inbox = Inbox(
            self.client, core, pipeline, self._communities, self._replies, rules, how
        )
        self._task: asyncio.Task[None] | None = None
        #: When each thing is looked at next; what was found closed; what was asked about once.
        self._due: dict[str, datetime] = {}
        self._closed: set[str] = set()
        self._met: set[str] = set()
        self._revoked = False

    async def start(self) -> None:
        """Sign in and begin to watch. Reddit may be away just now: then that is tried again.

        Raises:
            PlatformRefused: Reddit does not accept the credentials.
        """
        try:
            name = await self.client.me()
        except CredentialsRefused as error:
            await self.client.close()
            await self._note_revoked(error)
            raise PlatformRefused(str(error)) from error
        except (PlatformUnavailable, NotAllowed, NotThere) as error:
            log.warning("Reddit cannot be asked now (%s); trying again.", error)
        else:
            log.info("Signed in to Reddit as %s.", name)
        if not self._subreddits:
            log.warning("No subreddit is watched: PEORIA_REDDIT_SUBREDDITS is empty.")
        self._task = asyncio.create_task(self._run(), name="reddit")

    async def stop(self) -> None:
        """Stop watching; a request that is under way is not waited for."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.client.close()

    async def _run(self) -> None:
        while True:
            await self.tick()
            await asyncio.sleep(_PULSE)

    async def tick(self) -> None:
        """Do what is due: look at subreddits and inbox, look after comments."""
        for name in self._subreddits:
            await self._when_due(f"r/{name}", self._every, partial(self._watch, name))
        await self._when_due("inbox", self._every, self._inbox.look)
        await self._when_due("comments", TEND_EVERY, self._tending.tend)

    async def _when_due(
        self, what: str, every: timedelta, work: Callable[[], Awaitable[object]]
    ) -> None:
        now = self._clock()
        if now < self._due.get(what, now):
            return
        self._due[what] = now + every
        try:
            await work()
            self._revoked = False
        except CredentialsRefused as error:
            self._due[what] = now + (error.retry_after or every)
            await self._note_revoked(error)
        except PlatformUnavailable as error:
            log.info("%s cannot be looked at now (%s).", what, error)
            self._due[what] = now + (error.retry_after or every)
        except (NotAllowed, NotThere) as error:
            self._due[what] = now + CLOSED_WAIT
            await self._note_closed(what, error)
        except Exception:
            log.exception("%s could not be looked at; it is tried again.", what)

    async def _watch(self, name: str) -> None:
        if name not in self._met:
            await self._meet(name)
            self._met.add(name)
        await self.watcher.poll(name)
        self._closed.discard(f"r/{name}")

    async def _meet(self, name: str) -> None:
        """Find out once a start whether the account is banned from a subreddit."""
        about = await self.client.about(name)
        spelt = about.get("display_name")
        community = await self._communities.ensure(
            spelt if isinstance(spelt, str) and spelt.lower() == name.lower() else name
        )
        if about.get("user_is_banned") is True:
            await self._replies.note_ban(community)
        else:
            await self._communities.note_ban(community.id, None)

    async def _note_revoked(self, error: CredentialsRefused) -> None:
        """Tell the admins once that nothing works until somebody does something."""
        if not self._revoked:
            self._revoked = True
            log.error("Reddit is stopped: %s", error)
            await note(
                self._database,
                NoticeKind.REDDIT,
                f"Reddit is stopped: {error}",
                now=self._clock(),
            )

    async def _note_closed(self, what: str, error: Exception) -> None:
        if what not in self._closed:
            self._closed.add(what)
            text = f"{what} cannot be read: {error} It is tried again every hour."
            log.warning("%s", text)
            await note(self._database, NoticeKind.REDDIT, text, now=self._clock())

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Comment the prediction; see `Replies.reply`."""
        return await self._replies.reply(post, card, sent_before=sent_before)

    async def settle(self, post: PostRef, reply_id: str, outcome: Outcome | TooLate) -> None:
        """Put the outcome into the comment; see `Replies.settle`."""
        await self._replies.settle(post, reply_id, outcome)

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """Delete the comment; see `Replies.withdraw`."""
        await self._replies.withdraw(post, reply_id)

    async def announce(self, text: str, community_source_id: str | None) -> None:
        """Moderators are not written to; notices are shown by the board and on Discord."""
        return

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Read scores, or say when; see `ScoreReader.read`."""
        return await self.scores.read(posts)


def manners(settings: Settings) -> ReplyRules:
    """How and where the settings let the bot speak."""
    return ReplyRules(
        speaks=settings.reddit_reply == "on",
        watched=frozenset(name.lower() for name in settings.reddit_subreddits),
        denied=_denied(settings),
        per_hour=settings.reddit_replies_per_hour,
        within=timedelta(minutes=settings.reddit_reply_minutes),
        about=settings.reddit_about,
    )


def _denied(settings: Settings) -> frozenset[str]:
    return frozenset(name.lower() for name in settings.reddit_deny)
