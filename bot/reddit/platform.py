"""Reddit behind the protocol that every platform has."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial

from bot.core import Core
from bot.networks.errors import CredentialsRefused
from bot.networks.history import EVERY as IMPORTS_EVERY
from bot.networks.history import HistoryImports
from bot.networks.turns import Turns
from bot.notices import NoticeKind, note
from bot.platform import PlatformRefused, PlatformUnavailable, PostRef, Reading
from bot.posts.pipeline import Pipeline
from bot.reddit.client import RedditClient
from bot.reddit.comment_cleanup import CommentCleanup
from bot.reddit.comment_guesses import CommentGuesses
from bot.reddit.communities import Communities
from bot.reddit.credentials import Credentials, read_credentials
from bot.reddit.deletions import EVERY as DELETIONS_EVERY
from bot.reddit.deletions import Deletions
from bot.reddit.errors import NotAllowed, NotThere
from bot.reddit.history import SubredditListing
from bot.reddit.inbox import Inbox
from bot.reddit.inbox_answers import InboxAnswers
from bot.reddit.items import Rules
from bot.reddit.moderators.turns import Moderators
from bot.reddit.replies import Replies
from bot.reddit.reply_rules import read_reply_rules
from bot.reddit.score_reader import ScoreReader
from bot.reddit.subreddit_service import SubredditService, check_rights
from bot.reddit.watcher import Watcher
from bot.runtime.supervisor import tell
from bot.runtime.system_clock import SystemClock
from bot.serving.forecast import Card, Ending
from bot.shared_leases import Division
from bot.subreddits import chosen_subreddits
from storage.types import PlatformName

log = logging.getLogger(__name__)

#: How often it is asked which subreddits were chosen.
CHOSEN_EVERY = timedelta(seconds=15)

#: How often comments with guesses are looked at again.
GUESSES_EVERY = timedelta(minutes=10)

#: How often the bot's own comments are checked.
CLEANUP_EVERY = timedelta(minutes=15)

#: How often it is asked whether a ban has ended.
BANS_EVERY = timedelta(hours=1)


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
        self._clock = clock
        #: How far Reddit's clock is ahead of ours, seconds; None: that was told, or is not known.
        self._ahead: float | None = None
        self._every = timedelta(seconds=settings.reddit_poll_seconds)
        reply_rules = read_reply_rules(settings)
        self._rules = reply_rules
        #: Those of the settings, and those that were chosen since.
        self._subreddits = self._watched(settings.reddit_subreddits)
        self._core = core
        self._turns = Turns("Reddit", (NotAllowed, NotThere), self._note_closed, clock=clock)
        self._report = core.services.report("reddit", "Reddit")
        self._service = SubredditService(self, self._turns, self._report, database)
        #: Those of the latest try to sign in.
        self._credentials = read_credentials(core.settings_now())
        self.client = RedditClient(
            self._credentials,
            url=settings.reddit_url,
            oauth_url=settings.reddit_oauth_url,
            clock=clock,
            heard=self._hear_time,
            before_writing=check_rights,
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
        self._replies = Replies(
            self.client,
            database,
            self._communities,
            reply_rules,
            clock=clock,
        )
        self._cleanup = CommentCleanup(
            self.client,
            database,
            self._replies,
            delete_below=settings.reddit_delete_below,
            clock=clock,
        )
        self._inbox = Inbox(self.client, core, self._communities, reply_rules)
        self._imports = HistoryImports(
            SubredditListing(self.client, rules, clock=clock), core, pipeline
        )
        self._deletions = Deletions(self.client, core)
        self._guesses = CommentGuesses(self.client, core, reply_rules)
        self._moderators = Moderators(self.client, core, self._communities, reply_rules)
        self._inbox_answers = InboxAnswers(self.client, core, pipeline, self._replies, rules)
        #: Subreddits that were asked about since the start.
        self._asked_about: set[str] = set()

    async def start(self) -> None:
        """Sign in and begin to watch. Reddit may be away just now: then that is tried again.

        Raises:
            PlatformRefused: Reddit does not accept the credentials.
        """
        self.sign_in_anew()
        try:
            name = await self.client.me()
        except CredentialsRefused as error:
            raise PlatformRefused(str(error)) from error
        except (PlatformUnavailable, NotAllowed, NotThere) as error:
            log.warning("Reddit cannot be asked now (%s); trying again.", error)
        else:
            log.info("Signed in to Reddit as %s.", name)
        await self._find_chosen()
        if not self._subreddits:
            log.warning(
                "No subreddit is watched: PEORIA_REDDIT_SUBREDDITS is empty, and none was chosen."
            )
        await self._service.begin()

    def credentials(self) -> Credentials | None:
        """What we would sign in with now; None: what is set is not whole."""
        try:
            return read_credentials(self._core.settings_now())
        except PlatformRefused:
            return None

    @property
    def credentials_used(self) -> Credentials:
        """Those of the latest try to sign in."""
        return self._credentials

    def sign_in_anew(self) -> None:
        """Take the credentials of now, and begin everything anew."""
        self._credentials = self.credentials() or self._credentials
        self.client.sign_in_anew(self._credentials)
        self._turns.begin_anew()

    async def stop(self) -> None:
        """Stop watching; a request that is under way is not waited for."""
        await self._service.end()
        await self.client.close()

    def _hear_time(self, told: datetime) -> None:
        """Hold our clock against Reddit's; one of a simulation has no other to agree with."""
        if isinstance(self._clock, SystemClock):
            ahead = self._clock.hear(told)
            self._ahead = self._ahead if ahead is None else ahead

    @property
    def on_duty(self) -> bool:
        """Whether the account is this process's: of several on one database, one looks after it."""
        return self._service.on_duty

    @property
    def division(self) -> Division | None:
        """Which subreddits are this process's; None: all."""
        return self._service.division

    def guarding(self) -> AbstractContextManager[None]:
        """A block in which nothing is written once the account is another process's."""
        return self._service.guarding()

    def guarding_in(self, source_ids: Iterable[str]) -> AbstractContextManager[None]:
        """A block in which nothing is written once one of some subreddits is another process's."""
        return self._service.guarding_in(source_ids)

    async def tick(self) -> None:
        """Do what is due: read subreddits and the inbox, check own comments.

        Nothing is due in subreddits that another process looks after.
        """
        await self._service.tick()

    async def find_subreddits(self) -> Sequence[str]:
        """Names of the subreddits that are watched now."""
        await self._turns.run_due("chosen subreddits", CHOSEN_EVERY, self._find_chosen)
        return self._subreddits

    async def look_after(self, subreddit: str) -> None:
        """Read what is new in a subreddit, and what its moderators wrote in its wiki."""
        every = self._every
        await self._turns.run_due(f"r/{subreddit}", every, partial(self._watch, subreddit))
        await self._moderators.look_after(self._turns, subreddit)

    async def do_what_is_due(self) -> None:
        """Read the inbox, check own comments, and what else has its time for all of Reddit."""
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            await tell("Reddit", self._report.clock_ahead(ahead))
        await self._turns.run_due("inbox", self._every, self._read_inbox)
        await self._turns.run_due("bans", BANS_EVERY, self._look_at_bans)
        await self._turns.run_due("comments", CLEANUP_EVERY, self._cleanup.run)
        await self._turns.run_due("imports", IMPORTS_EVERY, self._imports.go_on)
        await self._turns.run_due("deletions", DELETIONS_EVERY, self._deletions.follow)
        await self._turns.run_due("guesses", GUESSES_EVERY, self._guesses.read_again)
        await self._moderators.do_what_is_due(self._turns, self._every)

    def _watched(self, names: Sequence[str]) -> tuple[str, ...]:
        """Names of subreddits, each once, without those that are never watched."""
        first: dict[str, str] = {}
        for name in names:
            if name.lower() not in self._rules.denied:
                first.setdefault(name.lower(), name)
        return tuple(first.values())

    async def _find_chosen(self) -> None:
        """Take up subreddits that were chosen on the board or by their moderators."""
        async with self._core.database.read() as session:
            chosen = await chosen_subreddits(session)
        self._subreddits = self._watched([*self._core.settings.reddit_subreddits, *chosen])

    async def _note_closed(self, what: str, error: Exception) -> None:
        text = f"{what} cannot be read: {error} It is tried again every hour."
        log.warning("%s", text)
        await note(self._core.database, NoticeKind.REDDIT, text, now=self._clock())

    async def _read_inbox(self) -> None:
        await self._inbox.read()
        await self._inbox_answers.answer_due()

    async def _watch(self, name: str) -> None:
        if name not in self._asked_about:
            await self._check_ban(name)
            self._asked_about.add(name)
        await self.watcher.poll(name)
        community = await self._communities.find(name)
        if community is not None and community.watched:
            await self._guesses.read(community)

    async def _look_at_bans(self) -> None:
        """Find out whether bans have ended."""
        for name in await self._communities.banned():
            try:
                await self._check_ban(name)
            except (NotAllowed, NotThere) as error:
                log.info("Whether the ban from r/%s has ended is not known: %s", name, error)

    async def _check_ban(self, name: str) -> None:
        """Find out whether the account is banned from a subreddit."""
        about = await self.client.about(name)
        spelt = about.get("display_name")
        community = await self._communities.find_or_add(
            spelt if isinstance(spelt, str) and spelt.lower() == name.lower() else name
        )
        if about.get("user_is_banned") is True:
            await self._replies.note_ban(community)
        else:
            await self._communities.note_ban(community.id, None)

    async def reply(self, post: PostRef, card: Card, *, sent_before: bool) -> str:
        """Comment the prediction; see `Replies.reply`."""
        self._service.check_duty_in(post.community_source_id)
        return await self._replies.reply(post, card, sent_before=sent_before)

    async def find_reply(self, post: PostRef) -> str | None:
        """Our comment on a post, if there is one; see `Replies.find_reply`."""
        self._service.check_duty_in(post.community_source_id)
        return await self._replies.find_reply(post)

    async def settle(self, post: PostRef, reply_id: str, outcome: Ending) -> None:
        """Put the outcome into the comment; see `Replies.settle`."""
        self._service.check_duty_in(post.community_source_id)
        await self._replies.settle(post, reply_id, outcome)

    async def withdraw(self, post: PostRef, reply_id: str | None) -> None:
        """Delete the comment; see `Replies.withdraw`."""
        self._service.check_duty_in(post.community_source_id)
        await self._replies.withdraw(post, reply_id)

    async def announce(
        self, text: str, community_source_id: str | None, *, told_since: datetime | None
    ) -> None:
        """Tell moderators what concerns their subreddit; see `ModeratorNotices.tell`.

        What concerns all of Peoria is not for them.
        """
        self._service.check_duty()
        if community_source_id is not None:
            with self._service.guarding():
                await self._moderators.notices.tell(
                    community_source_id, text, told_since=told_since
                )

    async def read_scores(self, posts: Sequence[PostRef]) -> Mapping[int, Reading]:
        """Read scores, or say when; see `ScoreReader.read`."""
        return await self.scores.read(posts)
